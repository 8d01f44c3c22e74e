"""Real trials on one worker of a real search, and where the time of each went."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.trial import BaseTrial

from benchmarks.loops import run_search
from core.config import Config
from core.data.dataset import Dataset
from core.data.split import Split
from core.store.records import EpochReport, TrialRecord
from core.store.study import StudyFolder
from search.domain import Domain
from search.ledger import Ledger
from search.steering import Steering
from search.study import TrialStudy
from search.trainable import TrialTrainable, WorkerSettings

OUTPUTS = "outputs.json"


@dataclass(frozen=True, kw_only=True)
class TrialTime:
    """Seconds of one trial."""

    total: float
    """From the end of the trial before it to its own, both on record; of the first from its suggestion."""
    epochs: float
    """What its epochs would have taken, were each as long as the shortest."""
    outputs: float
    """Test prediction, and the writing of predictions, model and checkpoints."""

    @property
    def fixed(self) -> float:
        """All but epochs and outputs: the way to the next trial, its suggestion, network, tracing, first step."""
        return self.total - self.epochs - self.outputs


class TimedRun:
    """A trial's run, with a watch on what comes after its epochs.

    Nothing that the run holds may hold it: a network goes back to its shelf with the last hold on its trainer.
    """

    def __init__(self, run: Any, folder: str) -> None:
        """Watch `run`."""
        self.trainer = run.trainer
        self._run = run
        self._folder = folder
        self._seconds = 0.0

    def next_epoch(self) -> tuple[EpochReport, bool]:
        """Train an epoch and note what its files took."""
        started = time.perf_counter()
        epoch, may_end = self._run.next_epoch()
        self._seconds += time.perf_counter() - started - epoch.seconds
        Path(self._folder, OUTPUTS).write_text(json.dumps(self._seconds))
        return epoch, may_end


class TimedTrainable(TrialTrainable):
    """Ours, with a watch."""

    def _start(self) -> Any:
        """Build the trial's run."""
        return TimedRun(super()._start(), self._assignment["folder"])


def run_timed_trials(
    configs: Sequence[Config], dataset: Dataset, split: Split, folder: StudyFolder, scratch: str
) -> list[TrialTime]:
    """Train these configurations, in this order, as trials of a search; none is pruned.

    Each also costs the suggestion of a configuration from the default space, which it does not get.
    """
    domain = Domain(base=configs[0], image_shape=dataset.image_shape, num_train_rows=len(split.train_rows))
    waiting = iter(configs)

    def space(trial: BaseTrial) -> Config:
        domain.suggest(trial)
        return next(waiting)

    epochs = configs[0].train.epochs
    ledger = Ledger(folder, generation=1)
    study = TrialStudy(space, seed=0, epochs=epochs)
    steering = Steering(study=study, ledger=ledger, num_trials=len(configs), seed=0, epochs=epochs, starts=[])
    worker = WorkerSettings(
        num_threads=1,
        use_gpu=False,
        generation=1,
        ending_epochs=(),
        deadline=None,
        keeps_models=True,
        scratch=scratch,
    )
    run_search(steering, worker, 1, dataset, split, TimedTrainable)
    records = ledger.records
    return [_time_of(record, folder, before) for before, record in zip([None, *records], records, strict=False)]


def _time_of(record: TrialRecord, folder: StudyFolder, before: TrialRecord | None) -> TrialTime:
    """Return where the time of an ended trial went."""
    began = record.started if before is None else before.ended
    assert record.ended is not None
    assert began is not None
    return TrialTime(
        total=record.ended - began,
        epochs=len(record.epochs) * min(epoch.seconds for epoch in record.epochs),
        outputs=float(json.loads(Path(folder.trial(record.trial_id).url, OUTPUTS).read_text())),
    )
