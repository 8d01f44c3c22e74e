"""How much a search has to train: epochs at least, as expected, and at most, from its records and its settings."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.store.records import TrialRecord
from search.ledger import TIME_BUDGET
from search.study import NUM_RANDOM_TRIALS, REDUCTION_FACTOR, rung_epochs

RECORDED_SHARE = 39 / 120
"""Epochs that a search runs of those that its trials would without pruning: README.md's own search of 12 trials of 10
epochs, of which 3 ran them all and 9 were pruned after one."""
NUM_ENOUGH = NUM_RANDOM_TRIALS
"""Ended trials from which a study's own share is taken."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """A quantity that pruning decides."""

    low: float
    expected: float
    most: float

    def times(self, factor: float) -> "Range":
        """Return it in another unit."""
        return Range(low=factor * self.low, expected=factor * self.expected, most=factor * self.most)

    def plus(self, more: float) -> "Range":
        """Return it with so much more in every case."""
        return Range(low=self.low + more, expected=self.expected + more, most=self.most + more)

    def at_least(self, least: float) -> "Range":
        """Return it with no case below `least`."""
        return Range(low=max(self.low, least), expected=max(self.expected, least), most=max(self.most, least))

    def at_most(self, most: float) -> "Range":
        """Return it with no case above `most`."""
        return Range(low=min(self.low, most), expected=min(self.expected, most), most=min(self.most, most))

    def added_to(self, other: "Range") -> "Range":
        """Return the sum, case by case."""
        return Range(low=self.low + other.low, expected=self.expected + other.expected, most=self.most + other.most)


def epochs_to_train(records: Sequence[TrialRecord], *, num_trials: int, epochs: int, share: float) -> Range:
    """Return the epochs that a study still has to train until it has `num_trials` trials.

    At most no trial is pruned. At least one in REDUCTION_FACTOR goes on at every rung, and the first trial, which is
    never pruned, runs to its end. Epochs that are on record count as trained.

    Args:
        records: of the study, those that have ended too.
        num_trials: altogether.
        epochs: of a whole trial.
        share: expected of the epochs that trials have left (see `pruned_share`).
    """
    ended = [record for record in records if record.has_ended]
    begun = [record for record in records if not record.has_ended]
    num_new = max(num_trials - len(ended) - len(begun), 0)
    most = num_new * epochs + sum(epochs - len(record.epochs) for record in begun)
    low = num_new * _halved(epochs) + sum(_halved_rest(epochs, len(record.epochs)) for record in begun)
    if num_new and not records:
        low += epochs - _halved(epochs)
    return Range(low=low, expected=min(max(low, share * most), most), most=most)


def pruned_share(records: Sequence[TrialRecord], epochs: int) -> tuple[float, str]:
    """Return the share of all epochs that trials run where some are pruned, and where it was taken from."""
    ended = [
        len(record.epochs)
        for record in records
        if record.state in ("complete", "pruned") and record.user_attrs.get("reason") != TIME_BUDGET
    ]
    if len(ended) >= NUM_ENOUGH:
        return sum(ended) / (len(ended) * epochs), f"this study's {len(ended)} ended trials"
    return RECORDED_SHARE, "a recorded search of 12 trials of 10 epochs on Kaggle's digits (README.md)"


def _halved(epochs: int) -> float:
    """Return a trial's epochs on average where one in so many goes on at every rung."""
    return _halved_rest(epochs, 0)


def _halved_rest(epochs: int, num_done: int) -> float:
    """Return the same of what is left after `num_done` epochs; it has passed the rungs until there."""
    total, portion, reached = 0.0, 1.0, num_done
    for rung in (rung for rung in (*rung_epochs(epochs), epochs) if rung > num_done):
        total += portion * (rung - reached)
        portion /= REDUCTION_FACTOR
        reached = rung
    return total
