"""A cluster's file, whichever kind it is: what holds for all, then what holds for its kind."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # ray brings it

from cluster.check import aws, gcp, kubernetes, own_machines

Check = Callable[[str, dict[str, Any]], Iterator[str]]
KINDS: dict[str, Check] = {
    "local": own_machines.mistakes,
    "aws": aws.mistakes,
    "external": gcp.mistakes,
    "kubernetes": kubernetes.mistakes,
}
"""By the file's `provider: type:`, which a file for Kubernetes has not: its documents have an `apiVersion`."""


def mistakes(file: str) -> Iterator[str]:
    """Yield what is wrong, one line each; the first may be what the others come from.

    Args:
        file: path of the cluster's file; its `file_mounts` are looked up from the current folder, as Ray does.
    """
    if not Path(file).is_file():
        yield f"name the cluster's file, got {file!r}: export CLUSTER=cluster/onprem.yaml (or cluster/config.yaml)"
        return
    try:
        text = Path(file).read_text(encoding="utf-8")
        documents = list(yaml.safe_load_all(text))
    except (OSError, yaml.YAMLError, ValueError, TypeError) as error:  # ValueError: no text, no date; TypeError: no key
        yield f"{file} must be a cluster's description in YAML: {' '.join(str(error).split())}"
        return
    yield from _placeholders(file, text)
    try:
        yield from _in_documents(file, documents)
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())
        yield f"{file} holds a value that is not what it must be: {told}"


def _placeholders(file: str, text: str) -> Iterator[str]:
    """Yield each value that still is `...-FILL-IN`; the word in a comment explains a line, filled in or not."""
    for number, line in enumerate(text.splitlines(), start=1):
        value = line.partition("#")[0]
        if "FILL-IN" in value:
            yield f"{file}, line {number} must be filled in, got {value.strip()}: cluster/README.md has the commands"


def _in_documents(file: str, documents: list[Any]) -> Iterator[str]:
    filled = [document for document in documents if document is not None]
    config = filled[0] if filled else {}
    if not isinstance(config, dict):
        yield f"{file} must be a cluster's description in YAML, which is a mapping, got {str(config)[:100]!r}"
        return
    provider = config.get("provider") or {}
    if not isinstance(provider, dict):
        yield f"{file} must have a mapping below provider, got {provider!r}"
        return
    kind = "kubernetes" if {"apiVersion", "kind"} & set(config) else str(provider.get("type", ""))
    if kind not in KINDS:
        yield f"{file} must say `provider: type:` as one of {', '.join(KINDS)}, got {kind!r}"
        return
    if kind != "kubernetes" and len(documents) > 1:
        yield f"{file} must be one document, got {len(documents)}: take out the lines `---`"
    yield from KINDS[kind](file, config)
