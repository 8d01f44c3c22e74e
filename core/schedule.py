"""Learning rates: the notebook's cut on a plateau, and a cosine with warm-up. State is plain numbers."""

from typing import Protocol

import numpy as np

from core.config import TrainConfig

PLATEAU_MIN_DELTA = 1e-4
"""A holdout accuracy counts as better from this much on: Keras's default for ReduceLROnPlateau."""


class Schedule(Protocol):
    """What a training asks of a schedule."""

    def rates(self, epoch: int) -> np.ndarray:
        """Return the rates of an epoch's steps, (steps_per_epoch,) float32; the first epoch is 1."""

    def end_epoch(self, accuracy: float) -> None:
        """Take in an epoch's holdout accuracy."""

    def state(self) -> np.ndarray:
        """Return all that changes, (numbers,) float64."""

    def restore(self, state: np.ndarray) -> None:
        """Take over what `state` returned."""


def make_schedule(config: TrainConfig, steps_per_epoch: int) -> Schedule:
    """Return the schedule that the configuration names."""
    if config.schedule == "cosine":
        return CosineSchedule(config, steps_per_epoch)
    return PlateauSchedule(config, steps_per_epoch)


class PlateauSchedule:
    """Cuts the rate when the holdout accuracy has not risen for some epochs.

    Source: keras.callbacks.ReduceLROnPlateau(monitor="val_accuracy"), whose rates it gives.
    """

    def __init__(self, config: TrainConfig, steps_per_epoch: int) -> None:
        self._config = config
        self._steps_per_epoch = steps_per_epoch
        self._rate = config.learning_rate
        self._best_accuracy = -np.inf
        self._num_epochs_waited = 0

    def rates(self, epoch: int) -> np.ndarray:
        """Return the same rate for every step, (steps_per_epoch,) float32."""
        return np.full(self._steps_per_epoch, self._rate, np.float32)

    def end_epoch(self, accuracy: float) -> None:
        """Cut the rate where this epoch ends a plateau."""
        if accuracy - PLATEAU_MIN_DELTA > self._best_accuracy:
            self._best_accuracy = accuracy
            self._num_epochs_waited = 0
            return
        self._num_epochs_waited += 1
        if self._num_epochs_waited >= self._config.plateau_patience_epochs:
            floor = min(self._config.min_learning_rate, self._rate)  # a rate that starts below stays where it is
            self._rate = max(self._rate * self._config.plateau_factor, floor)
            self._num_epochs_waited = 0

    def state(self) -> np.ndarray:
        """Return rate, best accuracy and epochs waited, (3,) float64."""
        return np.array([self._rate, self._best_accuracy, self._num_epochs_waited], np.float64)

    def restore(self, state: np.ndarray) -> None:
        """Take over what `state` returned."""
        rate, best_accuracy, num_epochs_waited = state.tolist()
        self._rate, self._best_accuracy, self._num_epochs_waited = rate, best_accuracy, int(num_epochs_waited)


class CosineSchedule:
    """Climbs linearly to the peak over the warm-up's steps, then falls as half a cosine to 0.

    Source: Loshchilov and Hutter, SGDR, equation 5, without restarts.
    """

    def __init__(self, config: TrainConfig, steps_per_epoch: int) -> None:
        self._peak = config.learning_rate
        self._steps_per_epoch = steps_per_epoch
        self._num_steps = config.epochs * steps_per_epoch
        self._num_warmup_steps = round(config.warmup_fraction * self._num_steps)

    def rates(self, epoch: int) -> np.ndarray:
        """Return the rates of an epoch's steps, (steps_per_epoch,) float32; 0 beyond the configured epochs."""
        step = np.arange((epoch - 1) * self._steps_per_epoch, epoch * self._steps_per_epoch, dtype=np.float64)
        climb = (step + 1) / max(self._num_warmup_steps, 1)
        share_done = (step - self._num_warmup_steps) / max(self._num_steps - self._num_warmup_steps, 1)
        fall = 0.5 * (1 + np.cos(np.pi * np.clip(share_done, 0, 1)))
        return (self._peak * np.where(step < self._num_warmup_steps, climb, fall)).astype(np.float32)

    def end_epoch(self, accuracy: float) -> None:
        """Do nothing: the rates are fixed."""

    def state(self) -> np.ndarray:
        """Return no numbers: the epoch says it all."""
        return np.empty(0, np.float64)

    def restore(self, state: np.ndarray) -> None:
        """Do nothing."""
