import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.made_up import made_up_report
from core.store import files
from core.store.committee import CommitteeFolder
from core.store.records import read_record
from search.committee.plan import Training, grown_plan, refits_of, trainings_of
from search.committee.steering import CommitteeSteering
from search.ledger import Ledger
from search.live.standing import Standing
from search.settings import SearchSettings
from search.watch import Assignment
from tests.search.committee.making import record_of, split_of
from tests.search.conftest import HERE, write_small_predictions

EPOCHS = 3
SPLITS = (split_of(50), split_of(50))
PLAN = grown_plan(
    None, [record_of(2), record_of(0)], SearchSettings(data="d.zip", study="s", committee=2, folds=2), EPOCHS
)
IDS = ["t000002-fold0-seed0", "t000002-fold1-seed0", "t000000-fold0-seed0", "t000000-fold1-seed0"]
MakeSteering = Callable[..., CommitteeSteering]


@pytest.fixture
def folder(tmp_path: Path) -> CommitteeFolder:
    return CommitteeFolder(str(tmp_path))


@pytest.fixture
def make_steering(folder: CommitteeFolder) -> MakeSteering:
    """Open a start of a committee; called again, it is the next start on the same records."""
    generation = 0

    def make(trainings: list[Training] | None = None, more_views: int = 1, **fields: Any) -> CommitteeSteering:
        nonlocal generation
        generation += 1
        asked = trainings_of(PLAN, SPLITS) if trainings is None else trainings
        ledger = Ledger(folder, generation, more_views=more_views)
        steering = CommitteeSteering(ledger=ledger, num_trials=len(asked), trainings=asked, **fields)
        steering.resume()
        return steering

    return make


def assign(steering: CommitteeSteering) -> Assignment:
    assignment = steering.next_trial()
    assert assignment is not None
    return assignment


def begin(steering: CommitteeSteering) -> int:
    return assign(steering).record.number


def report(steering: CommitteeSteering, number: int, epoch: int, seconds: float = 1.0) -> bool:
    return steering.report(number, made_up_report(epoch, 0.5, seconds), worker=HERE, has_predictions=epoch == EPOCHS)


def run_to_end(steering: CommitteeSteering, number: int, start: int = 1) -> None:
    trial = steering.ledger.folder.trial(steering.ledger[number].trial_id)
    write_small_predictions(trial.predictions)
    assert [report(steering, number, epoch) for epoch in range(start, EPOCHS + 1)] == [False] * (EPOCHS - start) + [
        True
    ]


def run_all(steering: CommitteeSteering) -> list[str]:
    """Run what is left to its end; return the ids in their order."""
    ids = []
    while (assignment := steering.next_trial()) is not None:
        run_to_end(steering, assignment.record.number, start=assignment.num_recorded_epochs + 1)
        ids.append(assignment.record.trial_id)
    return ids


def test_trainings_come_in_the_plans_order_each_with_its_split(make_steering: MakeSteering) -> None:
    steering = make_steering()
    assignments = [assign(steering) for _ in IDS]
    assert [one.record.trial_id for one in assignments] == IDS
    assert [(one.split, one.is_scored, one.num_recorded_epochs) for one in assignments] == [
        (0, True, 0),
        (1, True, 0),
    ] * 2
    assert steering.next_trial() is None
    assert (steering.num_left, len(steering.running)) == (0, 4)


def test_training_that_ran_all_epochs_is_complete_on_disk(make_steering: MakeSteering, folder: CommitteeFolder) -> None:
    steering = make_steering()
    run_to_end(steering, begin(steering))
    record = read_record(folder.trial(IDS[0]).record)
    assert (record.state, len(record.epochs), record.trial_id) == ("complete", EPOCHS, IDS[0])
    assert record.number == folder.number_of(IDS[0])
    assert record.config == PLAN.members[0]["config"] | {"precision": "float32"}
    assert record.seed == steering.trainings[0].seed
    assert record.user_attrs == {"origin": "committee"}
    assert (record.params, record.distributions, record.system_attrs) == ({}, {}, {})


def test_nothing_is_pruned_however_it_does(make_steering: MakeSteering) -> None:
    steering = make_steering()
    good, bad = begin(steering), begin(steering)
    run_to_end(steering, good)
    for epoch in range(1, EPOCHS):
        assert not steering.report(bad, made_up_report(epoch, 99.0), worker=HERE, has_predictions=True)


def test_committee_is_done_once_every_training_has_ended_well(make_steering: MakeSteering) -> None:
    steering = make_steering()
    assert not steering.is_done
    assert run_all(steering) == IDS
    assert steering.is_done
    again = make_steering()
    assert again.is_done
    assert again.next_trial() is None
    assert again.num_left == 0


def test_committee_of_nothing_is_done(make_steering: MakeSteering) -> None:
    assert make_steering([]).is_done


def test_next_start_goes_on_with_what_was_under_way_and_repeats_nothing(make_steering: MakeSteering) -> None:
    steering = make_steering()
    run_to_end(steering, begin(steering))
    report(steering, begin(steering), 1)
    again = make_steering()
    assert again.num_left == 3
    assignment = assign(again)
    assert (assignment.record.trial_id, assignment.num_recorded_epochs, assignment.split) == (IDS[1], 1, 1)
    run_to_end(again, assignment.record.number, start=2)
    assert run_all(again) == IDS[2:]
    assert again.is_done


