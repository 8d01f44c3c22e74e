"""The journal and what others do: a full disk, a lock, a dashboard's notes, an object store."""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial

from core.store import files
from core.store.study import StudyFolder

from .conftest import EPOCHS, default_space
from .journals import JournalReader, assert_shows, kept, search_some, train
from .test_steering import next_number


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
            number = next_number(steering)
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
        next_number(steering)
        next_number(steering)
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
            train(steering, next_number(steering), 0.4, range(3, EPOCHS + 1))
            for _ in range(4):
                train(steering, next_number(steering), 0.3)
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
        train(steering, next_number(steering), 0.5)
        assert read_uploaded(folder, tmp_path) == []
        monkeypatch.setattr("search.journal.UPLOAD_SECONDS", 0.0)
        running = next_number(steering)
        assert_shows(read_uploaded(folder, tmp_path), steering.ledger.records)
        monkeypatch.undo()
        train(steering, running, 0.4)
    assert_shows(read_uploaded(folder, tmp_path), steering.ledger.records)
    first = files.read_bytes(folder.journal)
    again = make_steering(num_trials=9)
    with kept(again, folder):
        next_number(again)
    assert_shows(read_uploaded(folder, tmp_path), again.ledger.records)
    assert files.read_bytes(folder.journal).startswith(first)
    assert not list(tmp_path.glob("softvote-*"))


def test_journal_on_an_object_store_is_uploaded_more_rarely_the_larger_it_is(make_steering, tmp_path, monkeypatch):
    folder = StudyFolder("memory://large-journal/study")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("search.journal.UPLOAD_SECONDS", 1e-6)
    monkeypatch.setattr("search.journal.UPLOAD_BYTES", 1e-9)
    steering = make_steering(num_trials=9)
    with kept(steering, folder):
        train(steering, next_number(steering), 0.5)
        assert read_uploaded(folder, tmp_path) == []
    assert_shows(read_uploaded(folder, tmp_path), steering.ledger.records)
