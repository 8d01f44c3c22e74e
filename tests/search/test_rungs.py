"""The law of the rungs: decisions and notes are those of Optuna's own pruner."""

import math

import numpy as np
import optuna
import pytest
from optuna.pruners import BasePruner, SuccessiveHalvingPruner
from optuna.storages import InMemoryStorage

from search.rungs import RungPruner

EPOCHS = 20


def play(pruner: BasePruner, storage: InMemoryStorage, seed: int) -> tuple[list[bool], list[dict[str, float]]]:
    """Run trials side by side, some with equal values and some with NaN; return all answers and all notes."""
    random, answers = np.random.default_rng(seed), []
    study = optuna.create_study(storage=storage, pruner=pruner)
    running = {study.ask(): 0 for _ in range(4)}
    for _ in range(400):
        trial = list(running)[random.integers(len(running))]
        running[trial] += 1
        value = math.nan if random.random() < 0.01 else float(random.integers(1, 40)) / running[trial]
        trial.report(value, running[trial])
        answers.append(trial.should_prune())
        if random.random() < 0.02:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        elif answers[-1] or running[trial] == EPOCHS:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            continue
        del running[trial]
        running[study.ask()] = 0
    return answers, [trial.system_attrs for trial in study.get_trials(deepcopy=False)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("first_rung", "factor"), [(1, 4), (2, 3)])
def test_rungs_decide_and_note_as_optunas_pruner_does(seed: int, first_rung: int, factor: int) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ours, theirs = InMemoryStorage(), InMemoryStorage()
    found = play(RungPruner(ours, first_rung=first_rung, reduction_factor=factor), ours, seed)
    expected = play(SuccessiveHalvingPruner(min_resource=first_rung, reduction_factor=factor), theirs, seed)
    assert found == expected
    assert {True, False} == set(found[0])


def test_rungs_that_are_told_of_earlier_trials_go_on_as_if_they_had_been_there() -> None:
    storage = InMemoryStorage()
    rungs = RungPruner(storage, first_rung=1, reduction_factor=4)
    for value in (0.1, 0.2, 0.3):
        rungs.note({"completed_rung_0": value, "fixed_params": {}})
    study = optuna.create_study(storage=storage, pruner=rungs)
    for value, is_pruned in ((0.15, True), (0.05, False), (0.15, True), (0.1, True)):
        trial = study.ask()
        trial.report(value, 1)
        assert trial.should_prune() == is_pruned
        assert study.trials[-1].system_attrs == {"completed_rung_0": value}


def test_a_trial_without_reports_goes_on() -> None:
    storage = InMemoryStorage()
    trial = optuna.create_study(storage=storage, pruner=RungPruner(storage, first_rung=1, reduction_factor=4)).ask()
    assert not trial.should_prune()
