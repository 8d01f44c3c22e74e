"""Trials whose node is lost or has notice: taken back, handed out again, and given up after some losses."""

import pytest
from ray.tune.search import Searcher

from core.store.records import read_record
from core.store.study import StudyFolder
from search.cluster.capacity import Resources
from search.tune import SteeringSearcher

from .conftest import HERE, epoch_report
from .test_steering import next_number, run_to_end
from .test_tune import trial_of


def test_released_trial_goes_on_before_any_other_from_what_is_on_record(make_steering):
    steering = make_steering()
    first, second = next_number(steering), next_number(steering)
    steering.report(second, epoch_report(1, 0.5), worker=HERE, has_predictions=False)
    steering.release(second)
    assert steering.running == {first}
    again = steering.next_trial()
    assert (again.record.number, again.num_recorded_epochs, again.attempt) == (second, 1, 1)
    run_to_end(steering, second, 0.5, start=2)
    assert next_number(steering) == 2
    assert steering.ledger[second].state == "complete"


def test_released_trial_stays_running_on_disk_with_its_moves_counted(make_steering, tmp_path):
    steering = make_steering()
    for with_notice in (False, True):
        steering.release(next_number(steering), with_notice=with_notice)
    record = read_record(str(tmp_path / "study/trials/t000000/trial.json"))
    assert (record.state, record.user_attrs["moved"]) == ("running", 2)
    assert next_number(make_steering()) == 0, "another start goes on with it too"


def test_released_trial_does_not_count_as_running_nor_takes_from_the_budget(make_steering):
    steering = make_steering(num_trials=1)
    steering.release(next_number(steering))
    assert steering.num_left == 1
    run_to_end(steering, next_number(steering), 0.5)
    assert steering.next_trial() is None


def test_trial_that_loses_ten_nodes_without_an_epoch_fails_with_the_reason(make_steering):
    steering = make_steering()
    for _ in range(9):
        steering.release(next_number(steering))
    assert steering.ledger[0].state == "running"
    steering.release(next_number(steering))
    record = steering.ledger[0]
    assert record.state == "failed"
    assert record.error == "10 nodes were lost under it before it had another epoch; it may be what takes them down"
    assert steering.stop_reason is None
    assert next_number(steering) == 1


def test_an_epoch_between_losses_and_a_notice_in_time_keep_them_from_adding_up(make_steering):
    steering = make_steering()
    for epoch in (1, 2):
        for _ in range(9):
            steering.release(next_number(steering))
        for _ in range(19):
            steering.release(next_number(steering), with_notice=True)
        number = next_number(steering)
        steering.report(number, epoch_report(epoch, 0.5), worker=HERE, has_predictions=False)
        steering.release(number, with_notice=True)
    assert steering.ledger[0].state == "running"


@pytest.mark.parametrize("ends", ["interrupt", "run_to_end"])
def test_release_of_a_trial_that_is_left_or_has_ended_changes_nothing(make_steering, ends):
    steering = make_steering()
    number = next_number(steering)
    if ends == "interrupt":
        steering.interrupt()
    else:
        run_to_end(steering, number, 0.5)
    before = steering.ledger[number]
    steering.release(number)
    assert steering.ledger[number] == before


def test_searcher_is_finished_only_once_nothing_runs_whose_node_might_be_lost(make_steering):
    steering = make_steering(num_trials=1)
    searcher = SteeringSearcher(
        steering, StudyFolder("runs/s"), Resources(cpus_per_trial=1, gpus_per_trial=0, max_concurrent=2)
    )
    assert trial_of(searcher.suggest("a"))["attempt"] == 0
    assert searcher.suggest("b") is None
    steering.release(0)
    assert (trial_of(searcher.suggest("b"))["number"], searcher.suggest("c")) == (0, None)
    assert steering.ledger[0].state == "running"
    run_to_end(steering, 0, 0.5)
    assert searcher.suggest("d") == Searcher.FINISHED
