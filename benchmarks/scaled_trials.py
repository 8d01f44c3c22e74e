"""Trials that sleep on many nodes: what they leave is what a real trial leaves for the vote, in size and in kind."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.history import made_up_loss
from benchmarks.made_up import made_up_report
from benchmarks.made_up_votes import noisy_softmax, shared_logits
from core.config import Config
from core.data.dataset import Dataset
from core.data.split import Split
from core.store.predictions import Predictions, write_predictions
from core.store.records import EpochReport
from core.store.study import StudyFolder, TrialFolder
from search.trainable import TrialTrainable, WorkerSettings

SPAN = "span.json"
POLL_SECONDS = 0.2
MOST_SECONDS_TO_WARM = 900
SEED = 11


@dataclass(frozen=True, kw_only=True)
class Nap:
    """What all trials of a search are."""

    seconds: float
    """Slept in all; whatever else there is to do comes on top."""
    num_workers: int
    """Workers that have to be there before any trial begins."""
    place: str
    """Folder where the workers note that they are there."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """When a trial ran, in seconds since 1970, and where."""

    began: float
    """All workers were there."""
    ended: float
    """Its last epoch's files were on disk."""
    node: str


@dataclass(frozen=True, kw_only=True)
class NappingSettings(WorkerSettings):
    """A search's own settings of its workers, and what its trials do instead of training."""

    nap: Nap


class NappingTrainable(TrialTrainable):
    """Ours, asleep where it would train."""

    _logits: np.ndarray | None = None

    def _start(self) -> Any:
        """Begin a trial once all workers are there."""
        assert isinstance(self._worker, NappingSettings), "given by benchmarks.scaled_search"
        if self._logits is None:
            generator = np.random.default_rng(SEED)
            labels = np.append(
                self._dataset.labels[self._splits[0].holdout_rows],
                generator.integers(0, self._dataset.num_classes, len(self._dataset.x_test)),
            )
            self._logits = shared_logits(labels, self._dataset.num_classes, generator)
            _wait_for_all(self._worker.nap, self._node_id)
        return _NappingTrial(
            self._worker, self._assignment, self._dataset, self._splits[0], self._logits, self._node_id
        )


class _NappingTrial:
    """Stands in for `core.trial.TrialRun`."""

    def __init__(
        self,
        worker: NappingSettings,
        assignment: dict[str, Any],
        dataset: Dataset,
        split: Split,
        logits: np.ndarray,  # (num_holdout + num_test, num_classes) float32, what all trials make of the rows
        node_id: str,
    ) -> None:
        self.trainer = SimpleNamespace(precision="float32")
        self._worker, self._assignment = worker, assignment
        self._dataset, self._split, self._logits, self._node_id = dataset, split, logits, node_id
        self._config = Config.from_json(self._assignment["config"])
        self._folder = TrialFolder(self._assignment["folder"])
        self._num_epochs = self._config.train.epochs
        self._num_reported = 0
        self._began = time.time()

    def next_epoch(self) -> tuple[EpochReport, bool]:
        """Sleep, leave predictions where the trial may end, and report."""
        seconds = self._worker.nap.seconds / self._num_epochs
        wakes_at = time.monotonic() + seconds
        self._num_reported += 1
        is_last = self._num_reported == self._num_epochs
        may_end = is_last or self._num_reported in self._worker.ending_epochs
        # a network would compute them: they are made in the time that stands for training, and written after it
        predictions = self._make_predictions() if may_end else None
        time.sleep(max(wakes_at - time.monotonic(), 0.0))
        if predictions is not None:
            write_predictions(self._folder.predictions, predictions)
        if is_last:
            span = Span(began=self._began, ended=time.time(), node=self._node_id)
            Path(self._folder.url, SPAN).write_text(json.dumps(asdict(span)))
        return made_up_report(self._num_reported, self._log_loss(is_last), seconds), may_end

    def _log_loss(self, is_last: bool) -> float:
        """Return what the knobs decide; before the last epoch all are equally good, so that none is pruned."""
        if not is_last:
            return 1 / self._num_reported
        rate, dropout = self._config.train.learning_rate, self._config.model.block_dropout
        knobs = {"learning_rate": rate, "block_dropout": dropout}
        return made_up_loss(knobs, self._assignment["number"], self._num_reported)

    def _make_predictions(self) -> Predictions:
        """Return what the trial says of the holdout and of the test rows."""
        generator = np.random.default_rng((SEED, self._assignment["number"], self._num_reported))
        softmax = noisy_softmax(self._logits, float(np.exp(generator.normal(0, 0.3))), generator)
        num_rows = len(self._split.holdout_rows)
        return Predictions(
            trial_id=self._assignment["trial_id"],
            rows=self._split.holdout_rows,
            softmax=softmax[:num_rows],
            test_softmax=softmax[num_rows:],
            data=self._dataset.fingerprint,
            split=self._split.fingerprint,
            epoch=self._num_reported,
            config=self._assignment["config"],
        )


def num_there(place: Path) -> int:
    """Return how many workers are there."""
    return len(list(place.iterdir())) if place.is_dir() else 0


def read_spans(folder: StudyFolder) -> list[Span]:
    """Return the spans of all trials, by their beginnings."""
    paths = (Path(folder.trial(trial_id).url, SPAN) for trial_id in folder.trial_ids())
    return sorted((Span(**json.loads(path.read_text())) for path in paths), key=lambda span: span.began)


def _wait_for_all(nap: Nap, node_id: str) -> None:
    """Note that this worker is there, and wait for the others."""
    place = Path(nap.place)
    place.mkdir(parents=True, exist_ok=True)
    (place / node_id).touch()
    until = time.monotonic() + MOST_SECONDS_TO_WARM
    while num_there(place) < nap.num_workers:
        if time.monotonic() > until:
            raise RuntimeError(f"{nap.num_workers} workers must start, and {num_there(place)} have")
        time.sleep(POLL_SECONDS)
