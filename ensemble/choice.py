"""What a method comes to: who votes, with which weight, and what is averaged."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from core.metrics import EPSILON
from ensemble.vote import soft_vote

SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)  # comparing arrays with == would be ambiguous
class Choice:
    """Weights of the candidates; those of weight 0 do not vote."""

    weights: np.ndarray  # (num_candidates,) float64, >= 0, sum to 1
    of_logits: bool = False
    """Whether logits (log-probabilities, up to a constant a row) are averaged instead of softmax."""
    reason: str = ""
    """How it came about, in a few words for people."""

    def __post_init__(self) -> None:
        total = float(np.sum(self.weights))
        if not ((self.weights >= 0).all() and abs(total - 1) < SUM_TOLERANCE):
            got = "all 0" if not np.any(self.weights) else f"{np.round(self.weights, 6).tolist()}, sum {total:.6g}"
            raise ValueError(f"the weights of a vote must be 0 or more and sum to 1, got {got}")


Chooser = Callable[[np.ndarray, np.ndarray, int], Choice]
"""From softmax (num_candidates, num_rows, num_classes) float32, labels (num_rows,) and a seed to a choice."""


def combine(
    choice: Choice,
    softmaxes: Iterable[np.ndarray],  # one (num_rows, num_classes) float a candidate, rows sum to 1
) -> np.ndarray:
    """Return the vote's softmax, (num_rows, num_classes) float64, rows sum to 1.

    Candidates of weight 0 are not even looked at. Probabilities are floored at EPSILON before a logarithm is taken.

    Raises:
        ValueError: another number of candidates than of weights, or shapes that differ.
    """
    pairs = list(zip(softmaxes, choice.weights, strict=True))
    voting = [softmax for softmax, weight in pairs if weight > 0]
    weights = [float(weight) for weight in choice.weights if weight > 0]
    if not choice.of_logits:
        return soft_vote(voting, weights)
    mean = soft_vote((log_probabilities(softmax) for softmax in voting), weights)
    odds = np.exp(mean - mean.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def log_probabilities(
    softmax: np.ndarray,  # (num_rows, num_classes) float
) -> np.ndarray:
    """Return logits that give this softmax, float64; probabilities are floored at EPSILON."""
    return np.asarray(np.log(np.clip(softmax.astype(np.float64), EPSILON, None)))
