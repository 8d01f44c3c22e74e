"""The journal beside the records: what a reader sees, and what damage to it costs."""

from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from core.store import files

from .conftest import EPOCHS, default_space
from .journals import JournalReader, assert_shows, kept, search_some, train
from .test_steering import next_number


def test_journal_is_an_optuna_study_of_the_studys_name(searched, path):
    study = JournalReader(path).study
    assert study.study_name == "first"
    assert study.direction.name == "MINIMIZE"
    assert study.metric_names == ["log-loss"]


def test_reader_sees_each_trial_open_each_epoch_and_each_end_as_it_comes(make_steering, path):
    steering = make_steering(space=default_space)
    with kept(steering):
        reader = JournalReader(path)
        assert reader.trials == []
        first = next_number(steering)
        assert_shows(reader.trials, steering.ledger.records)
        assert reader.trials[first].state == TrialState.RUNNING
        assert reader.trials[first].user_attrs == {"origin": "notebook"}
        train(steering, first, 0.5, range(1, 3))
        assert list(reader.trials[first].intermediate_values) == [1, 2]
        train(steering, first, 0.5, range(3, EPOCHS + 1))
        assert reader.trials[first].value == pytest.approx(0.5 + 0.1 / EPOCHS)
        worse = next_number(steering)
        train(steering, worse, 0.9)
        assert reader.trials[worse].state == TrialState.PRUNED
        assert reader.trials[worse].user_attrs["reason"] == "pruner"
        failed = next_number(steering)
        steering.fail(failed, "ValueError: no")
        assert reader.trials[failed].user_attrs["error"] == "ValueError: no"
        assert_shows(reader.trials, steering.ledger.records)
        assert (reader.trials[first].datetime_start or 0) != (reader.trials[worse].datetime_start or 0)


def test_start_that_has_nothing_to_add_leaves_the_bytes_alone(make_steering, searched, path):
    before = path.read_bytes()
    with kept(make_steering(num_trials=9)):
        pass
    assert path.read_bytes() == before


def test_reader_that_stays_open_sees_a_running_trial_go_on_in_the_next_start(make_steering, searched, path):
    reader, before = JournalReader(path), path.read_bytes()
    assert reader.trials[3].state == TrialState.RUNNING
    steering = make_steering(num_trials=9)
    with kept(steering):
        assert next_number(steering) == 3
        train(steering, 3, 0.4, range(3, EPOCHS + 1))
        train(steering, next_number(steering), 0.3)
    assert_shows(reader.trials, steering.ledger.records)
    assert reader.trials[3].state == TrialState.COMPLETE
    assert path.read_bytes().startswith(before)


def test_journal_behind_its_records_after_a_kill_is_brought_up(make_steering, searched, path):
    reader = JournalReader(path)
    assert len(reader.trials) == 4
    # the records of a start whose journal's last line was torn, and whose other lines never came
    unseen = make_steering(num_trials=9)
    train(unseen, next_number(unseen), 0.4, range(3, EPOCHS + 1))
    search_some(unseen)
    path.write_bytes(path.read_bytes() + b'{"op_code":7,"worker_id":"')
    assert len(reader.trials) == 4
    steering = make_steering(num_trials=9)
    with kept(steering):
        assert_shows(reader.trials, steering.ledger.records)
        train(steering, next_number(steering), 0.4, range(3, 4))
    assert_shows(reader.trials, steering.ledger.records)
    assert_shows(JournalReader(path).trials, steering.ledger.records)


def test_journal_cut_at_any_byte_is_made_whole_and_keeps_its_whole_lines(make_steering, searched, path):
    whole = path.read_bytes()
    steering = make_steering(num_trials=9)
    for size in range(len(whole) - 400, len(whole)):
        path.write_bytes(whole[:size])
        reader = JournalReader(path)
        assert len(reader.trials) <= 4
        with kept(steering):
            pass
        assert_shows(reader.trials, searched)
        lines = whole[: whole.rindex(b"\n", 0, size) + 1]
        assert path.read_bytes().startswith(lines), "what a reader has read stays where it was"


def test_journal_cut_anywhere_from_its_first_byte_on_is_made_whole(make_steering, searched, path):
    whole = path.read_bytes()
    steering = make_steering(num_trials=9)
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        with kept(steering):
            pass
        assert_shows(JournalReader(path).trials, searched)


def write_foreign_journal(path: Path) -> None:
    path.unlink()
    storage = JournalStorage(JournalFileBackend(str(path)))
    optuna.create_study(study_name="another", storage=storage).add_trial(optuna.trial.create_trial(value=1.0))


