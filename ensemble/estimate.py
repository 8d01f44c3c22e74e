"""How good a vote is, told by rows that did not choose it, beside what it started from and its best single member."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from core.metrics import log_loss
from ensemble.calibrate import Reliability, apply_temperature, calibrated_out_of_fold, fit_temperature, reliability
from ensemble.choice import Chooser
from ensemble.compare import Comparison, best_single, compare
from ensemble.nested import HonestScore, NestedVote, nested_estimate
from ensemble.rows import ScoredRows

LEAST_ROWS = 20
"""With fewer labelled rows nothing is estimated: a part would have three or less."""


@dataclass(frozen=True, kw_only=True)
class HonestPart:
    """Honest scores on some of the rows."""

    name: str
    """`all rows`, or `rows outside the search's holdout`."""
    vote: HonestScore
    best_single: HonestScore
    """The single member of least log-loss, chosen on the same rows as the vote."""
    comparison: Comparison
    """Of the vote with that single member."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What one temperature, fitted on other rows than it is scored on, makes of the vote's probabilities."""

    fitted: float
    """The temperature that was fitted on all rows' honest votes."""
    log_loss_before: float
    log_loss_after: float
    """Out-of-fold."""
    before: Reliability
    after: Reliability

    @property
    def temperature(self) -> float:
        """The one that is taken: 1 where the fitted one does not help."""
        return self.fitted if self.helps else 1.0

    @property
    def helps(self) -> bool:
        """Whether the log-loss of rows on which it was not fitted is less with it."""
        return self.log_loss_after < self.log_loss_before


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The honest estimate of a vote; rows that are scored had no part in choosing members, weights or method."""

    parts: tuple[HonestPart, ...]
    """All rows first; then, for a committee, those outside the search's holdout."""
    methods: dict[str, HonestScore]
    """All methods that `auto` chooses among, on the rows of the last part; empty where one was asked for."""
    calibration: Calibration
    num_parts: int
    num_repeats: int


def estimate_vote(
    softmax: np.ndarray,  # (num_candidates, num_rows, num_classes) float32
    rows: ScoredRows,
    method: Chooser,
    *,
    seed: int,
    num_parts: int,
    num_repeats: int,
    compared: Mapping[str, Chooser] | None = None,
) -> Estimate | None:
    """Estimate a method's vote by repeated nested parts; None where there are too few rows.

    Args:
        softmax: of the candidates.
        rows: what they are compared on.
        method: chooses members and weights.
        seed: deals the parts.
        num_parts: of the rows, each of which is scored by what the others chose.
        num_repeats: how often the rows are dealt.
        compared: other methods, to be estimated alike.
    """
    if len(rows.labels) < LEAST_ROWS:
        return None

    def nested(chooser: Chooser) -> NestedVote:
        return nested_estimate(
            softmax,
            rows.labels,
            chooser,
            seed=seed,
            num_parts=num_parts,
            num_repeats=num_repeats,
            groups=rows.groups,
        )

    vote, single = nested(method), nested(best_single)
    parts = [_part("all rows", vote, single, None)]
    outside = None
    if rows.kind == "out-of-fold" and 0 < rows.was_holdout.sum() < len(rows.labels):
        outside = ~rows.was_holdout
        parts.append(_part("rows outside the search's holdout", vote, single, outside))
    return Estimate(
        parts=tuple(parts),
        methods={name: nested(chooser).scores(outside) for name, chooser in (compared or {}).items()},
        calibration=_calibration(vote, rows, seed),
        num_parts=num_parts,
        num_repeats=num_repeats,
    )


def at_temperature(estimate: Estimate | None) -> Callable[[np.ndarray], np.ndarray]:
    """Return what makes a vote's softmax (num_rows, num_classes) truer without changing a class."""
    temperature = 1.0 if estimate is None else estimate.calibration.temperature
    return lambda softmax: softmax if temperature == 1.0 else apply_temperature(softmax, temperature)


def _part(name: str, vote: NestedVote, single: NestedVote, rows: np.ndarray | None) -> HonestPart:
    """Score both votes on some rows."""
    return HonestPart(
        name=name, vote=vote.scores(rows), best_single=single.scores(rows), comparison=compare(vote, single, rows)
    )


def _calibration(vote: NestedVote, rows: ScoredRows, seed: int) -> Calibration:
    """Return what a temperature does to the honest vote of the first repeat; none is taken that does not help."""
    softmax, labels = vote.softmax[0], vote.labels
    calibrated = calibrated_out_of_fold(softmax, labels, seed=seed, groups=rows.groups)
    before, after = log_loss(softmax, labels), log_loss(calibrated, labels)
    return Calibration(
        fitted=fit_temperature(softmax, labels),
        log_loss_before=before,
        log_loss_after=after,
        before=reliability(softmax, labels),
        after=reliability(calibrated, labels),
    )
