from pathlib import Path

import pytest

from benchmarks import settings
from benchmarks.settings import BenchmarkSettings, find_data
from core.errors import DataError


def test_named_data_is_taken_as_named() -> None:
    assert find_data(BenchmarkSettings(data="some.zip")) == "some.zip"


def test_the_archive_beside_the_checkout_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    archive = tmp_path / "digit-recognizer.zip"
    archive.touch()
    monkeypatch.setattr(settings, "ARCHIVE", archive)
    assert find_data(BenchmarkSettings()) == str(archive)


def test_without_data_the_message_names_place_and_option(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "ARCHIVE", tmp_path / "none.zip")
    with pytest.raises(DataError, match=r"needs Kaggle's digit-recognizer.zip, and there is no .*none.zip. .*--data"):
        find_data(BenchmarkSettings())


def test_the_archive_is_looked_for_beside_the_checkout() -> None:
    root = Path(__file__).resolve().parents[2]
    assert root.parent / "shared" / "data" / "digit-recognizer.zip" == settings.ARCHIVE
    assert (settings.ROOT / "pyproject.toml").is_file()


def test_quick_runs_are_smaller() -> None:
    assert BenchmarkSettings().size(full=100, quick=10) == 100
    assert BenchmarkSettings(quick=True).size(full=100, quick=10) == 10
    assert BenchmarkSettings(quick=True).num_rounds < BenchmarkSettings().num_rounds
