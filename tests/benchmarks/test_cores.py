import os
import threading

import pytest

from benchmarks import cores
from benchmarks.cores import pin_workers

needs_affinity = pytest.mark.skipif(
    not (hasattr(os, "sched_setaffinity") and cores.TASKS.is_dir()), reason="this system pins no threads"
)


@needs_affinity
def test_the_busiest_thread_gets_one_core() -> None:
    numbers: list[int] = []
    asked, done, ended = threading.Event(), threading.Event(), threading.Event()

    def work_when_asked() -> None:
        numbers.append(threading.get_native_id())
        while asked.wait() and not ended.is_set():
            asked.clear()
            sum(range(3_000_000))  # several of the clock's ticks of a hundredth of a second
            done.set()

    def work() -> None:
        done.clear()
        asked.set()
        done.wait()

    worker = threading.Thread(target=work_when_asked)
    worker.start()
    before = os.sched_getaffinity(0)
    try:
        assert pin_workers(work).startswith("each of TensorFlow's threads keeps a core of its own")
        assert os.sched_getaffinity(numbers[0]) == {min(before)}
    finally:
        ended.set()
        asked.set()
        worker.join()
        os.sched_setaffinity(0, before)  # where there are more cores than busy threads, this one was pinned too


def test_without_the_systems_help_nothing_is_pinned(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(cores, "TASKS", cores.Path("/nowhere"))
    done: list[str] = []
    assert pin_workers(lambda: done.append("work")) == "the threads are where the system puts them"
    assert done == ["work"]
