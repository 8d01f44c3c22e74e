import dataclasses
import json
import time

import pytest

from core.config import Config
from core.store.records import read_record
from search.starts import Start
from search.steering import Steering

from .conftest import EPOCHS, HERE, default_space, epoch_report, one_knob_space, write_whole_predictions


def run_to_end(steering: Steering, number: int, log_loss: float, start: int = 1) -> None:
    write_whole_predictions(steering, number)
    for epoch in range(start, EPOCHS + 1):
        if steering.report(number, epoch_report(epoch, log_loss), worker=HERE, has_predictions=True):
            return


def next_number(steering: Steering) -> int:
    assignment = steering.next_trial()
    assert assignment is not None
    return assignment.record.number


def test_first_trial_is_the_notebook_and_the_budget_is_kept(make_steering):
    steering = make_steering(num_trials=2)
    first = steering.next_trial()
    assert first.record.user_attrs["origin"] == "notebook"
    assert first.record.config["train"]["learning_rate"] == 1e-3
    assert steering.next_trial() is not None
    assert steering.next_trial() is None


def test_trial_that_runs_all_epochs_is_complete_on_disk(make_steering, tmp_path):
    steering = make_steering()
    run_to_end(steering, next_number(steering), 0.5)
    record = read_record(str(tmp_path / "study/trials/t000000/trial.json"))
    assert record.state == "complete"
    assert len(record.epochs) == EPOCHS
    assert record.ended is not None


def test_worse_trial_is_pruned_at_the_first_rung_and_keeps_its_curve(make_steering):
    steering = make_steering()
    run_to_end(steering, next_number(steering), 0.5)
    worse = next_number(steering)
    assert steering.report(worse, epoch_report(1, 0.9), worker=HERE, has_predictions=True)
    record = steering.ledger[worse]
    assert record.state == "pruned"
    assert record.user_attrs["reason"] == "pruner"
    assert [e.log_loss for e in record.epochs] == [0.9]


def test_trial_is_never_stopped_before_its_predictions_are_on_disk(make_steering):
    steering = make_steering()
    run_to_end(steering, next_number(steering), 0.5)
    worse = next_number(steering)
    assert not steering.report(worse, epoch_report(1, 0.9), worker=HERE, has_predictions=False)


def test_better_trial_goes_on(make_steering):
    steering = make_steering()
    run_to_end(steering, next_number(steering), 0.5)
    better = next_number(steering)
    assert not steering.report(better, epoch_report(1, 0.4), worker=HERE, has_predictions=True)


def test_ranking_takes_least_log_loss_first_and_leaves_failed_out(make_steering):
    steering = make_steering()
    a, b, c = next_number(steering), next_number(steering), next_number(steering)
    run_to_end(steering, a, 0.5)
    run_to_end(steering, b, 0.2)
    steering.fail(c, "ValueError: two\nlines")
    assert [record.number for record in steering.ledger.ranked] == [b, a]
    assert steering.ledger[c].error == "ValueError: two lines"


def test_resumed_start_goes_on_with_the_unfinished_first_and_repeats_nothing(make_steering):
    steering = make_steering(num_trials=3)
    done, open_ = next_number(steering), next_number(steering)
    run_to_end(steering, done, 0.5)
    steering.report(open_, epoch_report(1, 0.4), worker=HERE, has_predictions=True)

    again = make_steering(num_trials=3)
    assert again.ledger[done] == steering.ledger[done]
    assignment = again.next_trial()
    assert (assignment.record.number, assignment.num_recorded_epochs) == (open_, 1)
    run_to_end(again, open_, 0.3, start=2)
    run_to_end(again, next_number(again), 0.9)
    assert again.next_trial() is None
    assert [record.state for record in again.ledger.records] == ["complete", "complete", "pruned"]


@pytest.mark.parametrize("space", [one_knob_space, default_space])
def test_interrupted_start_resumes_to_the_records_of_an_uninterrupted_one(make_steering, space):
    def losses(number: int) -> float:
        return 1 / (1 + (number * 7) % 5)

    def play(steering: Steering) -> None:
        while (assignment := steering.next_trial()) is not None:
            number = assignment.record.number
            run_to_end(steering, number, losses(number), start=assignment.num_recorded_epochs + 1)

    whole = make_steering(num_trials=14, folder="whole", space=space)
    play(whole)
    broken = make_steering(num_trials=6, folder="broken", space=space)
    play(broken)
    number = next_number(make_steering(num_trials=14, folder="broken", space=space))
    half = make_steering(num_trials=14, folder="broken", space=space)
    assert next_number(half) == number
    half.report(number, epoch_report(1, losses(number)), worker=HERE, has_predictions=True)
    play(make_steering(num_trials=14, folder="broken", space=space))
    resumed = make_steering(num_trials=14, folder="broken", space=space)

    def essence(steering: Steering) -> list[object]:
        records = steering.ledger.records
        return [(r.number, r.config, r.params, r.state, r.epochs, r.seed, r.system_attrs) for r in records]

    assert essence(resumed) == essence(whole)


