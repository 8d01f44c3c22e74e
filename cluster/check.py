"""Says in one line what `ray up` would stumble over, which tells it in dozens, or in none until it gives up.

    python -m cluster.check cluster/onprem.yaml

Prints nothing and exits with 0 where the cluster's file, the key, the token and the versions are right.
"""

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # ray brings it

TOKEN = "~/.ray/auth_token"
FILLED_IN = {"provider": ("head_ip", "worker_ips"), "auth": ("ssh_user", "ssh_private_key")}
"""What a file for one's own machines must say, and where."""


def main(arguments: list[str]) -> int:
    """Check the cluster's file that is named; returns 2 for a mistake, told in one line on stderr, else 0."""
    mistake = next(mistakes(arguments[0] if len(arguments) == 1 else ""), None)
    if mistake is None:
        return 0
    print(f"cluster.check: {mistake}", file=sys.stderr)
    return 2


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
        config = yaml.safe_load(text)
        sections = {name: config.get(name) or {} for name in ("metadata", "provider", "auth", "file_mounts")}
    except (yaml.YAMLError, AttributeError) as error:
        yield f"{file} must be a cluster's description in YAML: {' '.join(str(error).split())}"
        return
    yield from _placeholders(file, text)
    if sections["provider"].get("type") == "local":
        yield from _gaps(file, sections)
    elif not any(kind.get("min_workers") for kind in config.get("available_node_types", {}).values()):
        yield f"{file} must ask for workers, got none: set min_workers of one type to their number"
    yield from _unusable_key(file, sections["auth"])
    yield from _unusable_token()
    for local in sections["file_mounts"].values():
        if local != TOKEN and not Path(local).expanduser().exists():
            yield f"{file} sends {local}, which is not there: run this in the repository's folder"
    yield from _other_versions(file, sections["metadata"])


def _placeholders(file: str, text: str) -> Iterator[str]:
    """Yield each value that still is `...-FILL-IN`; the word in a comment explains a line, filled in or not."""
    for number, line in enumerate(text.splitlines(), start=1):
        value = line.partition("#")[0]
        if "FILL-IN" in value:
            yield f"{file}, line {number} must be filled in, got {value.strip()}: cluster/README.md has the commands"


def _gaps(file: str, sections: dict[str, dict[str, Any]]) -> Iterator[str]:
    for section, names in FILLED_IN.items():
        for name in names:
            if sections[section].get(name) is None:
                yield f"{file} must say {name} below {section}: take away the # of its FILL-IN line and write yours"
    workers = sections["provider"].get("worker_ips")
    if workers is not None and not isinstance(workers, list):
        yield f"{file}: worker_ips must be a list such as [192.168.1.11], got {workers}"


def _unusable_key(file: str, auth: dict[str, Any]) -> Iterator[str]:
    if auth.get("ssh_private_key") is None:  # on AWS, Ray makes one
        return
    key = Path(auth["ssh_private_key"]).expanduser()
    if not key.is_file():
        yield f"{file}: ssh_private_key must be a file, got {key}, which is not there: ssh-keygen -t ed25519 makes one"
    elif key.stat().st_mode & 0o077:
        yield f"{file}: ssh takes a key that only its owner reads, got {key} open to others: chmod 600 {key}"


def _unusable_token() -> Iterator[str]:
    token = Path(TOKEN).expanduser()
    if not token.is_file() or not token.stat().st_size:
        yield f"there must be a token in {TOKEN}: cluster/README.md, 'The token', makes one"
    elif token.stat().st_mode & 0o777 != 0o600:
        yield f"{TOKEN} must have mode 600, got {token.stat().st_mode & 0o777:o}: chmod 600 {TOKEN}"
    if (mode := os.environ.get("RAY_AUTH_MODE", "")) != "token":
        yield f"RAY_AUTH_MODE must be token, got {mode!r}: export RAY_AUTH_MODE=token"


def _other_versions(file: str, metadata: dict[str, Any]) -> Iterator[str]:
    python, ray = ".".join(platform.python_version_tuple()[:2]), _version_of("ray")
    if (wanted := str(metadata.get("python", python))) != python:
        yield f"{file} is for Python {wanted}, this is {python}: export UV_PYTHON={wanted}"
    if (wanted := str(metadata.get("ray", ray))) != ray:
        yield f"{file} is for ray {wanted}, here is {ray or 'none'}: uv sync --extra cluster brings the project's own"


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