@pytest.mark.parametrize(
    "damage",
    [
        lambda path, whole: path.unlink(),
        lambda path, whole: path.write_bytes(b""),
        lambda path, whole: path.write_bytes(bytes(len(whole))),
        lambda path, whole: path.write_bytes(whole[:500] + bytes(len(whole) - 500)),
        lambda path, whole: path.write_bytes(whole[:500] + bytes(100) + whole[600:]),
        lambda path, whole: path.write_bytes(whole[100:]),
        lambda path, whole: path.write_bytes(whole + whole),
        lambda path, whole: path.write_bytes(b"\n" + whole),
        lambda path, whole: path.write_bytes(b"3\n[]\nnull\n"),
        lambda path, whole: path.write_bytes(b"[" * 100_000 + b"\n"),
        lambda path, whole: path.write_bytes(b'{"op_code": 99, "worker_id": "w"}\n'),
        lambda path, whole: path.write_text("dear diary\n"),
        lambda path, whole: write_foreign_journal(path),
    ],
    ids=[
        "missing",
        "empty",
        "zeros",
        "zero tail",
        "zeros within",
        "headless",
        "doubled",
        "empty line",
        "no objects",
        "deep",
        "unknown operation",
        "text",
        "another study's",
    ],
)
def test_damaged_journal_is_written_from_the_records_without_a_word(make_steering, searched, path, damage, capsys):
    damage(path, path.read_bytes())
    steering = make_steering(num_trials=9)
    with kept(steering):
        assert_shows(JournalReader(path).trials, searched)
        train(steering, next_number(steering), 0.4, range(3, EPOCHS + 1))
        next_number(steering)
    assert_shows(JournalReader(path).trials, steering.ledger.records)
    assert capsys.readouterr().err == ""
    assert set(files.list_names(str(path.parent))) == {"study.journal", "trials"}


def test_trial_begun_again_is_shown_as_it_is_also_to_a_reader_that_stays_open(make_steering, searched, path):
    reader = JournalReader(path)
    assert reader.trials[0].state == TrialState.COMPLETE
    (path.parent / "trials/t000000/predictions.npz").unlink()
    steering = make_steering(num_trials=9)
    with kept(steering):
        assert reader.trials[0].state == TrialState.RUNNING
        assert reader.trials[0].intermediate_values == {}
        assert_shows(reader.trials, steering.ledger.records)
        train(steering, next_number(steering), 0.5)
    assert_shows(reader.trials, steering.ledger.records)
    assert_shows(JournalReader(path).trials, steering.ledger.records)
    before = path.read_bytes()
    with kept(make_steering(num_trials=9)):
        pass
    assert path.read_bytes() == before


def test_trial_that_the_time_budget_ended_goes_on_for_a_reader_that_stays_open(make_steering, path):
    steering = make_steering(deadline=1.0)
    steering.deadline = None
    with kept(steering):
        number = next_number(steering)
        steering.deadline = 1.0
        train(steering, number, 0.5)
    reader = JournalReader(path)
    assert reader.trials[0].user_attrs["reason"] == "time budget"
    again = make_steering()
    with kept(again):
        assert reader.trials[0].state == TrialState.RUNNING
        train(again, next_number(again), 0.5, range(2, EPOCHS + 1))
    assert_shows(reader.trials, again.ledger.records)
    assert list(reader.trials[0].intermediate_values) == list(range(1, EPOCHS + 1))


@pytest.mark.parametrize("number", [0, 3])
def test_number_whose_record_is_lost_counts_as_failed(make_steering, searched, path, number):
    (path.parent / f"trials/t00000{number}/trial.json").write_text("{")
    steering = make_steering(num_trials=9)
    with kept(steering):
        next_number(steering)
        next_number(steering)
    trials = JournalReader(path).trials
    assert trials[number].state == TrialState.FAIL
    assert trials[number].user_attrs == {"error": "its record is lost"}
    records = steering.ledger.records
    assert_shows([trial for trial in trials if trial.number != number], records)
    before = path.read_bytes()
    with kept(make_steering(num_trials=9)):
        pass
    assert path.read_bytes() == before


def test_trial_without_a_folder_any_more_is_in_the_journal_no_more(make_steering, searched, path):
    files.remove(str(path.parent / "trials/t000003"))
    with kept(make_steering(num_trials=9)):
        assert_shows(JournalReader(path).trials, searched[:3])


def test_moves_of_a_trial_are_shown_and_leave_the_journal_whole(make_steering, path):
    steering = make_steering(num_trials=1)
    with kept(steering):
        for _ in range(2):
            number = next_number(steering)
            steering.release(number)
        assert JournalReader(path).trials[number].user_attrs["moved"] == 2
        train(steering, next_number(steering), 0.5)
    before = path.read_bytes()
    with kept(make_steering(num_trials=1)):
        pass
    assert path.read_bytes() == before