def test_more_trials_extend_and_fewer_change_nothing(make_steering):
    steering = make_steering(num_trials=1)
    run_to_end(steering, next_number(steering), 0.5)
    assert make_steering(num_trials=1).next_trial() is None
    assert make_steering(num_trials=2).next_trial() is not None


def test_interrupt_starts_nothing_and_leaves_running_records_open(make_steering):
    steering = make_steering()
    number = next_number(steering)
    steering.interrupt()
    steering.fail(number, "actor died, as it was stopped")
    assert steering.next_trial() is None
    assert steering.ledger[number].state == "running"


def test_spent_time_budget_starts_nothing_and_ends_what_runs_at_its_epoch(make_steering):
    steering = make_steering(num_trials=None, deadline=time.time() + 100)
    number = next_number(steering)
    assert not steering.report(number, epoch_report(1, 0.5, seconds=1), worker=HERE, has_predictions=True)
    # another epoch of 1000 s would end after the deadline
    assert steering.report(number, epoch_report(2, 0.5, seconds=1000), worker=HERE, has_predictions=True)
    assert steering.ledger[number].state == "pruned"
    assert steering.ledger[number].user_attrs["reason"] == "time budget"
    steering.deadline = time.time() - 1
    assert steering.next_trial() is None


def test_trial_that_the_time_budget_ended_goes_on_in_the_next_start(make_steering, tmp_path):
    steering = make_steering(num_trials=2, deadline=time.time() + 100)
    number = next_number(steering)
    checkpoint = tmp_path / "study/trials/t000000/checkpoint/1/state.npz"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()
    steering.report(number, epoch_report(1, 0.5, seconds=1000), worker=HERE, has_predictions=True)
    write_whole_predictions(steering, number)
    assert checkpoint.exists()

    again = make_steering(num_trials=2)
    assignment = again.next_trial()
    assert (assignment.record.number, assignment.num_recorded_epochs) == (number, 1)
    assert again.num_left == 1
    run_to_end(again, number, 0.4, start=2)
    assert again.ledger[number].state == "complete"
    assert "reason" not in again.ledger[number].user_attrs
    assert not checkpoint.exists()


def test_no_trial_starts_that_could_not_end_an_epoch_in_time(make_steering):
    steering = make_steering(deadline=time.time() + 100)
    number = next_number(steering)
    steering.report(number, epoch_report(1, 0.5, seconds=50), worker=HERE, has_predictions=True)
    assert not steering.is_time_up
    steering.report(number, epoch_report(2, 0.5, seconds=150), worker=HERE, has_predictions=True)
    assert steering.is_time_up
    assert steering.next_trial() is None


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


def test_notebook_is_never_pruned_however_it_does(make_steering):
    steering = make_steering()
    notebook, other = next_number(steering), next_number(steering)
    run_to_end(steering, other, 0.1)
    run_to_end(steering, notebook, 0.9)
    assert steering.ledger[notebook].state == "complete"


def test_other_known_configs_come_next_and_are_pruned_like_drawn_ones(make_steering):
    steering = make_steering(others=("fast", "strong"))
    numbers = [next_number(steering) for _ in range(4)]
    origins = [steering.ledger[number].user_attrs["origin"] for number in numbers]
    assert origins == ["notebook", "fast", "strong", "sampler"]
    assert steering.ledger[numbers[1]].config["train"]["learning_rate"] == 1e-2
    run_to_end(steering, numbers[3], 0.1)
    for number in numbers[:3]:
        run_to_end(steering, number, 0.9)
    assert [steering.ledger[number].state for number in numbers[:3]] == ["complete", "pruned", "pruned"]


def test_search_of_one_trial_is_the_first_known_config(make_steering):
    steering = make_steering(num_trials=1, others=("fast", "strong"))
    run_to_end(steering, next_number(steering), 0.5)
    assert steering.next_trial() is None
    assert [record.user_attrs["origin"] for record in steering.ledger.records] == ["notebook"]


