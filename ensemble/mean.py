"""The mean of the best few, of softmax or of logits.

How many they are is asked of the user, or found by the one-standard-error rule on log-loss. The best count on some
rows is in part luck; of the counts whose vote is within one standard error of it, the most members are the safe side:
an equal mean of more of them leans less on who happened to be first. (With the fewest, which the rule takes where
simplicity is safe, simulated votes were up to 40 % worse in log-loss: benchmarks/README.md.) The standard error is
that of the rows' differences between the two votes, not that of a vote's own log-loss: both votes see the same rows,
so that what makes a row hard for both cancels.
"""

import math
from collections.abc import Iterator

import numpy as np

from core.metrics import EPSILON, row_losses
from ensemble.choice import Choice, Chooser, log_probabilities
from ensemble.library import rank, require_votes, true_class

MOST_MEMBERS = 50
"""More are not tried: votes of 50 and of more differ by less than a standard error, and each costs at prediction."""


def choose_mean(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
    """Return the mean of the best few, as many as the one-standard-error rule says.

    Args:
        softmax: (num_candidates, num_rows, num_classes) float32.
        labels: (num_rows,) int.
        seed: not used; nothing is drawn.

    Raises:
        StudyError: there is no candidate.
        ValueError: shapes that do not fit, no row, or a number that is not finite.
    """
    require_votes("mean", softmax, labels)
    true = true_class(softmax, labels)
    ranking = rank(true)
    return _most(ranking, _row_losses_of_means(true, ranking[:MOST_MEMBERS]), of_logits=False)


def choose_logits(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
    """Return the mean of the logits of the best few, as many as the one-standard-error rule says for such votes.

    Arguments and errors as for `choose_mean`.
    """
    require_votes("logits", softmax, labels)
    ranking = rank(true_class(softmax, labels))
    return _most(ranking, _row_losses_of_logits(softmax, labels, ranking[:MOST_MEMBERS]), of_logits=True)


def mean_of_top(
    k: int,  # 1 or more; where there are fewer candidates, all of them
    *,
    of_logits: bool = False,
) -> Chooser:
    """Return a chooser of the k candidates of least log-loss, equally weighted (ties: the earlier candidate)."""

    def choose(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
        require_votes("logits" if of_logits else "mean", softmax, labels)
        members = rank(true_class(softmax, labels))[:k]
        reason = f"the {len(members)} of least log-loss, as many as asked for"
        return Choice(weights=_equal(members, len(softmax)), of_logits=of_logits, reason=reason)

    return choose


def most_within_one_standard_error(
    row_losses: np.ndarray,  # (num_counts, num_rows) float: of the vote of 1, 2, ... members
) -> tuple[int, int]:
    """Return the most members that are within one standard error of the best count, and the best count.

    Returns:
        Two counts from 1. The best is that of least mean loss (ties: the fewest). With one row there is no standard
        error, and both are the best.
    """
    best = int(row_losses.mean(axis=1).argmin())
    for count in range(len(row_losses) - 1, best, -1):
        worse_by = row_losses[count] - row_losses[best]
        error = worse_by.std(ddof=1) / math.sqrt(len(worse_by)) if len(worse_by) > 1 else 0.0
        if worse_by.mean() <= error:
            return count + 1, best + 1
    return best + 1, best + 1


def _most(ranking: list[int], row_losses: np.ndarray, *, of_logits: bool) -> Choice:
    """Return the choice that the one-standard-error rule makes."""
    count, best = most_within_one_standard_error(row_losses)
    why = "the best count" if count == best else f"the most within one standard error of the best count ({best})"
    reason = f"the {count} of least log-loss: {why}"
    return Choice(weights=_equal(ranking[:count], len(ranking)), of_logits=of_logits, reason=reason)


def _equal(members: list[int], num_candidates: int) -> np.ndarray:
    """Return equal weights of the members, 0 for the others."""
    weights = np.zeros(num_candidates)
    weights[members] = 1 / len(members)
    return weights


def _row_losses_of_means(true: np.ndarray, ranking: list[int]) -> np.ndarray:
    """Return each row's -ln of the true class's probability in the mean of the first 1, 2, ... candidates."""
    sums = true[ranking].cumsum(axis=0, dtype=np.float64)
    sums /= np.arange(1, len(ranking) + 1)[:, np.newaxis]
    return row_losses(sums)


def _row_losses_of_logits(softmax: np.ndarray, labels: np.ndarray, ranking: list[int]) -> np.ndarray:
    """Return the same of the mean of logits."""
    return np.stack([_row_losses(mean, labels) for mean in _running_means(softmax[i] for i in ranking)])


def _running_means(softmaxes: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the first 1, 2, ... candidates' mean log-probabilities, floored as `ensemble.choice.combine` does."""
    total: np.ndarray | float = 0.0
    for number, softmax in enumerate(softmaxes, start=1):
        total = total + log_probabilities(softmax)
        yield total / number


def _row_losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return each row's -ln of the true class's softmax, (num_rows,) float64."""
    highest = logits.max(axis=1)
    log_sum = highest + np.log(np.exp(logits - highest[:, np.newaxis]).sum(axis=1))
    return np.minimum(log_sum - logits[np.arange(len(labels)), labels], -math.log(EPSILON))
