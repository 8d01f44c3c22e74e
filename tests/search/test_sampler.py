"""The sampler against Optuna's own: the same draws from the same trials, whatever has become of them."""

import math
import random
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from search.sampler import EndedTrials, Sampler
from search.study import SpaceFunction

from .conftest import default_space, one_knob_space

NUM_TRIALS = 40


class OptunasOwn(optuna.samplers.TPESampler):
    """What the sampler is measured by: Optuna's TPE, with trials without knobs left out of the joint space."""

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        drawn = [t for t in study.get_trials(deepcopy=False) if t.distributions]
        space = optuna.search_space.intersection_search_space(drawn, include_pruned=True)
        return {name: distribution for name, distribution in space.items() if not distribution.single()}


def end_somehow(study: optuna.Study, trial: optuna.Trial, fate: random.Random) -> None:
    """Complete, prune, fail or leave a trial running, after some epochs; values may be NaN or alike."""
    kind = fate.choice(["complete", "complete", "pruned", "pruned", "pruned", "failed", "running"])
    for epoch in range(fate.choice([0, 1, 3])):
        trial.report(fate.choice([0.25, 0.5, fate.random(), math.nan]), epoch + 1)
    if kind == "complete":
        study.tell(trial, fate.choice([0.5, fate.random()]))
    elif kind != "running":
        study.tell(trial, state={"pruned": TrialState.PRUNED, "failed": TrialState.FAIL}[kind])


def play(study: optuna.Study, space: SpaceFunction, sampler_of: Any) -> list[dict[str, Any]]:
    """Run trials of which each is drawn by a new sampler; return what was drawn."""
    drawn, fate, left_running = [], random.Random(0), []
    for number in range(NUM_TRIALS):
        study.sampler = sampler_of(number)
        trial = study.ask()
        if number % 9 != 4:  # one in nine has no knobs at all
            space(trial)
        drawn.append(dict(trial.params))
        end_somehow(study, trial, fate)
        if study.get_trials(deepcopy=False)[number].state == TrialState.RUNNING:
            left_running.append(trial)
        if len(left_running) > 3:  # an old one ends long after later ones
            study.tell(left_running.pop(0), fate.random())
    return drawn


@pytest.mark.parametrize("space", [one_knob_space, default_space])
def test_sampler_draws_what_optunas_own_draws(space):
    ended = EndedTrials()
    ours = play(optuna.create_study(), space, lambda n: Sampler(ended, seed=n, num_random_trials=8))
    theirs = play(
        optuna.create_study(),
        space,
        lambda n: OptunasOwn(seed=n, multivariate=True, constant_liar=True, n_startup_trials=8),
    )
    assert ours == theirs
    assert len({str(params) for params in ours}) > NUM_TRIALS / 2


def test_sampler_of_a_rebuilt_study_draws_what_the_first_one_draws():
    study, ended = optuna.create_study(), EndedTrials()
    play(study, default_space, lambda n: Sampler(ended, seed=n, num_random_trials=8))
    again = optuna.create_study()
    again.add_trials(study.trials)
    drawn = []
    for one, known in ((study, ended), (again, EndedTrials())):
        one.sampler = Sampler(known, seed=7, num_random_trials=8)
        trial = one.ask()
        default_space(trial)
        drawn.append(trial.params)
    assert drawn[0] == drawn[1]


def study_of(*trials: FrozenTrial) -> optuna.Study:
    study = optuna.create_study()
    study.add_trials(trials)
    return study


def ended_trial(
    params: dict[str, Any],
    space: dict[str, BaseDistribution],
    value: float | None,
    steps: dict[int, float] | None = None,
) -> FrozenTrial:
    state = TrialState.PRUNED if value is None else TrialState.COMPLETE
    return create_trial(state=state, value=value, params=params, distributions=space, intermediate_values=steps or {})


def test_best_are_complete_trials_by_value_then_pruned_ones_by_length_and_value():
    space: dict[str, BaseDistribution] = {"x": FloatDistribution(0, 1)}
    ended = EndedTrials()
    ended.catch_up(
        study_of(
            ended_trial({"x": 0.1}, space, 0.9),
            ended_trial({"x": 0.2}, space, None, {1: 0.1}),
            ended_trial({"x": 0.3}, space, None, {1: 0.5, 2: 0.4}),
            ended_trial({"x": 0.4}, space, 0.2),
            create_trial(state=TrialState.FAIL),
            ended_trial({"x": 0.5}, space, None, {1: 0.1, 2: math.nan}),
        )
    )
    assert [ended.best(count).tolist() for count in range(1, 6)] == [
        [3],
        [0, 3],
        [0, 2, 3],
        [0, 2, 3, 5],
        [0, 1, 2, 3, 5],
    ]
    assert ended.all_but(ended.best(2)).tolist() == [1, 2, 5]


def test_joint_space_is_what_all_trials_with_knobs_have_alike():
    x, y = FloatDistribution(0, 1), CategoricalDistribution(("a", "b"))
    ended = EndedTrials()
    study = study_of(
        ended_trial({"y": "b", "x": 0.1, "n": 2}, {"y": y, "x": x, "n": IntDistribution(1, 2)}, 0.1),
        ended_trial({"y": "a", "x": 0.1, "n": 2}, {"y": y, "x": x, "n": IntDistribution(1, 3)}, 0.1),
        ended_trial({}, {}, 0.1),
    )
    ended.catch_up(study)
    assert ended.joint_space == {"x": x, "y": y}
    numbers, values = ended.observations(np.arange(3), ["y", "n"])
    assert numbers.tolist() == [0, 1]
    assert values["y"].tolist() == [1, 0]
    assert values["n"].tolist() == [2, 2]


def test_unknown_knob_has_no_observations():
    ended = EndedTrials()
    ended.catch_up(study_of(ended_trial({"x": 0.1}, {"x": FloatDistribution(0, 1)}, 0.1)))
    numbers, values = ended.observations(np.arange(1), ["z"])
    assert (len(numbers), len(values["z"])) == (0, 0)
