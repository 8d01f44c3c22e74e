"""Calibration after averaging: one temperature, which makes probabilities truer and changes no class.

The mean of members is less sure than they are, often less than it may be. Whether a temperature helps is told by rows
on which it was not fitted, and these must not have chosen the members either: use an honest vote (`ensemble.nested`).
"""

import math
from dataclasses import dataclass

import numpy as np

from ensemble.choice import log_probabilities
from ensemble.parts import deal_into_parts

MIN_TEMPERATURE = 0.05
MAX_TEMPERATURE = 20.0
NUM_PARTS = 5
NUM_BINS = 15
"""Guo et al., On calibration of modern neural networks (2017)."""


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """The rows whose confidence (probability of the most probable class) lies in one range."""

    low: float
    """Confidences are above this (the lowest bin: from 0)."""
    high: float
    """Up to and with this."""
    num_rows: int
    """1 or more."""
    confidence: float
    """Mean confidence."""
    accuracy: float
    """Share of them that are right: equal to the confidence where a vote is calibrated."""


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """How far confidence and accuracy agree."""

    bins: tuple[ReliabilityBin, ...]
    """Those that have rows, least confident first."""
    expected_calibration_error: float
    """Mean over rows of the distance between confidence and accuracy in the row's bin; in [0, 1]."""


def fit_temperature(
    softmax: np.ndarray,  # (num_rows, num_classes) float, rows sum to 1
    labels: np.ndarray,  # (num_rows,) int class indices
) -> float:
    """Return the temperature of least log-loss within MIN_TEMPERATURE and MAX_TEMPERATURE.

    The log-loss is convex in 1 / temperature: Newton's steps, halving the bracket where one would leave it. Where no
    temperature above the minimum is best (no row's vote is wrong, say: the sharper the better, without end; or there
    are no rows) or all are equally good, the rows cannot tell, and it is 1.
    """
    logits = log_probabilities(softmax)
    logits -= logits.max(axis=1, keepdims=True)
    of_true_class = logits[np.arange(len(labels)), labels]
    low, high = 1 / MAX_TEMPERATURE, 1 / MIN_TEMPERATURE
    if len(labels) == 0 or _slope(logits, of_true_class, high)[0] <= 0:
        return 1.0
    inverse = 1.0
    while high / low > 1 + 1e-9:
        slope, curvature = _slope(logits, of_true_class, inverse)
        low, high = (low, inverse) if slope > 0 else (inverse, high)
        step = inverse - slope / curvature if curvature > 0 else math.nan
        following = step if low < step < high else math.sqrt(low * high)
        if abs(following - inverse) <= 1e-9 * inverse:
            break
        inverse = following
    return 1 / inverse


def apply_temperature(
    softmax: np.ndarray,  # (num_rows, num_classes) float, rows sum to 1
    temperature: float,
) -> np.ndarray:
    """Return softmax of (log-probabilities / temperature), (num_rows, num_classes) float64.

    Every row keeps its most probable class (ties: the lowest class index). Probabilities are floored at EPSILON.

    Raises:
        ValueError: the temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"a temperature must be above 0, got {temperature}")
    logits = log_probabilities(softmax) / temperature
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    calibrated: np.ndarray = odds / odds.sum(axis=1, keepdims=True)
    # two probabilities that differ by less than rounding are equal at a high temperature, and then the lower class wins
    before = softmax.argmax(axis=1)
    merged = np.flatnonzero(calibrated.argmax(axis=1) != before)
    calibrated[merged, before[merged]] = np.nextafter(calibrated[merged].max(axis=1), 1.0)
    return calibrated


def calibrated_out_of_fold(
    softmax: np.ndarray,  # (num_rows, num_classes) float, rows sum to 1
    labels: np.ndarray,  # (num_rows,) int class indices
    *,
    seed: int,
    num_parts: int = NUM_PARTS,
    groups: np.ndarray | None = None,  # (num_rows,) rows of equal value stay in one part
) -> np.ndarray:
    """Return each part of the rows at the temperature of the other parts, (num_rows, num_classes) float64."""
    parts = deal_into_parts(labels, num_parts, np.random.default_rng(seed), groups)
    calibrated = np.empty(softmax.shape)
    for part in np.unique(parts):
        is_scored = parts == part
        temperature = fit_temperature(softmax[~is_scored], labels[~is_scored])
        calibrated[is_scored] = apply_temperature(softmax[is_scored], temperature)
    return calibrated


def reliability(
    softmax: np.ndarray,  # (num_rows, num_classes) float, rows sum to 1
    labels: np.ndarray,  # (num_rows,) int class indices
    num_bins: int = NUM_BINS,
) -> Reliability:
    """Compare confidence with accuracy in bins of equal width.

    Raises:
        ValueError: no row.
    """
    if len(labels) == 0:
        raise ValueError("reliability must have one row or more, got none")
    confidence, is_right = softmax.max(axis=1), softmax.argmax(axis=1) == labels
    bin_of_row = np.clip(np.ceil(confidence * num_bins).astype(np.int64) - 1, 0, num_bins - 1)
    bins = []
    for number in np.unique(bin_of_row):
        inside = bin_of_row == number
        one = ReliabilityBin(
            low=float(number / num_bins),
            high=float((number + 1) / num_bins),
            num_rows=int(inside.sum()),
            confidence=float(confidence[inside].mean()),
            accuracy=float(is_right[inside].mean()),
        )
        bins.append(one)
    error = sum(one.num_rows * abs(one.accuracy - one.confidence) for one in bins) / len(labels)
    return Reliability(bins=tuple(bins), expected_calibration_error=error)


def _slope(logits: np.ndarray, of_true_class: np.ndarray, inverse: float) -> tuple[float, float]:
    """Return first and second derivative of the log-loss by 1 / temperature."""
    odds = np.exp(logits * inverse)
    odds /= odds.sum(axis=1, keepdims=True)
    weighted = odds * logits
    mean = weighted.sum(axis=1)
    variance = (weighted * logits).sum(axis=1) - mean**2
    return float((mean - of_true_class).mean()), float(variance.mean())
