"""Greedy rounds on log-loss: the picks of the plain loop over candidates, without most of its work.

Log-loss reads only what was given to the true class, so a vote is one column of sums. And the logarithm is concave: its
tangent at a guess, the sums with the last pick added once more, bounds every candidate's log-loss from below, at the
price of one product of matrix and vector for all of them. Candidates are then scored as the plain loop does, in
float64, from the most promising bound on, until no bound promises anything better than what was found. After a few
rounds one more vote moves the sums little, so that the bounds are tight and only a few are scored.
"""

import numpy as np

from core.metrics import EPSILON
from ensemble.library import log_loss_of

BLOCK_ROWS = 1024
"""Rows whose products are summed in float32; their sums are added in float64."""
ROUNDING = (BLOCK_ROWS + 2) * 2.0**-24
"""A block's sum of non-negative float32 products is off by at most this share of it."""
SLACK_NATS = 1e-11
"""What float64 may be off by in a mean over rows."""


class LogLossLibrary:
    """What the candidates gave the true class."""

    def __init__(
        self,
        true: np.ndarray,  # (num_candidates, num_rows) float32
    ) -> None:
        """Keep the array; it is not copied."""
        self._true = true

    def votes(self, candidates: np.ndarray) -> "LogLossVotes":
        """Return an empty vote whose `best_next` is one of `candidates`, ascending."""
        return LogLossVotes(self._true, candidates)


class LogLossVotes:
    """A vote that grows by one candidate at a time, scored by log-loss."""

    def __init__(self, true: np.ndarray, candidates: np.ndarray) -> None:
        """Start empty; the candidates' rows are copied where they are not all."""
        self._true = true
        self._candidates = candidates
        self._among = true if len(candidates) == len(true) else true[candidates]  # (num_among, num_rows) float32
        self._sums_of_rows = self._among.sum(axis=1, dtype=np.float64)
        self._total = np.zeros(true.shape[1])
        self._vote = np.empty(true.shape[1])  # one candidate's at a time
        self._num_votes = 0
        self._guess = 0
        self.num_scored = 0
        """Candidates scored in full so far."""

    def add(self, candidate: int) -> None:
        """Give a candidate one more vote."""
        self._total += self._true[candidate]
        self._num_votes += 1

    def score(self) -> float:
        """Return the log-loss of the present vote, which must not be empty."""
        return log_loss_of(self._total / self._num_votes)

    def best_next(self) -> tuple[int, float]:
        """Return the candidate with which the vote has the least log-loss (ties: the earlier one), and that."""
        bounds = self._lower_bounds()
        best, least = -1, np.inf
        for position in np.argsort(bounds, kind="stable"):
            if bounds[position] > least:
                break
            found = self._log_loss_with(position)
            if found < least or (found == least and position < best):
                best, least = int(position), found
        self._guess = best
        return int(self._candidates[best]), least

    def _log_loss_with(self, position: int) -> float:
        """Return the log-loss that the vote would have with one of the candidates, by the arithmetic of log_loss."""
        self.num_scored += 1
        vote = np.add(self._total, self._among[position], out=self._vote)
        vote /= self._num_votes + 1
        return -float(np.log(vote.clip(EPSILON, 1.0, out=vote), out=vote).mean())

    def _lower_bounds(self) -> np.ndarray:
        """Return what each candidate's log-loss is at least, (num_among,) float64.

        With t the sums so far, floored as log-loss floors the vote, and g the guess's probabilities, the sum over rows
        of ln(t + p) is at most that of ln(t + g) + (p - g) / (t + g). The slopes 1 / (t + g) are nearly equal, as most
        rows are easy. So their least is taken out and multiplied in float64, and little is left for float32.
        """
        num_votes = self._num_votes + 1
        guess = self._among[self._guess].astype(np.float64)
        sums = np.maximum(self._total, num_votes * EPSILON) + guess
        slopes = 1 / np.maximum(sums, EPSILON)
        least = slopes.min()
        uneven = _product(self._among, (slopes - least).astype(np.float32))
        linear = uneven * (1 + ROUNDING) + least * self._sums_of_rows - guess @ slopes
        mean_log = (np.log(sums).sum() + linear) / len(sums)
        return np.asarray(np.log(num_votes) - mean_log - SLACK_NATS)


def _product(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Return the product of a float32 matrix and vector, summed in float64 from block to block."""
    product = np.zeros(len(matrix))
    for first in range(0, len(vector), BLOCK_ROWS):
        rows = slice(first, first + BLOCK_ROWS)
        product += matrix[:, rows] @ vector[rows]
    return product
