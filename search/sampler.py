"""Optuna's TPE, draw for draw, in a fraction of its time: what it reads of the ended trials is kept in columns.

Optuna itself goes over all trials in Python for each knob that it draws, which takes a second a suggestion once there
are 10,000 of them.
"""

import bisect
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers._tpe.sampler import default_gamma
from optuna.trial import FrozenTrial, TrialState

Space = dict[str, BaseDistribution]
Observations = dict[str, np.ndarray]
"""Values of knobs, one column each, by trial number."""


class EndedTrials:
    """The ended trials of one study, as columns by trial number: nothing that the study would not give again."""

    def __init__(self) -> None:
        """Start with none; `catch_up` takes in those of the study."""
        self.joint_space: Space | None = None
        """The knobs that all trials with any have alike; None before the first such trial."""
        self._ranking: list[tuple[int, int, float, int]] = []
        self._columns: dict[str, np.ndarray] = {}
        self._is_scored = np.zeros(0, bool)
        self._open: list[int] = []
        self._num_seen = 0

    @property
    def num_scored(self) -> int:
        """Complete and pruned trials."""
        return len(self._ranking)

    def catch_up(self, study: optuna.Study) -> list[FrozenTrial]:
        """Take in what has ended since the last call, and return the trials that run, by number."""
        trials = study.get_trials(deepcopy=False)
        unsettled = [trials[number] for number in (*self._open, *range(self._num_seen, len(trials)))]
        self._num_seen = len(trials)
        self._open = [trial.number for trial in unsettled if not trial.state.is_finished()]
        self._make_room()
        for trial in unsettled:
            if trial.state in (TrialState.COMPLETE, TrialState.PRUNED):
                self._take_in(trial)
        return [trial for trial in unsettled if trial.state == TrialState.RUNNING]

    def best(self, count: int) -> np.ndarray:
        """Return the numbers of the best: complete ones by value, then pruned ones, the longest first; ascending."""
        return np.sort(np.array([number for *_, number in self._ranking[:count]], dtype=np.int64))

    def all_but(self, numbers: np.ndarray) -> np.ndarray:
        """Return the numbers of the other complete and pruned trials, ascending."""
        is_other = self._is_scored.copy()
        is_other[numbers] = False
        return np.flatnonzero(is_other)

    def observations(self, numbers: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, Observations]:
        """Return which of the trials have all these knobs, and the knobs' values there, as Optuna stores them."""
        if not all(name in self._columns for name in names):
            return numbers[:0], {name: np.zeros(0) for name in names}
        columns = {name: self._columns[name][numbers] for name in names}
        has_all = ~np.isnan(np.stack(list(columns.values()))).any(axis=0)
        return numbers[has_all], {name: column[has_all] for name, column in columns.items()}

    def _take_in(self, trial: FrozenTrial) -> None:
        """Add one complete or pruned trial."""
        bisect.insort(self._ranking, (*_merit(trial), trial.number))
        self._is_scored[trial.number] = True
        for name, distribution in trial.distributions.items():
            if name not in self._columns:
                self._columns[name] = np.full(len(self._is_scored), math.nan)
            self._columns[name][trial.number] = distribution.to_internal_repr(trial.params[name])
        if trial.distributions:
            space = trial.distributions if self.joint_space is None else self.joint_space
            alike = {name for name in space if trial.distributions.get(name) == space[name]}
            self.joint_space = {name: space[name] for name in sorted(alike)}

    def _make_room(self) -> None:
        """Lengthen the columns to all numbers seen, and as many again."""
        room = 2 * self._num_seen - len(self._is_scored)
        if self._num_seen > len(self._is_scored):
            self._is_scored = np.append(self._is_scored, np.zeros(room, bool))
            self._columns = {name: np.append(c, np.full(room, math.nan)) for name, c in self._columns.items()}


class Sampler(optuna.samplers.TPESampler):
    """Joint TPE of one suggestion, which takes trials that still run for bad ones.

    Unlike Optuna's own it leaves trials without knobs out of the joint space, which would leave it none.
    """

    def __init__(self, ended: EndedTrials, *, seed: int, num_random_trials: int) -> None:
        """Draw from what `ended` knows; a sampler of its own for each trial makes a resumed search the same."""
        super().__init__(seed=seed, multivariate=True, constant_liar=True, n_startup_trials=num_random_trials)
        self._ended = ended

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> Space:
        """Return the joint space, without knobs that have one value only."""
        self._ended.catch_up(study)
        space = self._ended.joint_space or {}
        return {name: distribution for name, distribution in space.items() if not distribution.single()}

    def _sample_relative(self, study: optuna.Study, trial: FrozenTrial, search_space: Space) -> dict[str, Any]:
        """Draw all knobs of the joint space, or none while trials are drawn at random."""
        if not search_space or self._ended.num_scored < self._n_startup_trials:
            return {}
        return self._sample(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw one knob by itself."""
        self._ended.catch_up(study)
        if self._ended.num_scored < self._n_startup_trials:
            return self._random_sampler.sample_independent(study, trial, param_name, param_distribution)
        return self._sample(study, trial, {param_name: param_distribution})[param_name]

    def _sample(self, study: optuna.Study, trial: FrozenTrial, search_space: Space) -> dict[str, Any]:
        """Draw candidates where good trials are dense, and return the one that the others make least likely."""
        running = [other for other in self._ended.catch_up(study) if other.number != trial.number]
        good = self._ended.best(default_gamma(self._ended.num_scored))
        _, good_values = self._ended.observations(good, list(search_space))
        other_values = self._with_running(self._ended.all_but(good), running, study, search_space)
        estimator, others = (
            self._parzen_estimator_cls(values, search_space, self._parzen_estimator_parameters)
            for values in (good_values, other_values)
        )
        candidates = estimator.sample(self._rng.rng, self._n_ei_candidates)
        gains = self._compute_acquisition_func(candidates, estimator, others)
        chosen = self._compare(candidates, gains)
        return {name: distribution.to_external_repr(chosen[name]) for name, distribution in search_space.items()}

    def _with_running(
        self, numbers: np.ndarray, running: list[FrozenTrial], study: optuna.Study, search_space: Space
    ) -> Observations:
        """Return the values of the ended trials `numbers` and of the running ones that have these knobs, by number."""
        numbers, values = self._ended.observations(numbers, list(search_space))
        of_running = [(trial.number, self._get_params(trial, study)) for trial in running]
        of_running = [(number, params) for number, params in of_running if search_space.keys() <= params.keys()]
        order = np.argsort(np.append(numbers, np.array([number for number, _ in of_running], dtype=np.int64)))
        return {
            name: np.append(values[name], [distribution.to_internal_repr(params[name]) for _, params in of_running])[
                order
            ]
            for name, distribution in search_space.items()
        }


def _merit(trial: FrozenTrial) -> tuple[int, int, float]:
    """Return what Optuna sorts by, least first: complete before pruned, later steps before earlier ones, the value."""
    if trial.state == TrialState.COMPLETE:
        assert trial.value is not None, "complete trials have a value"
        return 0, 0, trial.value
    if not trial.intermediate_values:
        return 1, 1, 0.0
    step, value = max(trial.intermediate_values.items())
    return 1, -step, math.inf if math.isnan(value) else value
