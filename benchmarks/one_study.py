"""One searcher in a process of its own: `python -m benchmarks.one_study WHICH FOLDER NUM_SUGGESTIONS`.

WHICH is `ours` or `stock`; both are given the trials of the study in FOLDER. A suggestion is asked for, its epochs are
reported, its end is told. One JSON line says what that took.
"""

import functools
import json
import logging
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from statistics import median

import optuna
from optuna.trial import BaseTrial
from ray.tune.search.optuna import OptunaSearch

from benchmarks.fresh import peak_megabytes, status_megabytes
from benchmarks.history import EPOCHS, made_up_domain, made_up_loss
from benchmarks.made_up import made_up_report
from core.store.records import TrialRecord
from core.store.study import StudyFolder
from search.ledger import Ledger, Worker
from search.steering import Steering
from search.study import REDUCTION_FACTOR, TrialStudy, frozen_trial, rung_epochs

NUM_STEERED = 5
"""Whole trials through the steering, records on disk included."""

Suggestion = Callable[[], None]
"""One suggestion, from asking to telling."""


def main(which: str, folder: str, num_suggestions: str) -> None:
    """Fill the searcher, take suggestions, and print what they took."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ledger = Ledger(StudyFolder(folder), generation=2)
    load_seconds = seconds_of(ledger.load)
    before = status_megabytes("VmRSS")
    started = time.perf_counter()
    suggest = ours(ledger.records) if which == "ours" else stock(ledger.records)
    fill_seconds = time.perf_counter() - started
    suggest()  # the first one takes in what all later ones find
    seconds = median(seconds_of(suggest) for _ in range(int(num_suggestions)))
    after = status_megabytes("VmRSS")
    found = {
        "seconds": seconds,
        "peak_megabytes": peak_megabytes(),
        "searcher_megabytes": None if before is None or after is None else after - before,
        "load": load_seconds,
        "fill": fill_seconds,
    }
    if which == "ours":
        with tempfile.TemporaryDirectory(prefix="softvote-") as elsewhere:
            ledger.folder = StudyFolder(elsewhere)  # the next process is to find the study as this one did
            found |= steered(ledger)
    print(json.dumps(found))


def ours(records: Sequence[TrialRecord]) -> Suggestion:
    """Return a suggestion of our study, rebuilt from the records; its pruner ends the trial."""
    study = TrialStudy(made_up_domain().suggest, seed=0, epochs=EPOCHS)
    study.rebuild(records)

    def suggest() -> None:
        number, _ = study.ask()
        params = study.sampler_memory(number)["params"]
        for epoch in range(1, EPOCHS):
            study.report(number, epoch, made_up_loss(params, number, epoch))
            if study.should_prune(number):
                study.prune(number)
                return
        study.complete(number, made_up_loss(params, number, EPOCHS))

    return suggest


def stock(records: Sequence[TrialRecord]) -> Suggestion:
    """Return a suggestion of Ray's OptunaSearch with Optuna's default sampler; as many end early as with ours."""
    logging.getLogger("ray").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")  # each suggestion warns that it was slow
    search = OptunaSearch(space=ask_all, metric="log_loss", mode="min", seed=0)
    for record in records:
        search._ot_study.add_trial(frozen_trial(record))
    number = len(records)

    def suggest() -> None:
        nonlocal number
        number, trial_id = number + 1, str(number)
        params = search.suggest(trial_id)
        for epoch in range(1, last_epoch(number) + 1):
            result = {"log_loss": made_up_loss(params or {}, number, epoch), "training_iteration": epoch}
            tell = search.on_trial_complete if epoch == last_epoch(number) else search.on_trial_result
            tell(trial_id, result)

    return suggest


def ask_all(trial: BaseTrial) -> None:
    """Ask for the knobs, as OptunaSearch wants it."""
    made_up_domain().suggest(trial)


def last_epoch(number: int) -> int:
    """Return where a trial ends that only its number decides: one in four passes each rung."""
    rungs = rung_epochs(EPOCHS)
    passed = 0
    while passed < len(rungs) and number % REDUCTION_FACTOR ** (passed + 1) == 0:
        passed += 1
    return EPOCHS if passed == len(rungs) else rungs[passed]


def steered(ledger: Ledger) -> dict[str, float]:
    """Return the median seconds of the steering's calls, records on disk included, and of its resumption."""
    study = TrialStudy(made_up_domain().suggest, seed=0, epochs=EPOCHS)
    steering = Steering(study=study, ledger=ledger, num_trials=None, seed=0, epochs=EPOCHS, starts=[])
    worker = Worker(node="here", precision="float32")
    resume_seconds = seconds_of(steering.resume)
    nexts, reports = [], []
    for _ in range(NUM_STEERED):
        nexts.append(seconds_of(steering.next_trial))
        (number,) = steering.running
        params = steering.ledger[number].params
        for epoch in range(1, EPOCHS + 1):
            report = made_up_report(epoch, made_up_loss(params, number, epoch))
            take = functools.partial(steering.report, number, report, worker=worker, has_predictions=False)
            reports.append(seconds_of(take))
    return {"resume": resume_seconds, "next_trial": median(nexts), "report": median(reports)}


def seconds_of(work: Callable[[], object]) -> float:
    """Return what a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main(*sys.argv[1:])
