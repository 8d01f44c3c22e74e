"""Whether a vote is better than the best single candidate, both estimated on rows that chose neither."""

import math
from dataclasses import dataclass

import numpy as np

from ensemble.choice import Choice
from ensemble.interval import Interval, mean_intervals
from ensemble.library import rank, true_class
from ensemble.mcnemar import McNemar, mcnemar
from ensemble.nested import NestedVote, require_mask

SIGNIFICANCE = 0.05
"""A smaller p-value is taken for a difference."""
NOT_DISTINGUISHABLE = "not distinguishable"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two honest votes over the same rows. Differences are the first's value less the second's: below 0 is better."""

    num_rows: int
    errors: float
    """Difference in errors, mean over the repeats."""
    log_loss: float
    """Difference in mean log-loss, nats."""
    log_loss_interval: Interval
    """95 %, by the rows' paired differences."""
    mcnemar: McNemar
    """Of the first repeat: the test needs one verdict a row."""

    @property
    def is_distinguishable(self) -> bool:
        """Whether the two differ in errors by more than chance, by McNemar's test."""
        return self.mcnemar.p_value < SIGNIFICANCE

    @property
    def is_log_loss_distinguishable(self) -> bool:
        """Whether the interval of the difference in log-loss leaves out 0."""
        low, high = self.log_loss_interval
        return low > 0 or high < 0

    @property
    def words(self) -> str:
        """Both differences as a person would say them."""
        return f"{self._errors_in_words()}; {self._log_loss_in_words()}"

    def _errors_in_words(self) -> str:
        side = "fewer" if self.errors < 0 else "more"
        count = f"{abs(self.errors):.1f}".removesuffix(".0")
        amount = "as many errors" if self.errors == 0 else f"{count} errors {side}"
        verdict = "" if self.is_distinguishable else f"{NOT_DISTINGUISHABLE}, "
        return f"{amount} ({verdict}McNemar p {_short(self.mcnemar.p_value)} in the first deal)"

    def _log_loss_in_words(self) -> str:
        low, high = sorted(abs(end) for end in self.log_loss_interval)
        if not self.is_log_loss_distinguishable:
            low, high = self.log_loss_interval
            return f"log-loss {self.log_loss:+.5f} ({NOT_DISTINGUISHABLE}, {low:+.5f} to {high:+.5f})"
        side = "lower" if self.log_loss < 0 else "higher"
        return f"log-loss {side} by {abs(self.log_loss):.5f} ({low:.5f} to {high:.5f})"


def compare(
    vote: NestedVote,
    single: NestedVote,  # of the same rows and the same seed
    rows: np.ndarray | None = None,  # (num_rows,) bool; left out: all rows
) -> Comparison:
    """Compare two honest votes row by row.

    Raises:
        ValueError: they are of other rows, or the mask names none.
    """
    if not np.array_equal(vote.labels, single.labels):
        raise ValueError("two votes must be of the same rows to be compared, got other labels")
    chosen = require_mask(rows, len(vote.labels))
    errors = (vote.errors - single.errors)[chosen]
    losses = (vote.losses - single.losses)[chosen]
    return Comparison(
        num_rows=len(losses),
        errors=float(errors.sum()),
        log_loss=float(losses.mean()),
        log_loss_interval=mean_intervals(losses[None], vote.seed)[0],
        mcnemar=mcnemar(vote.is_wrong[0, chosen], single.is_wrong[0, chosen]),
    )


def standard_error(
    differences: np.ndarray,  # (num_rows,) float: one vote's loss less another's
) -> float:
    """Return the standard error of the mean of paired differences; infinity for a single row, which tells nothing."""
    num_rows = len(differences)
    return float(differences.std(ddof=1)) / math.sqrt(num_rows) if num_rows > 1 else math.inf


def best_single(
    softmax: np.ndarray,  # (num_candidates, num_rows, num_classes) float32
    labels: np.ndarray,  # (num_rows,)
    seed: int,
) -> Choice:
    """Choose the one candidate of least log-loss (ties: the first; NaN comes last). A `Chooser`; draws nothing."""
    best = rank(true_class(softmax, labels))[0]
    weights = np.zeros(len(softmax))
    weights[best] = 1.0
    return Choice(weights=weights, reason="the candidate of least log-loss")


def _short(p_value: float) -> str:
    """Return a p-value to two digits, with its sign of comparison."""
    return "< 0.0001" if p_value < 0.0001 else f"= {p_value:.2g}"
