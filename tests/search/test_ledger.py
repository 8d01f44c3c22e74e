"""The book of records across starts: lost, torn and damaged ones, and the order in which it keeps them."""

import json
import time

import pytest

from .conftest import EPOCHS, HERE, epoch_report, write_whole_predictions
from .test_steering import next_number, run_to_end


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


def test_trial_that_was_opened_again_and_not_reached_is_what_it_was(make_steering):
    steering = make_steering(num_trials=2, deadline=time.time() + 100)
    number = next_number(steering)
    steering.report(number, epoch_report(1, 0.5, seconds=1000), worker=HERE, has_predictions=True)
    write_whole_predictions(steering, number)
    again = make_steering(num_trials=2, deadline=time.time() - 1)
    assert again.next_trial() is None
    assert again.ledger.ranked == []
    again.ledger.close_untouched()
    assert again.ledger.ranked == [steering.ledger[number]]
    assert again.ledger.cut_short == [steering.ledger[number]]
