"""Asynchronous successive halving, decision for decision Optuna's, without going over all trials at each rung."""

import bisect
import math
from collections.abc import Mapping
from typing import Any

from optuna.pruners import BasePruner
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.trial import FrozenTrial

RUNG_PREFIX = "completed_rung_"
"""Of the pruner's attributes: what a trial had at each rung."""


class RungPruner(BasePruner):
    """Lets the best share of the trials that reached a rung go on; less is better."""

    def __init__(self, storage: BaseStorage, *, first_rung: int, reduction_factor: int) -> None:
        """Begin without any value.

        Args:
            storage: the study's, where a trial's values at the rungs are noted among its system attributes.
            first_rung: epochs; each further rung is at `reduction_factor` times as many.
            reduction_factor: one trial in so many passes a rung.
        """
        self._storage = storage
        self._first_rung = first_rung
        self._reduction_factor = reduction_factor
        self._values: dict[str, list[float]] = {}
        """At each rung, ascending."""

    def note(self, system_attrs: Mapping[str, Any]) -> None:
        """Take in what a recorded trial had at the rungs."""
        for name, value in system_attrs.items():
            if name.startswith(RUNG_PREFIX):
                bisect.insort(self._values.setdefault(name, []), value)

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """True where the trial's last value does not pass a rung that it has reached; the value is noted there."""
        step = trial.last_step
        if step is None:
            return False
        value = trial.intermediate_values[step]
        rung = 0
        while f"{RUNG_PREFIX}{rung}" in trial.system_attrs:
            rung += 1
        while step >= self._first_rung * self._reduction_factor**rung:
            if math.isnan(value) or not self._passes(trial, f"{RUNG_PREFIX}{rung}", value):
                return True
            rung += 1
        return False

    def _passes(self, trial: FrozenTrial, name: str, value: float) -> bool:
        """Note a value at a rung; True where it is among the best there, or the best of the first few."""
        self._storage.set_trial_system_attr(trial._trial_id, name, value)
        values = self._values.setdefault(name, [])
        bisect.insort(values, value)
        return value <= values[max(len(values) // self._reduction_factor - 1, 0)]
