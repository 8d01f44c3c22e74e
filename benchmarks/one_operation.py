"""One operation on a large study, in a process of its own: `python -m benchmarks.one_operation NAME FOLDER`.

FOLDER holds what `benchmarks.large_study` wrote, and is left as it was. It prints one JSON line: processor seconds of
the operation without what went before it, wall seconds, and the process's peak memory.
"""

import functools
import io
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from statistics import median

import sklearn.model_selection  # noqa: F401  its import is no part of what is measured
from rich.console import Console

from benchmarks.fresh import peak_megabytes
from benchmarks.large_study import EPOCHS, NUM_RUNNING, settings_of
from benchmarks.made_up import made_up_report
from core.store.study import StudyFolder
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings, Method
from search.inherit import inherited_starts
from search.journal import keep_journal
from search.leaderboard import write_leaderboard
from search.ledger import Worker
from search.models import ModelShelf
from search.prepare import SearchStart, prepare
from search.progress import SearchProgress
from search.steering import Steering

NUM_EVENTS = 25
"""Trials begun and ended, of which the median counts."""
HERE = Worker(node="here", precision="float32")
Operation = Callable[[], object]


def main(name: str, folder: str) -> None:
    """Do one operation, and print what it took."""
    with tempfile.TemporaryDirectory(prefix="softvote-") as elsewhere:
        if name == "events":
            found = events(folder, elsewhere)
        else:
            work = OPERATIONS[name](folder, elsewhere)
            began, processor = time.perf_counter(), time.process_time()
            work()
            found = {"seconds": time.process_time() - processor, "wall": time.perf_counter() - began}
    print(json.dumps(found | {"peak_megabytes": peak_megabytes()}))


def resume(folder: str, elsewhere: str) -> Operation:
    """From the settings to the first trial that goes on, and the first new one."""

    def work() -> None:
        start = started(folder, elsewhere)
        for _ in range(NUM_RUNNING + 1):
            start.steering.next_trial()

    return work


def journal(folder: str, elsewhere: str) -> Operation:
    """Write study.journal anew."""
    start = started(folder, elsewhere)

    def work() -> None:
        with keep_journal(start.ledger.folder, "study", start.ledger):
            pass

    return work


def journal_again(folder: str, elsewhere: str) -> Operation:
    """Find that study.journal has it all."""
    work = journal(folder, elsewhere)
    work()
    return work


def leaderboard(folder: str, elsewhere: str) -> Operation:
    """Write leaderboard.csv."""
    start = started(folder, elsewhere)
    return lambda: write_leaderboard(start.ledger.folder, start.ledger.ranked, start.ledger.unranked)


def inherit(folder: str, elsewhere: str) -> Operation:
    """Take the best configurations for another study."""
    settings = settings_of(folder)
    start = started(folder, elsewhere)
    return lambda: inherited_starts(StudyFolder(f"{folder}/study"), start.domain, str(settings.study))


def vote(folder: str, elsewhere: str, *, method: Method = "auto", top_k: int | None = None) -> Operation:
    """Vote, honest estimate included."""
    settings = EnsembleSettings(study=f"{folder}/study", out=elsewhere, method=method, top_k=top_k)
    return lambda: vote_study(settings)


OPERATIONS: dict[str, Callable[[str, str], Operation]] = {
    "resume": resume,
    "journal": journal,
    "journal_again": journal_again,
    "leaderboard": leaderboard,
    "inherit": inherit,
    "vote": vote,
    "vote_top_k": functools.partial(vote, top_k=10),
    "vote_greedy": functools.partial(vote, method="greedy"),
}


def started(folder: str, elsewhere: str) -> SearchStart:
    """Resume the study, which from then on is written elsewhere."""
    start = prepare(settings_of(folder), Console(file=io.StringIO()), time.time())
    start.ledger.folder = StudyFolder(elsewhere)
    start.steering.deadline = time.time() + 1e6
    return start


def events(folder: str, elsewhere: str) -> dict[str, float]:
    """Return the median processor seconds of what happens while trials run, all that `search.run` does with it."""
    start = started(folder, elsewhere)
    ledger, shelf = start.ledger, ModelShelf(StudyFolder(elsewhere), start.settings.keep_models)
    asked: dict[str, list[float]] = defaultdict(list)
    with keep_journal(ledger.folder, "study", ledger), SearchProgress(start.steering, start.console) as progress:

        def on_change() -> None:
            progress.update()
            shelf.keep_best(ledger)

        start.steering.on_change = on_change
        for event in range(NUM_RUNNING + NUM_EVENTS):  # those that go on, then new ones
            for what, seconds in one_trial(start.steering, event):
                asked[what].append(seconds)
    return {name: median(found) for name, found in asked.items()}


def one_trial(steering: Steering, event: int) -> Iterator[tuple[str, float]]:
    """Steer one trial to its end, better than all before it; each fifth fails. Yield what was done and its seconds."""
    yield "suggestion", seconds_of(steering.next_trial)
    (number,) = steering.running
    if event % 5 == 4:
        yield "failure", seconds_of(functools.partial(steering.fail, number, "ValueError: made up"))
        return
    for epoch in range(len(steering.ledger[number].epochs) + 1, EPOCHS + 1):
        yield "look", seconds_of(lambda: steering.is_time_up)  # Tune's loop asks it again and again
        report = made_up_report(epoch, 1e-3 / epoch / (1 + event))
        what = {1: "rung", EPOCHS: "end"}.get(epoch, "epoch")
        yield what, seconds_of(functools.partial(steering.report, number, report, worker=HERE, has_predictions=True))


def seconds_of(work: Callable[[], object]) -> float:
    """Return the processor seconds of a call."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main(*sys.argv[1:])
