"""One trial in its folder: train an epoch, leave on disk what a later start or a vote needs, report.

Everything is on disk before an epoch is reported, since a pruned trial ends there and its process may be gone.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.config import Config
from core.data.dataset import Dataset
from core.data.split import Split
from core.own_function import require_named
from core.store import files
from core.store.checkpoint import (
    Checkpoint,
    read_newest_checkpoint,
    remove_earlier_checkpoints,
    write_checkpoint,
)
from core.store.predictions import Predictions, write_predictions
from core.store.records import EpochReport, best_of
from core.store.study import TrialFolder
from core.train import Trainer

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, kw_only=True)
class TrialJob:
    """What is to be trained and where its files go."""

    trial_id: str
    folder: TrialFolder
    config: Config
    seed: int
    generation: int
    """Which start of the driver this is, from 1; names the checkpoint."""
    attempt: int = 0
    """How often this start of the driver has begun the trial on another node before; names the checkpoint too."""
    num_recorded_epochs: int = 0
    """Epochs that the driver has on record already; later ones are reported (again)."""
    ending_epochs: tuple[int, ...] = ()
    """Epochs after which the driver may end the trial, besides the last."""
    deadline: float | None = None
    """Seconds since 1970 after which the driver may end the trial at any epoch."""
    keeps_model: bool = True
    """Whether model.keras is written beside the predictions."""
    keeps_last: bool = False
    """The last epoch predicts, not the best one on the holdout, which then had no part in any choice."""
    more_views: int = 1
    """Views of an image for a second predictions file; 1 for none."""
    is_scored: bool = True
    """False where the holdout rows are trained on too: predictions then hold the test rows alone."""
    builder: str | None = None
    """The own model that this start was told of; no other one is imported, whatever a stored configuration names."""


class TrialRun:
    """A trial being trained, epoch by epoch, from its checkpoint where it has one."""

    def __init__(self, job: TrialJob, dataset: Dataset, split: Split) -> None:
        """Build the trainer and restore the newest checkpoint.

        Raises:
            ConfigError: the configuration does not fit the data, or names code that this start was not told of.
        """
        require_named(job.config.builder, job.builder, job.folder.url)
        self._job = job
        self._dataset = dataset
        self._split = split
        self._num_reported = job.num_recorded_epochs
        self.trainer = Trainer(job.config, dataset, split, seed=job.seed, keeps_last=job.keeps_last)
        checkpoint = read_newest_checkpoint(job.folder, job.generation)
        self._has_earlier = checkpoint is not None
        if checkpoint is not None:
            self.trainer.restore(checkpoint.state, checkpoint.epochs)
        # a lost checkpoint costs the epochs since the one before it, all of them where there is none
        while len(self.trainer.epochs) < self._num_reported:
            self.trainer.run_epoch()

    def next_epoch(self) -> tuple[EpochReport, bool]:
        """Train one epoch, or take the one that was trained and not recorded, and put its files on disk.

        Returns:
            The epoch's report, and whether predictions up to this epoch are on disk, so that the trial may end.

        Raises:
            TrainingError: the loss is not finite.
        """
        trainer, job = self.trainer, self._job
        if len(trainer.epochs) == self._num_reported:
            trainer.run_epoch()
        epoch = trainer.epochs[self._num_reported]
        may_end = self._may_end_after(epoch)
        if may_end:
            self._write_outputs()
        if epoch.epoch < job.config.train.epochs:
            checkpoint = Checkpoint(state=trainer.state(), epochs=tuple(trainer.epochs))
            write_checkpoint(job.folder, job.generation, checkpoint, attempt=job.attempt)
            if self._has_earlier:
                remove_earlier_checkpoints(job.folder, job.generation, job.attempt)
                self._has_earlier = False
        self._num_reported += 1
        return epoch, may_end

    def _may_end_after(self, epoch: EpochReport) -> bool:
        """True after the last epoch, at a rung, and where another epoch would overrun the deadline."""
        job = self._job
        is_late = job.deadline is not None and time.time() + epoch.seconds > job.deadline
        return is_late or epoch.epoch >= job.config.train.epochs or epoch.epoch in job.ending_epochs

    def _write_outputs(self) -> None:
        """Write the kept epoch's predictions and model."""
        job, trainer = self._job, self.trainer
        test_softmax = trainer.best_test_softmax()
        self._write_predictions(job.folder.predictions, trainer.best_holdout_softmax(), test_softmax)
        if job.more_views > 1:
            seen = (self._dataset.x_train[self._split.holdout_rows], self._dataset.x_test)
            softmax, test_softmax = (trainer.kept_softmax(rows, num_views=job.more_views) for rows in seen)
            self._write_predictions(job.folder.predictions_of(job.more_views), softmax, test_softmax)
        if job.keeps_model:
            write_model(job.folder.model, trainer.best_model())

    def _write_predictions(self, url: str, softmax: np.ndarray, test_softmax: np.ndarray) -> None:
        """Write one predictions file: of the holdout rows (n, num_classes) and the test rows (m, num_classes)."""
        job, epochs = self._job, self.trainer.epochs
        kept = epochs[-1] if job.keeps_last else best_of(epochs)
        assert kept is not None, "outputs follow an epoch"
        num_rows = len(softmax) if job.is_scored else 0
        write_predictions(
            url,
            Predictions(
                trial_id=job.trial_id,
                rows=self._split.holdout_rows[:num_rows],
                softmax=softmax[:num_rows],
                test_softmax=test_softmax,
                data=self._dataset.fingerprint,
                split=self._split.fingerprint,
                epoch=kept.epoch,
                config=job.config.to_json(),
            ),
        )


def write_model(url: str, model: "keras.Model") -> None:
    """Write a model as .keras, atomically like every file of a study."""
    with tempfile.TemporaryDirectory(prefix="softvote-") as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        files.write_bytes(url, path.read_bytes())
