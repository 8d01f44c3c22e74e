"""study.json: what a study is and how it was made, so that it can be resumed, compared and repeated."""

import dataclasses
import math
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from core.errors import StoredFileError
from core.store import files

FORMAT = 1
CONTAINER_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Microseconds of processor time and of the period they are for (Linux, cgroup v2)."""
PACKAGES = ("ray", "tensorflow", "keras", "optuna", "numpy", "pandas", "scikit-learn")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A study's settings and circumstances."""

    name: str
    command: str
    """search or core."""
    settings: dict[str, Any]
    """The resolved settings of the command's last start."""
    arguments: tuple[str, ...]
    """The command line's words of the last start."""
    data: dict[str, Any]
    """name, fingerprint, num_train, num_test, image_shape, num_classes."""
    split: dict[str, Any]
    """method, seed, fingerprint, num_train, num_holdout."""
    seed: int
    inherited: tuple[dict[str, Any], ...] = ()
    """Configurations of another study that this one tries: `search.inherit` has their form."""
    generation: int = 1
    """How often the command was started on this study."""
    created: float = field(default_factory=time.time)
    """Seconds since 1970."""
    versions: dict[str, str] = field(default_factory=lambda: installed_versions())
    machine: dict[str, Any] = field(default_factory=lambda: this_machine())
    revision: str = field(default_factory=lambda: git_revision())

    @property
    def holdout_options(self) -> str:
        """The options that hold out the same rows."""
        method = f"--holdout {self.split['method']}"
        is_drawn = self.split["method"] != "tail"
        return f"{method} --holdout-seed {self.split.get('seed', self.seed)}" if is_drawn else method


def write_manifest(url: str, manifest: Manifest) -> None:
    """Write study.json."""
    files.write_json(url, {"format": FORMAT, **dataclasses.asdict(manifest)})


def read_manifest(url: str) -> Manifest:
    """Read study.json.

    Raises:
        FileNotFoundError: there is none.
        StoredFileError: it is torn, of another format, or no manifest.
    """
    raw = files.read_json_of_format(url, FORMAT, "a study manifest")
    try:
        raw["arguments"] = tuple(raw["arguments"])
        raw["inherited"] = tuple(raw.get("inherited", ()))
        manifest = Manifest(**raw)
        _check(manifest)
        return manifest
    except (TypeError, KeyError) as error:
        raise StoredFileError(f"{url} is no study manifest: {error}") from error


def installed_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide a result, as installed here."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def this_machine() -> dict[str, Any]:
    """Return what a number needs beside it: processor, cores this process may use, system."""
    return {"processor": _processor(), "cores": usable_cores(), "system": f"{platform.system()} {platform.machine()}"}


def usable_cores() -> int:
    """Return how many cores this process may use: its affinity, and a container's quota rounded up."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = CONTAINER_QUOTA.read_text().split()
        return min(cores, max(1, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no container, or one without a quota ("max")
        return cores


def git_revision() -> str:
    """Return the checkout's commit, with `+` where files differ from it; empty outside a checkout."""
    git = ["git", "-C", str(Path(__file__).resolve().parent)]
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True)
        diff = subprocess.run([*git, "diff", "--quiet", "HEAD"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return head.stdout.strip() + ("+" if diff.returncode else "")


def _check(manifest: Manifest) -> None:
    """Raise TypeError where what others rely on is missing."""
    if not all(isinstance(part, dict) for part in (manifest.settings, manifest.data, manifest.split)):
        raise TypeError("settings, data and split must be objects")
    missing = {"name", "fingerprint", "num_train"} - set(manifest.data)
    missing |= {"method", "fingerprint"} - set(manifest.split)
    if missing:
        raise TypeError(f"data and split must have {', '.join(sorted(missing))}")
    if not isinstance(manifest.generation, int) or manifest.generation < 1:
        raise TypeError(f"generation must be a number from 1, got {manifest.generation!r}")


def _processor() -> str:
    """Return the processor's name as the system gives it."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"
