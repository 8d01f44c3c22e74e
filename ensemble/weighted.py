"""Weights on the simplex, fitted on log-loss.

The vote's log-loss is convex in the weights, so that there is one best value and nothing to tune. Weights of a mean of
probabilities are proportions of a mixture, and the EM update for those (Dempster, Laird and Rubin 1977) keeps them on
the simplex and never makes log-loss worse: each weight is multiplied by its member's gain, the mean over the rows of
what it gave the true class over what the vote gave it. By convexity the best log-loss is less than the present one by
at most the greatest gain less 1, which is the rule to stop by.
"""

import numpy as np

from core.metrics import EPSILON
from ensemble.choice import Choice
from ensemble.library import require_votes, true_class

TOLERANCE = 1e-4
"""Stop where log-loss is within this many nats of the best possible: far below what any number of rows can tell."""
MOST_UPDATES = 2000
"""Stop there in any case."""
LEAST_SHARE = 0.02
"""A member of less than this share of the largest weight is dropped: it changes next to nothing and costs as much as
any other at prediction."""


def choose_weighted(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
    """Return the weights of least log-loss on these rows, the smallest dropped.

    Args:
        softmax: (num_candidates, num_rows, num_classes) float32.
        labels: (num_rows,) int.
        seed: not used; the fit starts from equal weights, and identical candidates stay equal.

    Raises:
        StudyError: there are fewer than two candidates.
        ValueError: shapes that do not fit, no row, or a number that is not finite.
    """
    require_votes("weighted", softmax, labels, at_least=2)
    weights = drop_smallest(fit_weights(true_class(softmax, labels)))
    return Choice(weights=weights, reason=f"weights of least log-loss, {np.count_nonzero(weights)} of them above 0")


def fit_weights(
    true: np.ndarray,  # (num_candidates, num_rows) float32, the true class's probability
    tolerance: float = TOLERANCE,  # nats
) -> np.ndarray:
    """Return weights whose log-loss is within `tolerance` of the least possible, (num_candidates,) float64.

    Probabilities are floored at EPSILON, as log-loss does; here each member's, so that no vote is zero.
    """
    floored = np.maximum(true, np.float32(EPSILON))
    weights = np.full(len(true), 1 / len(true))
    for _ in range(MOST_UPDATES):
        gains = _gains(floored, weights)
        if gains.max() - 1 <= tolerance:
            break
        weights *= gains
        weights /= weights.sum()  # 1 already, but for rounding
    return weights


def drop_smallest(
    weights: np.ndarray,  # (num_candidates,) float64, sum to 1
) -> np.ndarray:
    """Return the weights without those below LEAST_SHARE of the largest, sum 1 again."""
    kept = np.where(weights < LEAST_SHARE * weights.max(), 0.0, weights)
    return kept / kept.sum()


def _gains(floored: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean over rows of each member's probability over the vote's: log-loss's gradient, negated."""
    vote = weights.astype(np.float32) @ floored
    return np.asarray((floored @ (1 / vote)).astype(np.float64) / floored.shape[1])
