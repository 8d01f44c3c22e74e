"""The method `auto`: a cleverer method than the first only where it wins on rows that did not choose it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ensemble.choice import Choice, Chooser
from ensemble.compare import standard_error
from ensemble.nested import nested_estimate

NUM_PARTS = 3
"""Few, and once: where `auto` is estimated itself, all of it is done again for each part of that estimate."""
NUM_REPEATS = 1
ROUNDING = 1e-6
"""Nats by which log-losses of one vote differ where it is computed in two ways."""


@dataclass(frozen=True, kw_only=True)
class MethodScore:
    """How a method did on rows that had not chosen its members."""

    name: str
    log_loss: float
    """Nats."""
    difference: float
    """Its log-loss less the default method's; below 0 is better."""
    standard_error: float
    """Of the difference, by the rows' paired differences."""

    @property
    def is_clearly_better(self) -> bool:
        """Whether it beats the default by more than one standard error."""
        return self.difference < -max(self.standard_error, ROUNDING)


@dataclass(frozen=True, kw_only=True)
class MethodChoice:
    """Which method is taken, and every method's score."""

    name: str
    scores: tuple[MethodScore, ...]
    """In the order given, the default first; empty where there was nothing to compare."""

    @property
    def reason(self) -> str:
        """Why that one, in a few words."""
        if not self.scores:
            return f"{self.name}: the only method, or too few candidates or rows to compare others"
        default = self.scores[0]
        taken = next(score for score in self.scores if score.name == self.name)
        if taken is default:
            return f"{self.name}: no other method is clearly better"
        return (
            f"{self.name}: log-loss lower than {default.name}'s by {-taken.difference:.5f} on rows that did not choose "
            f"(standard error {taken.standard_error:.5f})"
        )


def choose_method(
    softmax: np.ndarray,  # (num_candidates, num_rows, num_classes) float32, rows sum to 1
    labels: np.ndarray,  # (num_rows,) int class indices
    choosers: Mapping[str, Chooser],  # the first is the default
    seed: int,
) -> MethodChoice:
    """Estimate every method by nested parts of these rows; take the best of those clearly better than the default.

    Equal log-losses: the earlier method. Where no method is clearly better, the default; also where there is but one
    method or one candidate, or fewer than two rows in each part.

    Raises:
        ValueError: no method.
    """
    if not choosers:
        raise ValueError("auto must have one method or more, got none")
    default = next(iter(choosers))
    if len(choosers) == 1 or len(softmax) == 1 or len(labels) < 2 * NUM_PARTS:
        return MethodChoice(name=default, scores=())
    losses = {
        name: nested_estimate(softmax, labels, chooser, seed=seed, num_parts=NUM_PARTS, num_repeats=NUM_REPEATS).losses
        for name, chooser in choosers.items()
    }
    scores = tuple(
        MethodScore(
            name=name,
            log_loss=float(of_rows.mean()),
            difference=float((of_rows - losses[default]).mean()),
            standard_error=standard_error(of_rows - losses[default]),
        )
        for name, of_rows in losses.items()
    )
    better = [score for score in scores if score.is_clearly_better]
    return MethodChoice(name=min(better, key=lambda score: score.log_loss).name if better else default, scores=scores)


def auto_chooser(choosers: Mapping[str, Chooser]) -> Chooser:
    """Return the method `auto` over these, the first of which is the default.

    It chooses among methods on the rows that it is given and on no others, so that it is estimated like any other.
    """

    def choose(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
        method = choose_method(softmax, labels, choosers, seed)
        choice = choosers[method.name](softmax, labels, seed)
        reason = f"{method.reason}; {choice.reason}" if choice.reason else method.reason
        return dataclasses.replace(choice, reason=reason)

    return choose
