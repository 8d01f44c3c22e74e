"""One operation on a large study, in a process of its own: `python -m benchmarks.one_operation NAME FOLDER`.

FOLDER holds what `benchmarks.large_study` wrote, and is left as it was. It prints one JSON line: processor seconds of
the operation without what went before it, wall seconds, and the process's peak memory.
"""

import io
import json
import sys
import tempfile
import time
from collections.abc import Callable
from statistics import median

from rich.console import Console

from benchmarks.fresh import peak_megabytes
from benchmarks.large_study import EPOCHS, settings_of
from benchmarks.made_up import made_up_report
from core.store.study import StudyFolder
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings
from search.inherit import inherited_starts
from search.journal import keep_journal
from search.leaderboard import write_leaderboard
from search.ledger import Worker
from search.models import ModelShelf
from search.prepare import SearchStart, prepare
from search.progress import SearchProgress

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
        for _ in range(4):
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


def vote(**changes: object) -> Callable[[str, str], Operation]:
    """Vote, honest estimate included."""

    def prepared(folder: str, elsewhere: str) -> Operation:
        settings = EnsembleSettings(study=f"{folder}/study", out=elsewhere, **changes)
        return lambda: vote_study(settings)

    return prepared


OPERATIONS: dict[str, Callable[[str, str], Operation]] = {
    "resume": resume,
    "journal": journal,
    "journal_again": journal_again,
    "leaderboard": leaderboard,
    "inherit": inherit,
    "vote": vote(),
    "vote_top_k": vote(top_k=10),
    "vote_greedy": vote(method="greedy"),
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
    steering, ledger = start.steering, start.ledger
    shelf = ModelShelf(ledger.folder, 5)
    asked: dict[str, list[float]] = {
        "suggestion": [],
        "first_rung": [],
        "epoch": [],
        "end": [],
        "failure": [],
        "look": [],
    }
    with keep_journal(ledger.folder, "study", ledger), SearchProgress(steering, start.console) as progress:

        def on_change() -> None:
            progress.update()
            shelf.keep_best(ledger)

        steering.on_change = on_change
        for event in range(4 + NUM_EVENTS):  # those that go on, then new ones
            asked["suggestion"].append(seconds_of(steering.next_trial))
            (number,) = steering.running
            asked["look"].append(seconds_of(lambda: steering.is_time_up))
            if event % 5 == 4:
                asked["failure"].append(seconds_of(lambda: steering.fail(number, "ValueError: made up")))
                continue
            for epoch in range(len(ledger[number].epochs) + 1, EPOCHS + 1):
                report = made_up_report(epoch, 1e-3 / epoch / (1 + event))  # better than all before: never pruned
                what = {1: "first_rung", EPOCHS: "end"}.get(epoch, "epoch")
                asked[what].append(
                    seconds_of(lambda: steering.report(number, report, worker=HERE, has_predictions=True))
                )
    return {name: median(found) for name, found in asked.items()}


def seconds_of(work: Callable[[], object]) -> float:
    """Return the processor seconds of a call."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main(*sys.argv[1:])
