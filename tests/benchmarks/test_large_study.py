from pathlib import Path

import pytest

from benchmarks import one_operation, ten_thousand
from benchmarks.large_study import NUM_RUNNING, Rows, settings_of, write_large_study
from core.store.study import StudyFolder
from search.ledger import Ledger


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A study of 103 trials, of few rows."""
    with pytest.MonkeyPatch.context() as patch:
        made = tmp_path_factory.mktemp("large")
        patch.setenv("SOFTVOTE_CACHE", str(made / "cache"))
        write_large_study(str(made), 103, Rows(train=160, test=8))
    return str(made)


@pytest.mark.slow
def test_a_large_study_is_read_like_any_other(folder: str) -> None:
    ledger = Ledger(StudyFolder(f"{folder}/{settings_of(folder).study}"), generation=2)
    ledger.load()
    assert ledger.damaged == []
    states = [record.state for record in ledger.records]
    assert [states.count(state) for state in ("complete", "pruned", "failed", "running")] == [20, 79, 1, NUM_RUNNING]


@pytest.mark.slow
def test_events_are_steered_and_leave_the_study_as_it_was(folder: str, tmp_path: Path) -> None:
    before = sorted(Path(folder).rglob("*"))
    found = one_operation.events(folder, str(tmp_path))
    assert set(found) == {"suggestion", *ten_thousand.EVENTS}
    assert sorted(Path(folder).rglob("*")) == before


def test_growth_is_an_exponent_of_the_number_of_trials() -> None:
    assert ten_thousand.exponent([10, 30, 100], [2.0, 9.0, 20.0]) == pytest.approx(1)
    assert ten_thousand.exponent([10, 100], [1.0, 100.0]) == pytest.approx(2)
