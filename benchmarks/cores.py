"""One core for each of TensorFlow's threads, so that a round measures the work and not where the system put it.

Linux now and then leaves both threads of a two-core machine on one core for seconds at a time: each operation wakes
the other thread where the waker runs. The processor time stays what it was and the wall doubles.
"""

import os
from collections.abc import Callable
from pathlib import Path

TASKS = Path("/proc/self/task")
USER_TICKS = 11
"""Index of the time in user mode, in ticks, in /proc/self/task/*/stat behind the name."""


def pin_workers(work: Callable[[], object]) -> str:
    """Run `work`, then give each of the threads that it kept busiest a core of its own.

    TensorFlow's pool is one a process: whatever runs in it afterwards is pinned alike.

    Args:
        work: What TensorFlow is to be seen at; longer than a second, so that its threads stand out.

    Returns:
        A line that says what was done.
    """
    if not (hasattr(os, "sched_setaffinity") and TASKS.is_dir()):
        work()
        return "the threads are where the system puts them"
    work()  # the first time starts the threads
    before = _user_ticks()
    work()
    spent = {thread: ticks - before.get(thread, 0) for thread, ticks in _user_ticks().items()}
    cores = sorted(os.sched_getaffinity(0))
    busiest = sorted(spent, key=lambda thread: -spent[thread])
    for thread, core in zip(busiest, cores, strict=False):
        os.sched_setaffinity(thread, {core})
    return "each of TensorFlow's threads keeps a core of its own, in ours and baseline alike"


def _user_ticks() -> dict[int, int]:
    """Return each thread's time in user mode so far."""
    return {
        int(task.name): int((task / "stat").read_text().rpartition(")")[2].split()[USER_TICKS])
        for task in TASKS.iterdir()
    }
