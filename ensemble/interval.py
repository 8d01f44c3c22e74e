"""How far a score can be trusted: intervals from rows drawn again (bootstrap)."""

import numpy as np

LEVEL = 0.95
"""Share of such intervals that hold the true score."""
NUM_RESAMPLES = 1000
"""Its ends move by some 3 % of its width from seed to seed."""

Interval = tuple[float, float]
"""Low and high end."""


def mean_intervals(
    values: np.ndarray,  # (num_scores, num_rows) float: what each row adds to each score
    seed: int,
) -> list[Interval]:
    """Return the interval of each score's mean over rows, by the percentiles of its means over resampled rows.

    Every score gets the same resamples. A value that was measured repeatedly (a row's loss in several repeats) comes
    in as its mean: repeats share their rows and are no further evidence. Rows are taken as independent.

    Raises:
        ValueError: no row.
    """
    num_scores, num_rows = values.shape
    if num_rows == 0:
        raise ValueError("an interval must have one row or more, got none")
    rng = np.random.default_rng(seed)
    columns = np.ascontiguousarray(values, dtype=np.float64)
    means = np.empty((NUM_RESAMPLES, num_scores))
    for resample in range(NUM_RESAMPLES):
        drawn = rng.integers(num_rows, size=num_rows, dtype=np.int32)
        means[resample] = [column.take(drawn).mean() for column in columns]
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def accuracy_interval(
    error_rate: Interval,  # from `mean_intervals` of 0 and 1 (or a mean of such)
    num_rows: int,
) -> Interval:
    """Return the interval of the accuracy.

    No resample of rows without any error has one. But n such rows are to be expected, in one case of twenty, from a
    true rate of 3 / n (the rule of three): the rate's upper end is never below that.
    """
    low, high = error_rate
    return max(0.0, 1.0 - max(high, 3.0 / num_rows)), 1.0 - low
