import dataclasses
from pathlib import Path

import pytest

from core import curves
from core.curves import Curves
from core.store import files
from core.store.curves import curves_of
from core.store.study import StudyFolder

from .store.test_curves import ENDED, RUNNING, after


@pytest.fixture
def folder(tmp_path) -> StudyFolder:
    folder = StudyFolder(str(tmp_path))
    Path(folder.trial("t000003").url).mkdir(parents=True)
    return folder


@pytest.fixture
def path(folder) -> Path:
    return Path(folder.trial("t000003").curves)


def test_follow_leaves_what_the_record_says(folder, path):
    written = Curves(folder)
    for num_epochs in range(8):
        written.follow(after(num_epochs))
        assert (path.read_bytes() if num_epochs else b"") == curves_of(after(num_epochs))
    written.follow(ENDED)
    assert path.read_bytes() == curves_of(ENDED)
    assert [file.name for file in path.parent.iterdir()] == ["curves.tfevents"]


def test_reader_that_has_the_file_open_sees_it_grow(folder, path):
    Curves(folder).follow(after(2))
    with path.open("rb") as file:
        seen = file.read()
        Curves(folder).follow(after(5))
        assert seen + file.read() == curves_of(after(5))


@pytest.mark.parametrize("length", [0, 1, 500, -1, -7, None])
def test_next_start_goes_on_behind_what_a_killed_one_left(folder, path, length):
    path.write_bytes(curves_of(after(4))[:length])
    Curves(folder).follow(after(5))
    assert path.read_bytes() == curves_of(after(5))


@pytest.mark.parametrize("found", [b"\0" * 3000, b"another", curves_of(RUNNING)])
def test_file_that_says_something_else_is_written_anew(folder, path, found):
    path.write_bytes(found)
    Curves(folder).follow(after(3))
    assert path.read_bytes() == curves_of(after(3))


def test_bring_up_writes_what_ended_trials_lack_and_nothing_twice(folder, path):
    Curves(folder).bring_up([ENDED])
    assert path.read_bytes() == curves_of(ENDED)
    before = path.stat().st_mtime_ns
    Curves(folder).bring_up([ENDED])
    assert path.stat().st_mtime_ns == before
    path.write_bytes(curves_of(ENDED)[:-30])
    Curves(folder).bring_up([ENDED])
    assert path.read_bytes() == curves_of(ENDED)


def test_bring_up_ends_in_time(folder, path, monkeypatch):
    monkeypatch.setattr(curves, "BRING_UP_SECONDS", -1.0)
    Curves(folder).bring_up([ENDED])
    assert not path.exists()


def test_what_cannot_be_written_costs_one_warning(folder, path, capsys):
    path.mkdir()
    written = Curves(folder)
    for num_epochs in range(1, 4):
        written.follow(after(num_epochs))
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith(f"warning: the curves for TensorBoard in {folder.trials} are not up to date: ")
    path.rmdir()
    written.follow(after(4))
    assert path.read_bytes() == curves_of(after(4))


def test_file_deleted_under_the_training_comes_back(folder, path):
    written = Curves(folder)
    written.follow(after(1))
    path.unlink()
    written.follow(after(2))
    written.follow(after(3))
    assert path.read_bytes() == curves_of(after(3))


def test_object_store_gets_the_file_once_when_the_trial_has_ended():
    folder = StudyFolder("memory://curves/study")
    written = Curves(folder)
    for num_epochs in range(1, 8):
        written.follow(after(num_epochs))
    assert not files.exists(folder.trial("t000003").curves)
    written.follow(ENDED)
    assert files.read_bytes(folder.trial("t000003").curves) == curves_of(ENDED)
    written.bring_up([dataclasses.replace(ENDED, trial_id="t000004")])
    assert not files.exists(folder.trial("t000004").curves)
