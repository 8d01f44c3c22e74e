import copy
from datetime import datetime

import optuna
import pytest
from optuna.trial import TrialState

from core.config import Config
from core.store.records import TrialRecord
from search.starts import Start
from search.study import TrialStudy, first_rung, frozen_trial, rung_epochs

from .conftest import EPOCHS, default_space, epoch_report, one_knob_space


@pytest.mark.parametrize(
    ("epochs", "rungs"), [(1, ()), (2, (1,)), (4, (1,)), (10, (1, 4)), (20, (2, 8)), (60, (6, 24))]
)
def test_rung_epochs_are_four_times_apart_and_before_the_last(epochs, rungs):
    assert rung_epochs(epochs) == rungs


def test_rung_epochs_are_those_at_which_the_pruner_asks():
    for epochs in (9, 20, 45):
        study = TrialStudy(one_knob_space, seed=0, epochs=epochs)
        good, _ = study.ask()
        for epoch in range(1, epochs + 1):
            study.report(good, epoch, 0.1)
            assert not study.should_prune(good)
        for rung in rung_epochs(epochs):
            bad, _ = study.ask()
            pruned_at = None
            for epoch in range(1, epochs):
                # as good as the best until the rung, then bad
                study.report(bad, epoch, 0.05 if epoch < rung else 9.0)
                if study.should_prune(bad):
                    pruned_at = epoch
                    break
            assert pruned_at == rung
            study.prune(bad)


def test_first_rung_is_one_epoch_at_least():
    assert first_rung(1) == 1
    assert first_rung(90) == 9


def test_ask_takes_known_params_and_numbers_from_zero():
    study = TrialStudy(one_knob_space, seed=0, epochs=EPOCHS)
    assert study.ask(Start(origin="mine", params={"learning_rate": 0.05}))[1].train.learning_rate == 0.05
    assert study.ask()[0] == 1


@pytest.mark.parametrize("space", [one_knob_space, default_space])
def test_rebuilt_study_suggests_what_the_uninterrupted_one_does(space):
    def play(study: TrialStudy, records: list[TrialRecord], num_trials: int) -> list[Config]:
        configs = []
        for _ in range(num_trials):
            number, config = study.ask()
            configs.append(config)
            value = abs(config.train.learning_rate - 0.03)
            study.report(number, 1, value)
            study.should_prune(number)
            memory = study.sampler_memory(number)
            study.complete(number, value)
            records.append(
                TrialRecord(
                    number=number,
                    trial_id=f"t{number}",
                    config=config.to_json(),
                    seed=0,
                    state="complete",
                    epochs=(epoch_report(1, value),),
                    **memory,
                )
            )
        return configs

    whole = play(TrialStudy(space, seed=5, epochs=EPOCHS), [], 16)
    records: list[TrialRecord] = []
    first = play(TrialStudy(space, seed=5, epochs=EPOCHS), records, 10)
    resumed = TrialStudy(space, seed=5, epochs=EPOCHS)
    resumed.rebuild(records)
    assert first + play(resumed, records, 6) == whole
    assert len(set(whole)) == 16, "no configuration twice"


def test_rebuild_tells_every_state_truthfully_and_fills_lost_numbers_as_failed():
    study = TrialStudy(one_knob_space, seed=0, epochs=EPOCHS)
    study.rebuild(
        [
            TrialRecord(number=3, trial_id="d", state="failed", config={}, seed=0),
            TrialRecord(number=0, trial_id="a", state="complete", epochs=(epoch_report(1, 0.5),), config={}, seed=0),
            TrialRecord(number=1, trial_id="b", state="pruned", epochs=(epoch_report(1, 0.7),), config={}, seed=0),
        ]
    )
    trials = study._study.get_trials()
    states = [trial.state for trial in trials]
    assert states == [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.FAIL]
    assert trials[0].value == 0.5
    assert trials[1].intermediate_values == {1: 0.7}


def test_recorded_trial_is_what_optuna_makes_of_it_and_its_own_copy():
    study = TrialStudy(default_space, seed=0, epochs=EPOCHS)
    number, config = study.ask()
    study.report(number, 1, 0.5)
    study.should_prune(number)
    record = TrialRecord(
        number=number,
        trial_id="t",
        config=config.to_json(),
        seed=0,
        state="complete",
        epochs=(epoch_report(1, 0.5), epoch_report(2, 0.25)),
        started=3.0,
        ended=4.0,
        **study.sampler_memory(number),
    )
    found = frozen_trial(record)
    expected = optuna.trial.create_trial(
        value=0.25,
        params=record.params,
        distributions=found.distributions,
        system_attrs=record.system_attrs,
        intermediate_values={1: 0.5, 2: 0.25},
    )
    for name in ("state", "values", "params", "distributions", "system_attrs", "user_attrs", "intermediate_values"):
        assert getattr(found, name) == getattr(expected, name)
    assert {
        name: optuna.distributions.distribution_to_json(found.distributions[name]) for name in found.params
    } == record.distributions
    assert (found.datetime_start, found.datetime_complete) == (datetime.fromtimestamp(3), datetime.fromtimestamp(4))
    assert copy.deepcopy(found) is found


def test_rebuilt_study_leaves_the_records_as_they_are():
    study = TrialStudy(one_knob_space, seed=0, epochs=EPOCHS)
    number, config = study.ask()
    memory = study.sampler_memory(number)
    record = TrialRecord(number=number, trial_id="t", config=config.to_json(), seed=0, **memory)
    again = TrialStudy(one_knob_space, seed=0, epochs=EPOCHS)
    again.rebuild([record])
    again.report(number, 1, 0.5)
    assert not again.should_prune(number)
    again.complete(number, 0.5)
    assert again.sampler_memory(number)["system_attrs"] == memory["system_attrs"] | {"completed_rung_0": 0.5}
    assert record == TrialRecord(number=number, trial_id="t", config=config.to_json(), seed=0, **memory)
    assert record.system_attrs == study.sampler_memory(number)["system_attrs"]
