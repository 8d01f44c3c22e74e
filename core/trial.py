"""One trial in its folder: train an epoch, leave on disk what a later start or a vote needs, report.

Everything is on disk before an epoch is reported, since a pruned trial ends there and its process may be gone.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import Config
from core.data.dataset import Dataset
from core.data.split import Split
from core.own_function import require_named
from core.store import files
from core.store.checkpoint import Checkpoint, read_newest_checkpoint, write_checkpoint
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
    num_recorded_epochs: int = 0
    """Epochs that the driver has on record already; later ones are reported (again)."""
    ending_epochs: tuple[int, ...] = ()
    """Epochs after which the driver may end the trial, besides the last."""
    deadline: float | None = None
    """Seconds since 1970 after which the driver may end the trial at any epoch."""
    keeps_model: bool = True
    """Whether model.keras is written beside the predictions."""
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
        self.trainer = Trainer(job.config, dataset, split, seed=job.seed)
        checkpoint = read_newest_checkpoint(job.folder, job.generation)
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
            write_checkpoint(
                job.folder, job.generation, Checkpoint(state=trainer.state(), epochs=tuple(trainer.epochs))
            )
        self._num_reported += 1
        return epoch, may_end

    def _may_end_after(self, epoch: EpochReport) -> bool:
        """True after the last epoch, at a rung, and where another epoch would overrun the deadline."""
        job = self._job
        is_late = job.deadline is not None and time.time() + epoch.seconds > job.deadline
        return is_late or epoch.epoch >= job.config.train.epochs or epoch.epoch in job.ending_epochs

    def _write_outputs(self) -> None:
        """Write the best epoch's predictions and model."""
        job, trainer = self._job, self.trainer
        best = best_of(trainer.epochs)
        assert best is not None, "outputs follow an epoch"
        write_predictions(
            job.folder.predictions,
            Predictions(
                trial_id=job.trial_id,
                rows=self._split.holdout_rows,
                softmax=trainer.best_holdout_softmax(),
                test_softmax=trainer.best_test_softmax(),
                data=self._dataset.fingerprint,
                split=self._split.fingerprint,
                epoch=best.epoch,
                config=job.config.to_json(),
            ),
        )
        if job.keeps_model:
            write_model(job.folder.model, trainer.best_model())


def write_model(url: str, model: "keras.Model") -> None:
    """Write a model as .keras, atomically like every file of a study."""
    with tempfile.TemporaryDirectory(prefix="softvote-") as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        files.write_bytes(url, path.read_bytes())
