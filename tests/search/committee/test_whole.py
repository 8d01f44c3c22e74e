"""Whether a committee is whole, asked of a study whose trials and trainings nobody trained."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.made_up import made_up_report
from core.store import files
from core.store.committee import CommitteeFolder
from core.store.manifest import write_manifest
from core.store.predictions import Predictions, write_predictions
from core.store.study import TrialFolder
from search.committee import run as committee
from search.committee.plan import trainings_of
from search.committee.steering import CommitteeSteering
from search.ledger import Ledger
from search.prepare import SearchStart, prepare
from search.settings import SearchSettings
from search.watch import Watch
from tests.search.conftest import HERE, write_small_predictions

EPOCHS = 2


def started(runs: Path, **changes: Any) -> SearchStart:
    """Begin a start of a search of two trials, without a cluster."""
    asked: dict[str, Any] = {"study": "s", "runs": str(runs), "trials": 2, "epochs": EPOCHS}
    asked |= {"committee": 2, "folds": 2, "committee_views": 1}
    start = prepare(SearchSettings(**(asked | changes)), Console(quiet=True), time.time())
    write_manifest(start.folder.manifest, start.manifest)
    return start


def run_trials(start: SearchStart, seconds: float = 1.0) -> None:
    """Let all trials report and predict."""
    while (assignment := start.steering.next_trial()) is not None:
        number = assignment.record.number
        predict(start, start.folder.trial(assignment.record.trial_id), number)
        run_to_end(start.steering, number, seconds, assignment.num_recorded_epochs)


def run_to_end(steering: Watch, number: int, seconds: float = 1.0, num_recorded: int = 0) -> None:
    for epoch in range(num_recorded + 1, EPOCHS + 1):
        report = made_up_report(epoch, 0.5 - 0.1 * (number % 10), seconds)
        if steering.report(number, report, worker=HERE, has_predictions=True):
            return


def predict(start: SearchStart, trial: TrialFolder, number: int) -> None:
    rows, num_test = start.split.holdout_rows, len(start.dataset.x_test)
    softmax = np.full((len(rows), 10), 0.1)
    predictions = Predictions(
        trial_id=f"t00000{number}",
        rows=rows,
        softmax=softmax,
        test_softmax=np.full((num_test, 10), 0.1),
        data=start.dataset.fingerprint,
        split=start.split.fingerprint,
    )
    write_predictions(trial.predictions, predictions)


def train(start: SearchStart) -> list[str]:
    """Plan the committee and let all its trainings end; return their ids."""
    folder = CommitteeFolder(start.folder.url)
    plan = committee._planned(start)
    trainings = trainings_of(plan, start.fold_splits)
    steering = CommitteeSteering(ledger=Ledger(folder, 1), num_trials=len(trainings), trainings=trainings)
    steering.resume()
    while (assignment := steering.next_trial()) is not None:
        write_small_predictions(folder.trial(assignment.record.trial_id).predictions)
        run_to_end(steering, assignment.record.number)
    return [training.trial_id for training in trainings]


def test_committee_is_whole_once_it_is_planned_and_trained(tmp_path: Path) -> None:
    start = started(tmp_path)
    assert not committee.is_whole(start)
    assert committee.num_trained(start) == (0, 0)
    run_trials(start)
    assert not committee.is_whole(start)
    ids = train(start)
    again = started(tmp_path)
    assert committee.is_whole(again)
    assert committee.num_trained(again) == (4, 4)
    files.remove(CommitteeFolder(start.folder.url).trial(ids[1]).predictions)
    assert not committee.is_whole(again)
    assert committee.num_trained(again) == (3, 4)


def test_committee_that_is_not_asked_for_is_whole(tmp_path: Path) -> None:
    assert committee.is_whole(started(tmp_path, committee=0))


def test_committee_is_whole_where_no_further_configurations_differ(tmp_path: Path) -> None:
    start = started(tmp_path, committee=5)
    run_trials(start)
    train(start)
    assert committee.num_trained(started(tmp_path, committee=5)) == (4, 4)
    assert committee.is_whole(started(tmp_path, committee=5))
    assert not committee.is_whole(started(tmp_path, committee=5, repeats=2))
    more = started(tmp_path, committee=5, trials=3)
    assert committee.is_whole(more)
    run_trials(more)
    assert not committee.is_whole(more)


def test_committee_lacks_what_is_missing_of_its_further_views(tmp_path: Path) -> None:
    start = started(tmp_path, committee_views=5)
    run_trials(start)
    ids = train(start)
    assert committee.num_trained(start) == (0, 4)
    for trial_id in ids:
        write_small_predictions(CommitteeFolder(start.folder.url).trial(trial_id).predictions_of(5))
    assert committee.is_whole(start)


def test_committee_grows_where_trials_that_the_time_budget_cut_short_have_gone_on(tmp_path: Path) -> None:
    start = started(tmp_path, time_budget="100s")
    start.steering.deadline = start.deadline()
    run_trials(start, seconds=1000)
    assert [record.state for record in start.ledger.records] == ["pruned"]
    assert len(train(start)) == 2
    again = started(tmp_path)
    assert again.ledger.ranked == []  # that trial goes on first: there is nothing to choose among yet
    assert committee.is_whole(again)
    run_trials(again)
    assert not committee.is_whole(again)
    assert len(train(again)) == 4
    assert committee.is_whole(again)
