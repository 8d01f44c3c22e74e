"""When trials fail one after the other: what stops a search, and what does not."""

import dataclasses

from core.config import Config
from search.starts import Start

from .conftest import HERE, epoch_report, one_knob_space
from .test_steering import next_number, run_to_end


def test_search_stops_when_its_first_three_trials_fail(make_steering):
    steering = make_steering(num_trials=10)
    for _ in range(3):
        assert steering.stop_reason is None
        steering.fail(next_number(steering), "no")
    assert steering.stop_reason == "failing"


def test_search_goes_on_when_its_first_trials_fail_for_different_reasons(make_steering):
    steering = make_steering(num_trials=10)
    for error in ("epoch 3: loss is nan", "out of memory", "epoch 12: loss is nan", "epoch 4: loss is nan"):
        steering.fail(next_number(steering), error)
    assert steering.stop_reason is None
    for _ in range(6):
        steering.fail(next_number(steering), "out of memory")
    assert steering.stop_reason == "failing"


def test_ones_own_model_that_always_fails_stops_the_search_though_the_known_ones_succeed(make_steering):
    def own(trial):
        return dataclasses.replace(one_knob_space(trial), builder="mine:build")

    steering = make_steering(num_trials=20, space=own)
    steering.starts = [Start(origin="base", params={"learning_rate": 1e-3}), Start(origin="notebook", config=Config())]
    steering.fail(next_number(steering), "--model mine:build raised")
    run_to_end(steering, next_number(steering), 0.5)
    for _ in range(3):
        assert steering.stop_reason is None
        steering.fail(next_number(steering), "--model mine:build raised")
    assert steering.stop_reason == "failing"


def test_numbers_do_not_make_another_reason(make_steering):
    steering = make_steering(num_trials=10)
    for epoch in range(3):
        steering.fail(next_number(steering), f"epoch {epoch}: loss is nan after {epoch / 7} s at 0x7f{epoch}a")
    assert steering.stop_reason == "failing"


def test_search_stops_after_ten_failures_in_a_row_also_later(make_steering):
    steering = make_steering(num_trials=100)
    run_to_end(steering, next_number(steering), 0.5)
    for _ in range(10):
        assert steering.stop_reason is None
        steering.fail(next_number(steering), "no space left")
    assert steering.stop_reason == "failing"


def test_an_epoch_between_them_keeps_failures_from_adding_up(make_steering):
    steering = make_steering(num_trials=100)
    run_to_end(steering, next_number(steering), 0.5)
    for _ in range(15):
        steering.fail(next_number(steering), "no")
        run_to_end(steering, next_number(steering), 0.5)
    assert steering.stop_reason is None


def test_failures_of_one_reason_count_though_trials_get_some_epochs_before_they_fail(make_steering):
    steering = make_steering(num_trials=10)
    for _ in range(3):
        assert steering.stop_reason is None
        number = next_number(steering)
        steering.report(number, epoch_report(1, 0.5), worker=HERE, has_predictions=False)
        steering.fail(number, "the model cannot be saved")
    assert steering.stop_reason == "failing"
