"""Scores of softmax against true classes, and which way each is better.

Direction belongs to a `Metric`; nobody negates by hand.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

EPSILON = float(np.finfo(np.float32).eps)
"""Floor of a probability inside log-loss (scikit-learn's choice for float32): a confident error costs 15.9, not
infinity."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A score's name and direction."""

    name: str
    mode: Literal["min", "max"]

    def is_better(self, value: float, than: float) -> bool:
        """True where `value` beats `than` strictly; NaN beats nothing and is beaten by any number."""
        if np.isnan(value):
            return False
        if np.isnan(than):
            return True
        return value < than if self.mode == "min" else value > than

    def sort_key(self, value: float) -> float:
        """Return what sorts the better value first; NaN has no place."""
        return value if self.mode == "min" else -value


LOG_LOSS = Metric(name="log_loss", mode="min")
ACCURACY = Metric(name="accuracy", mode="max")


def log_loss(
    softmax: np.ndarray,  # (num_images, num_classes) float, rows sum to 1
    labels: np.ndarray,  # (num_images,) int class indices
) -> float:
    """Return the mean of -ln(probability of the true class), in nats; probabilities are floored at EPSILON."""
    return float(row_losses(softmax[np.arange(len(labels)), labels]).mean())


def row_losses(
    of_true_class: np.ndarray,  # (..., num_images) float, what the true class was given
) -> np.ndarray:
    """Return each row's -ln of it, in nats and float64; probabilities are floored at EPSILON."""
    return np.asarray(-np.log(np.clip(of_true_class.astype(np.float64), EPSILON, 1.0)))


def num_errors(
    softmax: np.ndarray,  # (num_images, num_classes)
    labels: np.ndarray,  # (num_images,)
) -> int:
    """Return how many rows' most probable class is not the true one (ties: the lowest class index)."""
    return int((softmax.argmax(axis=1) != labels).sum())


def accuracy(
    softmax: np.ndarray,  # (num_images, num_classes)
    labels: np.ndarray,  # (num_images,)
) -> float:
    """Return the share of rows whose most probable class is the true one."""
    return 1.0 - num_errors(softmax, labels) / len(labels)
