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
    true_class = softmax[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(true_class, EPSILON, 1.0)).mean())


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
