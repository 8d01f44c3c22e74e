import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from core.store import files
from core.store.records import TrialRecord
from core.store.study import StudyFolder
from search.journal import keep_journal
from search.steering import Steering

from .conftest import EPOCHS, HERE, default_space, epoch_report, write_whole_predictions
from .journals import JournalReader, assert_shows


def kept(steering: Steering, folder: StudyFolder | None = None) -> contextlib.AbstractContextManager[None]:
    return keep_journal(folder or steering.ledger.folder, "first", steering.ledger)


def start_trial(steering: Steering) -> int:
    assignment = steering.next_trial()
    assert assignment is not None
    return assignment.record.number


def train(steering: Steering, number: int, log_loss: float, epochs: range = range(1, EPOCHS + 1)) -> None:
    write_whole_predictions(steering, number)
    for epoch in epochs:
        if steering.report(number, epoch_report(epoch, log_loss + 0.1 / epoch), worker=HERE, has_predictions=True):
            return


def search_some(steering: Steering) -> None:
    """Leave a complete, a pruned, a failed and a running trial."""
    train(steering, start_trial(steering), 0.5)
    train(steering, start_trial(steering), 0.9)
    steering.fail(start_trial(steering), "ValueError: no")
    train(steering, start_trial(steering), 0.4, range(1, 3))


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "study/study.journal"


@pytest.fixture
def searched(make_steering) -> list[TrialRecord]:
    """Run one start of a search with its journal, and return what it leaves."""
    steering = make_steering(num_trials=9)
    with kept(steering):
        search_some(steering)
    return steering.ledger.records


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
        first = start_trial(steering)
        assert_shows(reader.trials, steering.ledger.records)
        assert reader.trials[first].state == TrialState.RUNNING
        assert reader.trials[first].user_attrs == {"origin": "notebook"}
        train(steering, first, 0.5, range(1, 3))
        assert list(reader.trials[first].intermediate_values) == [1, 2]
        train(steering, first, 0.5, range(3, EPOCHS + 1))
        assert reader.trials[first].value == pytest.approx(0.5 + 0.1 / EPOCHS)
        worse = start_trial(steering)
        train(steering, worse, 0.9)
        assert reader.trials[worse].state == TrialState.PRUNED
        assert reader.trials[worse].user_attrs["reason"] == "pruner"
        failed = start_trial(steering)
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
        assert start_trial(steering) == 3
        train(steering, 3, 0.4, range(3, EPOCHS + 1))
        train(steering, start_trial(steering), 0.3)
    assert_shows(reader.trials, steering.ledger.records)
    assert reader.trials[3].state == TrialState.COMPLETE
    assert path.read_bytes().startswith(before)


def test_journal_behind_its_records_after_a_kill_is_brought_up(make_steering, searched, path):
    reader = JournalReader(path)
    assert len(reader.trials) == 4
    # the records of a start whose journal's last line was torn, and whose other lines never came
    unseen = make_steering(num_trials=9)
    train(unseen, start_trial(unseen), 0.4, range(3, EPOCHS + 1))
    search_some(unseen)
    path.write_bytes(path.read_bytes() + b'{"op_code":7,"worker_id":"')
    assert len(reader.trials) == 4
    steering = make_steering(num_trials=9)
    with kept(steering):
        assert_shows(reader.trials, steering.ledger.records)
        train(steering, start_trial(steering), 0.4, range(3, 4))
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
        train(steering, start_trial(steering), 0.4, range(3, EPOCHS + 1))
        start_trial(steering)
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
        train(steering, start_trial(steering), 0.5)
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
        number = start_trial(steering)
        steering.deadline = 1.0
        train(steering, number, 0.5)
    reader = JournalReader(path)
    assert reader.trials[0].user_attrs["reason"] == "time budget"
    again = make_steering()
    with kept(again):
        assert reader.trials[0].state == TrialState.RUNNING
        train(again, start_trial(again), 0.5, range(2, EPOCHS + 1))
    assert_shows(reader.trials, again.ledger.records)
    assert list(reader.trials[0].intermediate_values) == list(range(1, EPOCHS + 1))


@pytest.mark.parametrize("number", [0, 3])
def test_number_whose_record_is_lost_counts_as_failed(make_steering, searched, path, number):
    (path.parent / f"trials/t00000{number}/trial.json").write_text("{")
    steering = make_steering(num_trials=9)
    with kept(steering):
        start_trial(steering)
        start_trial(steering)
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


