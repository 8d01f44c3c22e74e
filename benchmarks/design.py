"""A space-filling design over any define-by-run search space: each knob has a dimension of its own, asked or not."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalChoiceType,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FixedTrial
from scipy.stats import qmc

MOST_KNOBS = 64


class DesignTrial(FixedTrial):
    """An Optuna trial whose knobs are taken from one point of the unit cube, by the order in which they are known.

    Args:
        point: Coordinates in [0, 1).
        names: Knobs seen so far, shared by the trials of a design; a new knob takes the next dimension.
    """

    def __init__(self, point: np.ndarray, names: list[str]) -> None:
        super().__init__({})
        self._point = point
        self._names = names
        self.values: dict[str, Any] = {}

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Take the knob's coordinate on its (logarithmic) scale."""
        return float(self._take(name, FloatDistribution(low, high, step=step, log=log)))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Take the whole number at the knob's coordinate."""
        return int(self._take(name, IntDistribution(low, high, step=step, log=log)))

    def suggest_categorical(self, name: str, choices: Sequence[CategoricalChoiceType]) -> Any:
        """Take the choice at the knob's coordinate."""
        return self._take(name, CategoricalDistribution(choices))

    def _take(self, name: str, distribution: BaseDistribution) -> Any:
        if name not in self._names:
            self._names.append(name)
        self.values[name] = value_at(distribution, float(self._point[self._names.index(name)]))
        return self.values[name]


def value_at(distribution: BaseDistribution, share: float) -> Any:
    """Return what lies at `share` in [0, 1) of a knob's range; equal shares get equally many of the whole numbers."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(share * len(distribution.choices))]
    assert isinstance(distribution, FloatDistribution | IntDistribution), "Optuna has no further kind"
    low, high = distribution.low, distribution.high
    if isinstance(distribution, FloatDistribution) and distribution.step is None:
        if distribution.log:
            return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        return low + share * (high - low)
    if distribution.log:
        least, most = math.log(low - 0.5), math.log(high + 0.5)
        return max(low, min(round(math.exp(least + share * (most - least))), high))
    step = distribution.step or 1
    return low + step * int(share * (round((high - low) / step) + 1))


def design_points(num_points: int, *, seed: int) -> np.ndarray:
    """Return the first points of a scrambled Sobol sequence, (num_points, MOST_KNOBS) float64 in [0, 1)."""
    sampler = qmc.Sobol(MOST_KNOBS, seed=seed)
    return np.asarray(sampler.random_base2(math.ceil(math.log2(max(num_points, 2))))[:num_points])
