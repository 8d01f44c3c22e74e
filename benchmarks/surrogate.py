"""A model of recorded learning curves: from a configuration's knobs to the log-loss after each epoch."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import KFold, cross_val_predict

CURVES = Path(__file__).with_name("curves.jsonl")
"""A line each: knobs and curve of one configuration, as `benchmarks.record_curves` wrote it."""
NUM_FOLDS = 8
NUM_TREES = 200
LOG_KNOBS = ("learning_rate", "ema_rate", "dense_units_1", "dense_units_2", "filters_1", "filters_2", "filters_3")
"""Knobs that count by their ratios."""
ABSENT = -1.0
"""Of a knob that a configuration does not have; trees cut it off from the others."""
GUESSED = math.log(10)
"""Log-loss of ten classes guessed: what a training counts as that has left the real numbers, and the worst there is."""


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Recorded trainings of a space-filling design, and those of the known configurations."""

    params: list[dict[str, Any]]
    """Knobs of the design's."""
    log_loss: np.ndarray  # (num_configs, num_epochs) float64, in that order
    known: dict[str, list[float]]
    """Curves of known configurations by name."""

    @property
    def num_epochs(self) -> int:
        """Epochs of each training."""
        return int(self.log_loss.shape[1])


@dataclass(frozen=True, kw_only=True)
class HeldOutError:
    """How far off predictions are for configurations that the model has not seen, by their best log-loss."""

    median_factor: float
    """Half of them are off by less than this factor."""
    rank_correlation: float
    """Spearman's."""
    best_quarter_factor: float
    """As the median factor, of the quarter that is truly best."""


def read_curves(path: Path = CURVES) -> Curves:
    """Read the recorded curves."""
    records = [json.loads(line) for line in path.read_text().splitlines()]
    num_epochs = max(len(record["log_loss"]) for record in records)
    drawn = [record for record in records if not record["name"]]
    return Curves(
        params=[record["params"] for record in drawn],
        log_loss=np.array([_whole(record["log_loss"], num_epochs) for record in drawn]),
        known={record["name"]: _whole(record["log_loss"], num_epochs) for record in records if record["name"]},
    )


class Surrogate:
    """Predicts whole curves; the same knobs always give the same one.

    The model: extremely randomised trees on the curves' logarithms, all epochs at once.
    """

    def __init__(self, curves: Curves) -> None:
        self._knobs = knob_columns(curves.params)
        self._trees = _trees().fit(self._table(curves.params), np.log(curves.log_loss))

    def curve(self, params: Mapping[str, Any]) -> list[float]:
        """Return the log-loss after each epoch."""
        return [float(value) for value in np.exp(self._trees.predict(self._table([params]))[0])]

    def _table(self, params: Sequence[Mapping[str, Any]]) -> np.ndarray:
        return np.array([features(each, self._knobs) for each in params])


def held_out_error(curves: Curves) -> HeldOutError:
    """Return the surrogate's error by cross-validation over the design's configurations."""
    knobs = knob_columns(curves.params)
    table = np.array([features(params, knobs) for params in curves.params])
    folds = KFold(NUM_FOLDS, shuffle=True, random_state=0)
    predicted = cross_val_predict(_trees(), table, np.log(curves.log_loss), cv=folds).min(axis=1)
    true = np.log(curves.log_loss).min(axis=1)
    off = np.abs(predicted - true)
    best = np.argsort(true)[: max(len(true) // 4, 1)]
    return HeldOutError(
        median_factor=float(np.exp(np.median(off))),
        rank_correlation=float(spearmanr(predicted, true).statistic),
        best_quarter_factor=float(np.exp(np.median(off[best]))),
    )


def knob_columns(params: Sequence[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    """Return the table's columns: (knob, None) for numbers, (knob, choice) for each choice of a text."""
    values: dict[str, set[Any]] = {}
    for each in params:
        for name, value in each.items():
            values.setdefault(name, set()).add(value)
    columns: list[tuple[str, Any]] = []
    for name in sorted(values):
        choices = sorted(values[name]) if all(isinstance(value, str) for value in values[name]) else [None]
        columns += [(name, choice) for choice in choices]
    return columns


def features(params: Mapping[str, Any], columns: Sequence[tuple[str, Any]]) -> list[float]:
    """Return one row of the table, with the step of Adam an image at the end."""
    row = [_number(name, params.get(name), choice) for name, choice in columns]
    return [*row, math.log2(params["learning_rate"]) - params["log2_batch_size"]]


def _number(name: str, value: Any, choice: Any) -> float:
    """Return one knob's value as the trees see it."""
    if choice is not None:
        return float(value == choice)
    if value is None:
        return ABSENT
    return math.log(value) if name in LOG_KNOBS else float(value)


def _trees() -> ExtraTreesRegressor:
    return ExtraTreesRegressor(NUM_TREES, max_features=0.5, random_state=0)


def _whole(curve: Sequence[float], num_epochs: int) -> list[float]:
    """Return a curve of full length, no worse than guessing."""
    return [min(value, GUESSED) for value in curve] + [GUESSED] * (num_epochs - len(curve))