@contextlib.contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Let writes fail beyond a size, a part of the last one done, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_full_disk_for_the_journal_costs_one_warning_and_is_made_good(make_steering, searched, path, capsys):
    steering = make_steering(num_trials=9)
    with kept(steering):
        with no_file_beyond(path.stat().st_size + 50):
            number = start_trial(steering)
            train(steering, number, 0.4, range(3, 6))
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert err.startswith(f"warning: {path} is not up to date: ")
        assert err.endswith("The search goes on; its next start mends that file\n")
        assert len(steering.ledger[number].epochs) == 5
        assert len(JournalReader(path).trials[number].intermediate_values) == 2
        train(steering, number, 0.4, range(6, 7))
        assert_shows(JournalReader(path).trials, steering.ledger.records)


@pytest.mark.parametrize("journal", ["folder", "deleted"])
def test_journal_that_cannot_be_written_stops_nothing(make_steering, path, capsys, journal):
    steering = make_steering()
    if journal == "folder":
        path.mkdir(parents=True)
    with kept(steering):
        if journal == "deleted":
            path.unlink()
        search_some(steering)
    assert [record.state for record in steering.ledger.records] == ["complete", "pruned", "failed", "running"]
    assert capsys.readouterr().err.count("warning: ") == 1


def test_lock_that_somebody_holds_or_left_behind_is_no_hindrance(make_steering, path):
    steering = make_steering()
    path.parent.mkdir(parents=True)
    lock = path.with_name("study.journal.lock")
    lock.symlink_to(path)
    with kept(steering):
        search_some(steering)
        assert_shows(JournalReader(path).trials, steering.ledger.records)
    assert lock.is_symlink()


def test_notes_taken_in_the_dashboard_stay(make_steering, searched, path):
    storage = JournalStorage(JournalFileBackend(str(path)))
    storage.set_study_system_attr(storage.get_study_id_from_name("first"), "dashboard:note_str:0", "mine")
    steering = make_steering(num_trials=9)
    with kept(steering):
        start_trial(steering)
        start_trial(steering)
    assert_shows(JournalReader(path).trials, steering.ledger.records)
    attrs = storage.get_study_system_attrs(storage.get_study_id_from_name("first"))
    assert attrs["dashboard:note_str:0"] == "mine"


def test_study_that_the_dashboard_deleted_comes_back(make_steering, searched, path):
    storage = JournalStorage(JournalFileBackend(str(path)))
    storage.delete_study(storage.get_study_id_from_name("first"))
    with kept(make_steering(num_trials=9)):
        assert_shows(optuna.load_study(study_name="first", storage=storage).get_trials(), searched)


def test_search_decides_the_same_with_a_journal_that_lies_as_without_one(make_steering, tmp_path):
    decided = []
    for folder in ("without", "with"):
        search_some(make_steering(num_trials=9, folder=folder, space=default_space))
        steering = make_steering(num_trials=9, folder=folder, space=default_space)
        journal = tmp_path / folder / "study.journal"
        with kept(steering) if folder == "with" else contextlib.nullcontext():
            if folder == "with":
                journal.write_bytes(journal.read_bytes().replace(b'"values":[0.', b'"values":[9.'))
            train(steering, start_trial(steering), 0.4, range(3, EPOCHS + 1))
            for _ in range(4):
                train(steering, start_trial(steering), 0.3)
        decided.append([(record.config, record.params, record.state) for record in steering.ledger.records])
    assert decided[0] == decided[1]


def read_uploaded(folder: StudyFolder, tmp_path: Path) -> list[FrozenTrial]:
    copy = tmp_path / "downloaded"
    copy.write_bytes(files.read_bytes(folder.journal))
    return JournalReader(copy).trials


def test_journal_on_an_object_store_is_uploaded_now_and_then_and_at_the_end(make_steering, tmp_path, monkeypatch):
    folder = StudyFolder("memory://journal/study")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    steering = make_steering(num_trials=9)
    with kept(steering, folder):
        assert read_uploaded(folder, tmp_path) == []
        train(steering, start_trial(steering), 0.5)
        assert read_uploaded(folder, tmp_path) == []
        monkeypatch.setattr("search.journal.UPLOAD_SECONDS", 0.0)
        running = start_trial(steering)
        assert_shows(read_uploaded(folder, tmp_path), steering.ledger.records)
        monkeypatch.undo()
        train(steering, running, 0.4)
    assert_shows(read_uploaded(folder, tmp_path), steering.ledger.records)
    first = files.read_bytes(folder.journal)
    again = make_steering(num_trials=9)
    with kept(again, folder):
        start_trial(again)
    assert_shows(read_uploaded(folder, tmp_path), again.ledger.records)
    assert files.read_bytes(folder.journal).startswith(first)
    assert not list(tmp_path.glob("softvote-*"))
