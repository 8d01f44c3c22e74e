"""Optuna's own reader of a journal, for the tests that look into one."""

import contextlib
import json
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from core.store.records import TrialRecord
from core.store.study import StudyFolder
from search.journal import keep_journal
from search.steering import Steering

from .conftest import EPOCHS, HERE, epoch_report, write_whole_predictions
from .test_steering import next_number

STATES = {
    "running": TrialState.RUNNING,
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


class JournalReader:
    """Remembers how far it has read, as a dashboard does that stays open."""

    def __init__(self, path: Path, name: str = "first") -> None:
        self._name = name
        self._storage = JournalStorage(JournalFileBackend(str(path)))

    @property
    def study(self) -> optuna.Study:
        return optuna.load_study(study_name=self._name, storage=self._storage)

    @property
    def trials(self) -> list[FrozenTrial]:
        return self.study.get_trials()


def assert_shows(trials: list[FrozenTrial], records: list[TrialRecord]) -> None:
    numbers = [trial.number for trial in trials], [record.number for record in records]
    assert numbers[0] == numbers[1], numbers
    for trial, record in zip(trials, records, strict=True):
        assert trial.state == STATES[record.state]
        assert trial.params == record.params
        assert {
            n: json.loads(optuna.distributions.distribution_to_json(d)) for n, d in trial.distributions.items()
        } == {name: json.loads(text) for name, text in record.distributions.items()}
        assert trial.intermediate_values == {epoch.epoch: epoch.log_loss for epoch in record.epochs}
        assert trial.value == (record.best.log_loss if record.state == "complete" and record.best else None)
        assert trial.user_attrs == record.user_attrs | ({"error": record.error} if record.error else {})


def kept(steering: Steering, folder: StudyFolder | None = None) -> contextlib.AbstractContextManager[None]:
    return keep_journal(folder or steering.ledger.folder, "first", steering.ledger)


def train(steering: Steering, number: int, log_loss: float, epochs: range = range(1, EPOCHS + 1)) -> None:
    write_whole_predictions(steering, number)
    for epoch in epochs:
        if steering.report(number, epoch_report(epoch, log_loss + 0.1 / epoch), worker=HERE, has_predictions=True):
            return


def search_some(steering: Steering) -> None:
    """Leave a complete, a pruned, a failed and a running trial."""
    train(steering, next_number(steering), 0.5)
    train(steering, next_number(steering), 0.9)
    steering.fail(next_number(steering), "ValueError: no")
    train(steering, next_number(steering), 0.4, range(1, 3))
