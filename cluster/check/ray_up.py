"""What every file for `ray up` needs: a key, a token, the files that it sends, the versions that it is for."""

import contextlib
import copy
import importlib.util
import io
import json
import logging
import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cluster.check import project

TOKEN = "~/.ray/auth_token"
LONGEST = 200
"""Characters of what Ray says: it repeats whole sections of the file."""


def mistakes(file: str, config: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong, one line each."""
    sections = {name: config.get(name) or {} for name in ("metadata", "auth", "file_mounts")}
    yield from _unusable_key(file, sections["auth"])
    yield from unusable_token()
    for local in sections["file_mounts"].values():
        if local != TOKEN and not Path(local).expanduser().exists():
            yield f"{file} sends {local}, which is not there: run this in the repository's folder"
    yield from other_versions(file, sections["metadata"])


def misshapen(file: str, config: dict[str, Any]) -> Iterator[str]:
    """Yield what has not the form that Ray asks of it: all else takes the fields for what they are.

    An empty section is none, and without Ray nothing is yielded: `refusals` says what is missing.
    """
    try:
        import jsonschema  # type: ignore[import-untyped]  # ray brings it
    except ImportError:
        return
    if (ray := importlib.util.find_spec("ray")) is None or ray.origin is None:
        return
    schema = json.loads((Path(ray.origin).parent / "autoscaler" / "ray-schema.json").read_text(encoding="utf-8"))
    try:
        jsonschema.validate({name: value for name, value in config.items() if value is not None}, schema)
    except jsonschema.ValidationError as error:
        yield _refused(file, error)
        return
    for remote, local in (config.get("file_mounts") or {}).items():
        if not isinstance(local, str):
            yield f"{file}: file_mounts.{remote} must be a path, got {local!r}"


def missing(file: str, config: dict[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    """Yield what a file for a cloud must say and does not; the rest of its check compares with it."""
    for name in names:
        if not config["provider"].get(name):
            yield f"{file} must say its {name} below provider, got none"
    if not config.get("available_node_types"):
        yield f"{file} must name its machines below available_node_types, got none: Ray's own let ssh in from anywhere"


def refusals(file: str, config: dict[str, Any]) -> Iterator[str]:
    """Yield what Ray itself would refuse, of which it tells in a page; at most one line."""
    try:
        import jsonschema
        from ray.autoscaler._private.util import prepare_config, validate_config
    except ImportError:
        yield f"{file} cannot be read without ray[default]: uv sync --extra cluster (or aws) brings it"
        return
    try:
        with _silence():
            validate_config(prepare_config(copy.deepcopy(config)))
    except jsonschema.ValidationError as error:
        yield _refused(file, error)
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        yield f"{file}: ray refuses it: {_one_line(f'{type(error).__name__}: {error}')}"


def _refused(file: str, error: Any) -> str:
    where = ".".join(str(step) for step in error.absolute_path) or "its top level"
    return f"{file}: ray refuses {where}: {_one_line(error.message)}"


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep to itself what Ray says of a file that is right."""
    logger = logging.getLogger("ray")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def _unusable_key(file: str, auth: dict[str, Any]) -> Iterator[str]:
    if auth.get("ssh_private_key") is None:  # on AWS, Ray makes one
        return
    key = Path(auth["ssh_private_key"]).expanduser()
    if not key.is_file():
        yield f"{file}: ssh_private_key must be a file, got {key}, which is not there: ssh-keygen -t ed25519 makes one"
    elif key.stat().st_mode & 0o077:
        yield f"{file}: ssh takes a key that only its owner reads, got {key} open to others: chmod 600 {key}"


def unusable_token() -> Iterator[str]:
    """Yield what is wrong with the token that keeps others out, at the machine that commands the cluster."""
    token = Path(TOKEN).expanduser()
    if not token.is_file() or not token.stat().st_size:
        yield f"there must be a token in {TOKEN}: cluster/README.md, 'The token', makes one"
    elif token.stat().st_mode & 0o777 != 0o600:
        yield f"{TOKEN} must have mode 600, got {token.stat().st_mode & 0o777:o}: chmod 600 {TOKEN}"
    if (mode := os.environ.get("RAY_AUTH_MODE", "")) != "token":
        yield f"RAY_AUTH_MODE must be token, got {mode!r}: export RAY_AUTH_MODE=token"


def other_versions(file: str, metadata: dict[str, Any]) -> Iterator[str]:
    """Yield each version that the file is for and this environment, or the project, is not."""
    python, ray = ".".join(platform.python_version_tuple()[:2]), _version_of("ray")
    if (wanted := str(metadata.get("python", python))) != python:
        yield f"{file} is for Python {wanted}, this is {python}: export UV_PYTHON={wanted}"
    if (wanted := str(metadata.get("ray", ray))) != ray:
        yield f"{file} is for ray {wanted}, here is {ray or 'none'}: uv sync --extra cluster brings the project's own"
    for name, own in project.versions().items():  # which is what its machines will have
        if name not in ("python", "ray") and (wanted := str(metadata.get(name, own))) != own:
            yield f"{file} is for {name} {wanted}, pyproject.toml says {own}: write that below metadata"


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
