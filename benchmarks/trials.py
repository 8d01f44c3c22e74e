"""One trial as a search has it, and what of its time is not its epochs."""

import time
from dataclasses import dataclass

import numpy as np

from benchmarks.fresh import status_megabytes
from core.config import Config
from core.data.dataset import Dataset
from core.data.split import Split
from core.train import Trainer

NUM_EPOCHS = 3


@dataclass(frozen=True, kw_only=True)
class TrialCost:
    """Where the time of a trial went, in seconds."""

    to_first_step: float
    """From before the trainer's construction to the end of its first epoch, which may be one step."""
    epoch: float
    """The shortest epoch after the first: it has nothing left to set up."""
    total: float

    @property
    def fixed(self) -> float:
        """All that is not epochs, were each as long as the shortest."""
        return self.total - NUM_EPOCHS * self.epoch


def run_trial(config: Config, dataset: Dataset, split: Split, *, seed: int) -> TrialCost:
    """Train for three epochs and leave what a search leaves: a trainer that nobody holds.

    Args:
        config: Of any number of epochs; three are trained.
        dataset: All rows.
        split: Few train rows: the epochs are not what is measured.
        seed: Of the trial.
    """
    started = time.perf_counter()
    trainer = Trainer(config, dataset, split, seed=seed)
    trainer.run_epoch()
    to_first_step = time.perf_counter() - started
    epoch = min(trainer.run_epoch().seconds for _ in range(NUM_EPOCHS - 1))
    del trainer
    return TrialCost(to_first_step=to_first_step, epoch=epoch, total=time.perf_counter() - started)


def few_rows(dataset: Dataset, num_train: int) -> Split:
    """Return a split that trains on the first rows and scores the last ones, a quarter as many."""
    num_train = min(num_train, len(dataset.x_train) * 4 // 5)
    num_rows = len(dataset.x_train)
    return Split(
        train_rows=np.arange(num_train),
        holdout_rows=np.arange(num_rows - num_train // 4, num_rows),
        method="few",
        fingerprint="few",
        num_left_out=0,
    )


def traced_functions() -> set[str]:
    """Return the names of the functions that TensorFlow holds compiled, its single operations left out."""
    from tensorflow.python.eager import context

    return {name for name in context.context().list_function_names() if not name.startswith("__wrapped__")}


def resident_megabytes() -> float | None:
    """Return this process's resident memory in MB; None where the system does not say."""
    return status_megabytes("VmRSS")
