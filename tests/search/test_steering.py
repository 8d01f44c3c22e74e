import time

import pytest

from core.store.records import read_record
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
    steering.deadline, steering.is_too_late_for_machines = time.time() + 1e6, True
    assert steering.is_time_up
    assert steering.next_trial() is None


def test_notebook_is_never_pruned_however_it_does(make_steering):
    steering = make_steering()
    notebook, other = next_number(steering), next_number(steering)
    run_to_end(steering, other, 0.1)
    run_to_end(steering, notebook, 0.9)
    assert steering.ledger[notebook].state == "complete"


def test_other_known_configs_come_next_and_are_pruned_like_drawn_ones(make_steering):
    steering = make_steering(num_trials=5, others=("fast", "strong"))
    numbers = [next_number(steering) for _ in range(4)]
    origins = [steering.ledger[number].user_attrs["origin"] for number in numbers]
    assert origins == ["notebook", "fast", "strong", "sampler"]
    assert steering.ledger[numbers[1]].config["train"]["learning_rate"] == 1e-2
    run_to_end(steering, numbers[3], 0.1)
    for number in numbers[:3]:
        run_to_end(steering, number, 0.9)
    records = [steering.ledger[number] for number in numbers[:3]]
    assert [record.state for record in records] == ["complete", "pruned", "pruned"]
    # the first rung, after one epoch, would show their warm-up alone; a drawn one ends there
    assert [len(record.epochs) for record in records[1:]] == [4, 4]
    drawn = next_number(steering)
    run_to_end(steering, drawn, 0.9)
    assert len(steering.ledger[drawn].epochs) == 1


def test_search_of_one_trial_is_the_first_known_config(make_steering):
    steering = make_steering(num_trials=1, others=("fast", "strong"))
    run_to_end(steering, next_number(steering), 0.5)
    assert steering.next_trial() is None
    assert [record.user_attrs["origin"] for record in steering.ledger.records] == ["notebook"]


def test_what_reports_nothing_long_after_the_time_budget_is_not_waited_for(make_steering):
    steering = make_steering(deadline=time.time() - 25)
    assert not steering.is_overtime
    steering.deadline = time.time() - 125
    assert steering.is_overtime, "no epoch has ended yet: a process's start is waited for"
    steering.deadline = time.time() + 500
    steering.report(next_number(steering), epoch_report(1, 0.5, seconds=100), worker=HERE, has_predictions=True)
    steering.deadline = time.time() - 125
    assert not steering.is_overtime, "twice the longest epoch"
    steering.deadline = time.time() - 225
    assert steering.is_overtime
    steering.deadline = None
    assert not steering.is_overtime
