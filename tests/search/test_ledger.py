"""The book of records across starts: lost, torn and damaged ones, and the order in which it keeps them."""

import json
import time

import pytest

from core.store.records import TrialRecord, read_record
from core.store.study import StudyFolder
from search.ledger import Ledger
from search.views import keep_views

from .conftest import EPOCHS, HERE, epoch_report, write_small_predictions, write_whole_predictions
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


def test_book_of_some_trials_holds_these_alone(make_steering, tmp_path):
    steering = make_steering(num_trials=3)
    for _ in range(3):
        run_to_end(steering, next_number(steering), 0.5)
    some = Ledger(StudyFolder(str(tmp_path / "study")), 2)
    some.load(["t000001", "t000007"])  # the second one has no folder yet
    assert [record.number for record in some.records] == [1]
    assert (some.num_taken, some.damaged) == (2, [])


def test_trial_that_lacks_its_further_predictions_is_trained_again(make_steering, tmp_path):
    steering = make_steering(num_trials=2)
    for _ in range(2):
        run_to_end(steering, next_number(steering), 0.5)
    folder = StudyFolder(str(tmp_path / "study"))
    write_small_predictions(folder.trial("t000000").predictions_of(5))
    book = Ledger(folder, 2, more_views=5)
    book.load()
    assert [(record.state, len(record.epochs)) for record in book.records] == [("complete", EPOCHS), ("running", 0)]


def test_failed_trials_are_opened_again_in_memory_alone(make_steering, tmp_path):
    steering = make_steering(num_trials=3)
    failing, ended, other = (next_number(steering) for _ in range(3))
    steering.report(failing, epoch_report(1, 0.5), worker=HERE, has_predictions=False)
    steering.fail(failing, "no room")
    run_to_end(steering, ended, 0.5)
    steering.fail(other, "no room")
    book = make_steering(num_trials=3).ledger
    assert [record.number for record in book.failed] == [failing, other]
    book.reopen_failed()
    assert (book.failed, [record.number for record in book.ended]) == ([], [ended])
    assert [record.number for record in book.records] == [failing, ended, other]
    assert [record.number for record in book.ranked] == [ended]
    again = book[failing]
    assert (again.state, again.epochs, again.error, again.ended) == ("running", (), None, None)
    assert (again.config, again.seed) == (steering.ledger[failing].config, steering.ledger[failing].seed)
    assert read_record(str(tmp_path / "study/trials/t000000/trial.json")).state == "failed"
    book.fail(failing, "again", "")
    assert [record.error for record in book.failed] == ["again"]


def test_failed_record_leaves_the_standings_and_the_others_keep_their_order(make_steering):
    steering = make_steering(num_trials=4)
    numbers = [next_number(steering) for _ in range(4)]
    for number in (2, 0, 3):
        steering.fail(number, f"error {number}")
    steering.ledger.leave(2)
    assert [record.number for record in steering.ledger.records] == [0, 1, 3]
    assert [record.number for record in steering.ledger.ended] == [0, 3]
    assert [record.number for record in steering.ledger.failed] == [0, 3]
    assert steering.ledger.num_ended == 2
    with pytest.raises(KeyError):
        steering.ledger[numbers[2]]


def test_follower_that_raises_is_left_out_with_one_warning_and_the_others_go_on(make_steering, capsys):
    steering = make_steering(num_trials=2)
    seen: list[TrialRecord] = []
    tried: list[TrialRecord] = []

    def fall(record: TrialRecord) -> None:
        tried.append(record)
        raise KeyError(record.trial_id)

    steering.ledger.followers |= {"the fallen": fall, "another": seen.append}
    for _ in range(2):
        run_to_end(steering, next_number(steering), 0.5)
    assert [record.state for record in make_steering().ledger.records] == ["complete", "complete"]
    assert (len(tried), len(seen)) == (1, 2 * (1 + EPOCHS))
    told = "warning: the fallen is not kept up from now on: KeyError: 't000000'. The search goes on without it\n"
    assert capsys.readouterr().err == told


@pytest.mark.parametrize("module", ["search.journal._JournalFile", "core.curves.Curves"])
def test_search_goes_on_where_a_view_of_its_own_raises(make_steering, monkeypatch, capsys, module):
    def fall(self, record):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(f"{module}.follow", fall)
    steering = make_steering(num_trials=1)
    with keep_views(steering.ledger.folder, "first", steering.ledger):
        run_to_end(steering, next_number(steering), 0.5)
    assert not steering.ledger.followers
    assert steering.ledger[0].state == "complete"
    assert capsys.readouterr().err.count("not kept up from now on: RuntimeError: can't start new thread") == 1