def test_failed_training_is_tried_again_in_the_next_start_and_not_in_this_one(
    make_steering: MakeSteering, folder: CommitteeFolder
) -> None:
    steering = make_steering()
    number = begin(steering)
    report(steering, number, 1)
    steering.fail(number, "ValueError: two\nlines", "trace")
    assert run_all(steering) == IDS[1:]
    assert not steering.is_done
    assert [record.error for record in steering.ledger.failed] == ["ValueError: two lines"]
    again = make_steering()
    assert again.ledger.failed == []
    assert read_record(folder.trial(IDS[0]).record).state == "failed", "so on disk until it has trained again"
    assignment = assign(again)
    assert (assignment.record.trial_id, assignment.num_recorded_epochs) == (IDS[0], 0)
    assert assignment.record.seed == steering.ledger[number].seed
    run_to_end(again, number)
    record = read_record(folder.trial(IDS[0]).record)
    assert (record.state, record.error, len(record.epochs)) == ("complete", None, EPOCHS)
    assert again.is_done


def test_training_whose_predictions_are_missing_is_trained_again(
    make_steering: MakeSteering, folder: CommitteeFolder
) -> None:
    run_all(make_steering())
    files.remove(folder.trial(IDS[2]).predictions)
    again = make_steering()
    assert not again.is_done
    assert run_all(again) == [IDS[2]]


def test_training_whose_predictions_over_more_views_are_torn_is_trained_again(
    make_steering: MakeSteering, folder: CommitteeFolder
) -> None:
    run_all(make_steering())
    for trial_id in IDS:
        write_small_predictions(folder.trial(trial_id).predictions_of(9))
    assert make_steering(more_views=9).is_done
    torn = Path(folder.trial(IDS[1]).predictions_of(9))
    torn.write_bytes(torn.read_bytes()[:-9])
    assert run_all(make_steering(more_views=9)) == [IDS[1]]
    assert not make_steering(more_views=9).is_done, "the views are still torn"


def test_torn_record_costs_that_training_alone(make_steering: MakeSteering, folder: CommitteeFolder) -> None:
    run_all(make_steering())
    path = Path(folder.trial(IDS[1]).record)
    path.write_bytes(path.read_bytes()[:40])
    again = make_steering()
    assert not again.is_done
    assert run_all(again) == [IDS[1]]
    assert again.is_done


def test_time_budget_leaves_the_record_running_to_go_on_with(
    make_steering: MakeSteering, folder: CommitteeFolder
) -> None:
    steering = make_steering(deadline=time.time() + 100)
    number = begin(steering)
    assert not report(steering, number, 1)
    assert report(steering, number, 2, seconds=1000), "another epoch would end after the deadline"
    record = read_record(folder.trial(IDS[0]).record)
    assert (record.state, record.ended, len(record.epochs)) == ("running", None, 2)
    assert steering.running == set()
    assert not steering.is_done
    steering.deadline = time.time() - 1
    assert steering.next_trial() is None
    again = make_steering()
    assignment = assign(again)
    assert (assignment.record.trial_id, assignment.num_recorded_epochs) == (IDS[0], 2)


def test_interrupt_starts_nothing_and_leaves_running_records_open(
    make_steering: MakeSteering, folder: CommitteeFolder
) -> None:
    steering = make_steering()
    number = begin(steering)
    steering.interrupt()
    steering.fail(number, "actor died, as it was stopped")
    assert steering.next_trial() is None
    assert read_record(folder.trial(IDS[0]).record).state == "running"


def test_failures_for_one_reason_stop_the_committee(make_steering: MakeSteering) -> None:
    steering = make_steering()
    for epoch in range(3):
        assert steering.stop_reason is None
        steering.fail(begin(steering), f"epoch {epoch}: no room")
    assert steering.stop_reason == "failing"
    assert steering.next_trial() is None


def test_failures_after_a_training_that_ended_well_stop_nothing_yet(make_steering: MakeSteering) -> None:
    steering = make_steering()
    run_to_end(steering, begin(steering))
    for _ in range(3):
        steering.fail(begin(steering), "no room")
    assert steering.stop_reason is None


def test_refits_are_trained_beside_the_folds_and_know_nothing_of_them(make_steering: MakeSteering) -> None:
    run_all(make_steering())
    refits = refits_of(PLAN, {"t000000"}, (split_of(60),))
    steering = make_steering(refits)
    assert steering.ledger.records == []
    assignment = assign(steering)
    assert (assignment.record.trial_id, assignment.split, assignment.is_scored) == ("t000000-all-seed0", 0, False)
    run_to_end(steering, assignment.record.number)
    assert steering.is_done
    assert make_steering().is_done


def test_training_whose_node_is_lost_is_the_next_one_with_its_split_and_its_epochs(make_steering):
    steering = make_steering()
    begin(steering)
    second = assign(steering)
    report(steering, second.record.number, 1)
    steering.release(second.record.number)
    again = assign(steering)
    assert (again.record.trial_id, again.split, again.is_scored) == (IDS[1], second.split, second.is_scored)
    assert (again.num_recorded_epochs, again.attempt) == (1, 1)
    run_to_end(steering, again.record.number, start=2)
    assert assign(steering).record.trial_id == IDS[2]


def test_live_view_has_a_row_a_configuration_with_its_folds(make_steering: MakeSteering) -> None:
    steering = make_steering()
    run_all(steering)
    rows = Standing(steering, "trainings").best()
    assert [(row.name, row.epoch, row.log_loss) for row in rows] == [("t000000", "2/2", 0.5), ("t000002", "2/2", 0.5)]
    assert Standing(steering, "refits").best() == []