def test_notebook_competes_even_where_its_record_was_lost(make_steering, tmp_path):
    steering = make_steering()
    run_to_end(steering, next_number(steering), 0.5)
    (tmp_path / "study/trials/t000000/trial.json").write_text("{")
    again = make_steering().next_trial().record
    assert (again.number, again.user_attrs["origin"]) == (1, "notebook")


def test_trial_whose_predictions_are_torn_or_missing_is_trained_again_as_it_was(make_steering, tmp_path):
    steering = make_steering(num_trials=2)
    for _ in range(2):
        run_to_end(steering, next_number(steering), 0.5)
    (tmp_path / "study/trials/t000000/predictions.npz").unlink()
    torn = tmp_path / "study/trials/t000001/predictions.npz"
    torn.write_bytes(torn.read_bytes()[:-9])
    again = make_steering(num_trials=2)
    for number in (0, 1):
        assignment = again.next_trial()
        assert (assignment.record.number, assignment.num_recorded_epochs) == (number, 0)
        assert assignment.record.config == steering.ledger[number].config
        run_to_end(again, number, 0.5)
    assert [record.state for record in again.ledger.records] == [record.state for record in steering.ledger.records]


def test_last_epoch_and_end_are_one_write(make_steering, monkeypatch):
    steering = make_steering()
    number = next_number(steering)
    for epoch in range(1, EPOCHS):
        steering.report(number, epoch_report(epoch, 0.5), worker=HERE, has_predictions=False)
    written = []
    monkeypatch.setattr("search.ledger.write_record", lambda url, record: written.append(record))
    steering.report(number, epoch_report(EPOCHS, 0.5), worker=HERE, has_predictions=True)
    assert [(record.state, len(record.epochs)) for record in written] == [("complete", EPOCHS)]


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


def test_number_of_a_damaged_newest_record_is_not_used_again(make_steering, tmp_path):
    steering = make_steering()
    for _ in range(2):
        run_to_end(steering, next_number(steering), 0.5)
    (tmp_path / "study/trials/t000001/trial.json").unlink()
    assert next_number(make_steering()) == 2


def test_number_of_a_folder_that_was_made_before_the_driver_was_killed_is_used(make_steering, tmp_path):
    steering = make_steering()
    run_to_end(steering, next_number(steering), 0.5)
    made = tmp_path / "study/trials/t000001"
    made.mkdir()
    (made / ".softvote-0123").write_text("{")
    whole = make_steering(folder="whole")
    run_to_end(whole, next_number(whole), 0.5)
    again, expected = make_steering().next_trial().record, whole.next_trial().record
    assert again.number == 1
    assert again.config == expected.config


@pytest.mark.parametrize(
    "change", [{"epochs": []}, {"distributions": {}}, {"number": 7}, {"params": {"learning_rate": "fast"}}]
)
def test_record_of_valid_json_with_damaged_content_counts_as_damaged(make_steering, tmp_path, change):
    steering = make_steering()
    run_to_end(steering, next_number(steering), 0.5)
    path = tmp_path / "study/trials/t000000/trial.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    again = make_steering()
    assert len(again.ledger.damaged) == 1
    assert again.ledger.records == []


def test_torn_record_costs_that_trial_alone(make_steering, tmp_path):
    steering = make_steering(num_trials=3)
    for _ in range(2):
        run_to_end(steering, next_number(steering), 0.5)
    record = tmp_path / "study/trials/t000000/trial.json"
    record.write_bytes(record.read_bytes()[:40])
    again = make_steering(num_trials=3)
    assert len(again.ledger.damaged) == 1
    assert "t000000/trial.json is torn" in again.ledger.damaged[0]
    assert [r.number for r in again.ledger.records] == [1]
    assert next_number(again) == 2


def test_book_keeps_its_lists_in_order_whatever_ends_first(make_steering):
    steering = make_steering(num_trials=6, others=("fast",))
    numbers = [next_number(steering) for _ in range(6)]
    for number, log_loss in ((4, 0.5), (1, 0.2), (3, 0.5)):
        run_to_end(steering, number, log_loss)
    for number in (5, 2):
        steering.fail(number, "no")
    for ledger in (steering.ledger, make_steering(num_trials=6).ledger):
        assert [record.number for record in ledger.records] == numbers
        assert [record.number for record in ledger.ended] == [1, 2, 3, 4, 5]
        assert [record.number for record in ledger.failed] == [2, 5]
        assert [record.number for record in ledger.ranked] == [1, 3, 4]
        assert [record.number for record in ledger.unranked] == [0, 2, 5]
        assert ledger.best == ledger[1]
        assert ledger.num_ended == 5
        assert ledger.origins == {"notebook", "fast", "sampler"}
        assert ledger.longest_epoch_seconds == 1.0
