"""Trials that report nothing any more: how long that is borne, and how a worker ends itself after it."""

import contextlib
import faulthandler
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import IO

TIMES_USUAL = 10
"""A trial is ended that reports nothing for so many times its usual epoch."""
LEAST_SECONDS = 60.0
"""Silence that is borne whatever an epoch takes: short epochs may wait for a disk."""
START_SECONDS = 120.0
"""What a first epoch may take on top: a process that starts, tensorflow's import, a network traced."""
UNKNOWN_SECONDS = 3600.0
"""Silence that is borne where no epoch of the study has ended yet."""


def silence_limit(
    own_seconds: Sequence[float], longest_seconds: float | None, *, least: float = LEAST_SECONDS
) -> float:
    """Return the seconds after which a trial that reports nothing is given up.

    Args:
        own_seconds: its epochs so far; empty before the first.
        longest_seconds: the longest epoch of other trials, None where there is none.
        least: the limit for short epochs.
    """
    if own_seconds:
        return max(least, TIMES_USUAL * median(own_seconds))
    if longest_seconds is not None:
        return START_SECONDS + max(least, TIMES_USUAL * longest_seconds)
    return UNKNOWN_SECONDS


def silence_trace(scratch: str, trial_id: str) -> str:
    """Return the path of the file for the stacks of a trial that fell silent."""
    return f"{scratch}/silent-{trial_id}.txt"


@contextlib.contextmanager
def ended_when_silent(seconds: float, trace: str) -> Iterator[None]:
    """End this process, whatever holds it up, where the block takes longer than `seconds`.

    The stacks of its threads go into the file `trace` then. The watch runs outside Python: a native call that never
    comes back, with Python's lock in its hands, is ended too.
    """
    with _open(trace) as file:
        faulthandler.dump_traceback_later(seconds, exit=True, file=file)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def _open(trace: str) -> IO[str]:
    """Open the trace's file, or one that nobody reads where the driver's folder is on another machine."""
    folder_exists = Path(trace).parent.is_dir()
    return Path(trace).open("w") if folder_exists else tempfile.TemporaryFile("w")
