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
"""By the file's `provider: type:`, which a file for Kubernetes has not: its first document has an `apiVersion`."""


def mistakes(file: str) -> Iterator[str]:
    """Yield what is wrong, one line each; the first may be what the others come from.

    Args:
        file: path of the cluster's file; its `file_mounts` are looked up from the current folder, as Ray does.
    """
    if not Path(file).is_file():
        yield f"name the cluster's file, got {file!r}: export CLUSTER=cluster/onprem.yaml (or cluster/config.yaml)"
        return
    text = Path(file).read_text()
    try:
        config: dict[str, Any] = next(iter(list(yaml.safe_load_all(text))), {})  # each of its documents must be YAML
        kind = _kind_of(config)
    except (yaml.YAMLError, AttributeError) as error:
        yield f"{file} must be a cluster's description in YAML: {' '.join(str(error).split())}"
        return
    yield from _placeholders(file, text)
    if kind in KINDS:
        yield from KINDS[kind](file, config)
    else:
        yield f"{file} must say `provider: type:` as one of {', '.join(KINDS)}, got {kind!r}"


def _kind_of(config: dict[str, Any]) -> str:
    """Return the provider's type, or `kubernetes`.

    Raises:
        AttributeError: the file holds no mapping, or none below `provider`.
    """
    return "kubernetes" if "apiVersion" in config else str((config.get("provider") or {}).get("type", ""))


def _placeholders(file: str, text: str) -> Iterator[str]:
    """Yield each value that still is `...-FILL-IN`; the word in a comment explains a line, filled in or not."""
    for number, line in enumerate(text.splitlines(), start=1):
        value = line.partition("#")[0]
        if "FILL-IN" in value:
            yield f"{file}, line {number} must be filled in, got {value.strip()}: cluster/README.md has the commands"
