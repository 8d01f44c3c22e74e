"""The honest estimate of a vote: what was chosen on some rows is scored on the others, in turn and repeatedly.

It is of the way to choose: each part's vote is chosen anew, on the rows of the other parts, so that it leans a little
to the pessimistic side for the vote that is chosen on all of them. Where the candidates themselves were picked on some
rows (a search's holdout), their scores there stay optimistic; so any subset of the rows can be scored by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from core.errors import StudyError
from core.metrics import row_losses
from ensemble.choice import Choice, Chooser, combine
from ensemble.interval import Interval, accuracy_interval, mean_intervals
from ensemble.parts import deal_into_parts

NUM_PARTS = 5
NUM_REPEATS = 3


@dataclass(frozen=True, kw_only=True)
class HonestScore:
    """Scores on rows that had no part in the choice; means over the repeats, 95 % intervals for the rows' chance."""

    num_rows: int
    num_repeats: int
    num_errors: float
    """Mean over the repeats, so that it need not be whole."""
    accuracy: float
    """Share of the rows, in [0, 1]."""
    accuracy_interval: Interval
    log_loss: float
    """Nats, less is better."""
    log_loss_interval: Interval


@dataclass(frozen=True, kw_only=True, eq=False)  # comparing arrays with == would be ambiguous
class NestedVote:
    """An honest vote of every row in every repeat."""

    softmax: np.ndarray = field(repr=False)  # (num_repeats, num_rows, num_classes) float64, rows sum to 1
    labels: np.ndarray = field(repr=False)  # (num_rows,) int class indices
    choices: tuple[Choice, ...] = field(repr=False)
    """What was chosen for each part, repeat after repeat."""
    seed: int

    @cached_property
    def is_wrong(self) -> np.ndarray:
        """Whether the most probable class is not the true one, (num_repeats, num_rows) bool."""
        return np.asarray(self.softmax.argmax(axis=2) != self.labels)

    @cached_property
    def losses(self) -> np.ndarray:
        """Each row's -ln(probability of its class), floored at EPSILON, mean over the repeats; (num_rows,) float64."""
        of_true_class = self.softmax[:, np.arange(len(self.labels)), self.labels]
        return np.asarray(row_losses(of_true_class).mean(axis=0))

    @cached_property
    def errors(self) -> np.ndarray:
        """Each row's share of repeats in which the vote is wrong, (num_rows,) float64."""
        return np.asarray(self.is_wrong.mean(axis=0))

    def scores(self, rows: np.ndarray | None = None) -> HonestScore:
        """Score all rows, or those of a mask.

        Args:
            rows: (num_rows,) bool, such as the rows outside the search's holdout.

        Raises:
            ValueError: the mask is of another length or names no row.
        """
        chosen = require_mask(rows, len(self.labels))
        values = np.stack([self.errors[chosen], self.losses[chosen]])
        error_rate, log_loss = values.mean(axis=1).tolist()
        of_errors, of_losses = mean_intervals(values, self.seed)
        num_rows = values.shape[1]
        return HonestScore(
            num_rows=num_rows,
            num_repeats=len(self.softmax),
            num_errors=float(values[0].sum()),
            accuracy=1.0 - error_rate,
            accuracy_interval=accuracy_interval(of_errors, num_rows),
            log_loss=log_loss,
            log_loss_interval=of_losses,
        )


def nested_estimate(
    softmax: np.ndarray,  # (num_candidates, num_rows, num_classes) float32, rows sum to 1
    labels: np.ndarray,  # (num_rows,) int class indices
    chooser: Chooser,
    *,
    seed: int,
    num_parts: int = NUM_PARTS,
    num_repeats: int = NUM_REPEATS,
    groups: np.ndarray | None = None,  # (num_rows,) rows of equal value stay in one part
) -> NestedVote:
    """Let a method choose on all parts but one and vote on that one, for each part, `num_repeats` times.

    The same seed deals the same parts to every method, so that their votes can be compared row by row.

    Raises:
        StudyError: fewer than two rows (or groups): none would be left to choose on.
    """
    num_apart = len(labels) if groups is None else len(np.unique(groups))
    if num_apart < 2:
        raise StudyError(
            "an honest score must have rows that choose the members and rows that do not, two labelled rows "
            f"or more, got {num_apart}. Hold out more rows"
        )
    honest = np.empty((num_repeats, *softmax.shape[1:]))
    choices = []
    for repeat in range(num_repeats):
        parts = deal_into_parts(labels, num_parts, np.random.default_rng([seed, repeat]), groups)
        for part in range(parts.max() + 1):
            voting, choosing = np.flatnonzero(parts == part), np.flatnonzero(parts != part)
            choice = chooser(softmax[:, choosing], labels[choosing], _seed_of(seed, repeat, part))
            honest[repeat, voting] = combine(choice, _votes_on(voting, softmax, choice))
            choices.append(choice)
    return NestedVote(softmax=honest, labels=labels, choices=tuple(choices), seed=seed)


def _votes_on(rows: np.ndarray, softmax: np.ndarray, choice: Choice) -> Iterator[np.ndarray]:
    """Yield each candidate's softmax of some rows; of those that do not vote whatever costs nothing."""
    for candidate, weight in zip(softmax, choice.weights, strict=True):
        yield candidate[rows] if weight > 0 else candidate


def require_mask(rows: np.ndarray | None, num_rows: int) -> np.ndarray:
    """Return the mask, or one of all rows; raise ValueError where it does not fit or names none."""
    mask = np.ones(num_rows, dtype=bool) if rows is None else rows
    if mask.dtype != bool or mask.shape != (num_rows,):
        raise ValueError(f"rows must be a mask of {num_rows} rows, got {mask.dtype} of shape {mask.shape}")
    if not mask.any():
        raise ValueError("a score must have one row or more, got a mask without any")
    return mask


def _seed_of(seed: int, repeat: int, part: int) -> int:
    """Return the seed of one choice."""
    return int(np.random.SeedSequence([seed, repeat, part]).generate_state(1)[0])
