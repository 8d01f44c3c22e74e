"""What a node answers before it gets a trial: its code, its packages, and whether it shares the study's folder."""

import hashlib
import importlib.util
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from core.store import files

PACKAGES = ("tensorflow", "keras", "numpy")
"""Those that decide what a trial computes; Ray compares itself and Python when a node joins."""
OWN_CODE = ("core", "search")
"""What a worker imports of this project."""


def check_node(probe_url: str, answer_url: str, own_modules: tuple[str, ...]) -> dict[str, Any]:
    """Read the driver's file of the study's folder and write one beside it; runs on the node, without tensorflow.

    Args:
        probe_url: the driver's file; what it holds is written to `answer_url`.
        answer_url: the node's file.
        own_modules: the user's own modules that a worker imports.

    Returns:
        `describe_code` of the node, `reaches` (True where it has read and written) and else `error`, what failed.
    """
    answer: dict[str, Any] = {"reaches": False, "error": None, **describe_code(own_modules)}
    try:
        files.write_bytes(answer_url, files.read_bytes(probe_url))
        answer["reaches"] = True
    except FileNotFoundError:
        pass
    except Exception as error:  # a file system's package may raise anything, and the driver tells it
        answer["error"] = str(error) or type(error).__name__
    return answer


def describe_code(own_modules: Iterable[str]) -> dict[str, Any]:
    """Return digests of the code that trials run, and the versions of packages that they compute with.

    A file that lies on one machine only is no difference here: `ray up` copies and deletes nothing.
    """
    return {
        "files": {
            f"{path.parent.name}/{path.name}": _digest([path]) for package in OWN_CODE for path in _sources(package)
        },
        "modules": {name: _digest(_sources(name)) for name in own_modules},
        "versions": {name: _version(name) for name in PACKAGES},
    }


def _sources(module: str) -> list[Path]:
    """Return the Python files of a module or of a package with all below it; none where it cannot be found."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    folders = spec.submodule_search_locations
    if folders:
        return sorted(path for folder in folders for path in Path(folder).rglob("*.py"))
    return [Path(spec.origin)] if spec.origin else []


def _digest(paths: Iterable[Path]) -> str:
    """Return a digest of files' names and contents; empty where there are none."""
    digest, num_files = hashlib.sha256(), 0
    for path in paths:
        digest.update(f"{path.parent.name}/{path.name}\0".encode() + path.read_bytes() + b"\0")
        num_files += 1
    return digest.hexdigest() if num_files else ""


def _version(package: str) -> str | None:
    """Return a package's version as installed here, None where it is not."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
