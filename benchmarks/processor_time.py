"""Where a machine's processor time goes while a cluster's many processes share it, by Linux's account."""

import os
import re
import threading
import time
from pathlib import Path

from benchmarks.kills import PROC

KINDS = (
    ("gcs", "gcs_server"),
    ("agents", r"agent|monitor\.py|log_monitor"),
    ("raylets", "raylet/raylet"),
    ("workers", r"ray::|default_worker"),
)
"""Ray's processes by words of their command lines; the first that fits."""
TICKS = os.sysconf("SC_CLK_TCK")


def machine_seconds() -> float:
    """Return the processor seconds that all of the machine has worked since it started."""
    words = (PROC / "stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _, _, irq, softirq = map(int, words[:7])
    return (user + nice + system + irq + softirq) / TICKS


def own_main_thread_seconds() -> float:
    """Return the processor seconds of this process's main thread, which runs Tune's loop, from any of its threads."""
    ident = threading.main_thread().ident
    assert ident is not None, "the main thread runs"
    return time.clock_gettime(time.pthread_getcpuclockid(ident))


class ClusterTime:
    """The processor time of a cluster's processes, those that have ended as they were when last seen."""

    def __init__(self, mark: str) -> None:
        """Watch the processes with this line of their environment, `NAME=value`, that no other cluster's have."""
        self._mark = mark
        self._seen: dict[str, tuple[str, float]] = {}

    def look(self) -> dict[str, float]:
        """Return the processor seconds so far, by kind."""
        for folder in PROC.iterdir():
            if folder.name.isdecimal() and int(folder.name) != os.getpid() and _has_mark(folder, self._mark):
                kind = _kind_of(folder)
                if kind is not None:
                    earlier = self._seen.get(folder.name, ("", 0.0))[1]
                    self._seen[folder.name] = kind, max(earlier, _seconds_of(folder))
        return {kind: sum(seconds for of, seconds in self._seen.values() if of == kind) for kind, _ in KINDS}


def _has_mark(folder: Path, mark: str) -> bool:
    try:
        return mark.encode() in (folder / "environ").read_bytes().split(b"\0")
    except OSError:  # another user's, or gone
        return False


def _kind_of(folder: Path) -> str | None:
    try:
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return None
    # the raylet is told the whole commands of its agents and workers
    program = " ".join(command.split()[:3])
    return next((kind for kind, words in KINDS if re.search(words, program)), None)


def _seconds_of(folder: Path) -> float:
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS
