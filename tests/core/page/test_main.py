import runpy
import sys
from pathlib import Path

import pytest

from core.errors import StudyError
from core.page import write
from core.page.settings import PageSettings, trial_to_show
from core.page.write import try_model_page
from core.store.records import EpochReport, TrialRecord, write_record
from tests.core.page.making import make_study

EPOCH = EpochReport(
    epoch=1, loss=1.0, train_accuracy=0.5, log_loss=0.1, accuracy=0.9, learning_rate=1e-3, seconds=1.0
)  # fmt: skip


def run_command(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["core.page", *words])
    try:
        runpy.run_module("core.page", run_name="__main__")
    except SystemExit as end:
        return end.code
    return 0


def test_the_command_writes_the_page_and_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_study(tmp_path)
    assert run_command(monkeypatch, f"{folder.url}/") == 0
    assert capsys.readouterr().out == f"wrote {folder.url}/model.html\n"
    page = Path(folder.model_page).read_text()
    assert "2 errors of 6 holdout rows after epoch 2 of 3" in page
    assert '<a href="index.html">' in page
    assert "model.html" in Path(folder.index_page).read_text()


@pytest.mark.parametrize(
    ("words", "has_model", "which"),
    [
        ([], False, "t000000, the best; none kept its model (--trial shows another)"),
        ([], True, "t000000, the best that kept its model (--trial shows another)"),
        (["--trial", "t000000"], True, "t000000"),
    ],
)
def test_the_command_says_which_trial_of_a_search_it_shows(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    has_model: bool,
    which: str,
) -> None:
    folder = make_study(tmp_path, command="search")
    running = TrialRecord(number=1, trial_id="t000001", config={}, seed=0)
    write_record(folder.trial("t000001").record, running)
    if has_model:
        Path(folder.trial("t000000").model).write_bytes(b"kept")
    monkeypatch.setattr(write, "render_model_page", lambda material, load_model: b"")
    assert run_command(monkeypatch, folder.url, *words) == 0
    assert capsys.readouterr().out == f"wrote {folder.url}/model.html of {which}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none"], "none must be a study's folder"),
        (["first", "--trial", "t000007"], "--trial must be one of first's trials, such as t000005, got t000007"),
        (["first", "--trial", "../first"], "--trial must be one of first's trials"),
    ],
)
def test_a_users_mistake_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    make_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run_command(monkeypatch, *words) == 2
    stderr = capsys.readouterr().err
    assert stderr.startswith(f"python -m core.page: {message}")
    assert stderr.count("\n") == 1


def test_of_a_search_the_best_trial_that_kept_its_model_is_shown(tmp_path: Path) -> None:
    folder = make_study(tmp_path, command="search")
    for number in (1, 2):
        record = TrialRecord(
            number=number, trial_id=f"t00000{number}", config={}, seed=0, state="complete", epochs=(EPOCH,)
        )
        write_record(folder.trial(record.trial_id).record, record)
    settings = PageSettings(study=folder.url)
    assert trial_to_show(settings) == "t000001"
    Path(folder.trial("t000000").model).write_bytes(b"kept")
    assert trial_to_show(settings) == "t000000"
    assert trial_to_show(PageSettings(study=folder.url, trial="t000002")) == "t000002"


def test_a_study_whose_trials_all_run_is_refused(tmp_path: Path) -> None:
    folder = make_study(tmp_path, state="running")
    with pytest.raises(StudyError, match="must have a trial that has ended, and has none yet"):
        trial_to_show(PageSettings(study=folder.url))


@pytest.mark.parametrize(
    ("error", "reason"),
    [(MemoryError("big\nlist"), "MemoryError"), (KeyboardInterrupt(), "stopped"), (StudyError("full"), "full")],
)
def test_a_page_that_cannot_be_made_is_one_warning(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    reason: str,
) -> None:
    def fails(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(write, "render_model_page", fails)
    folder = make_study(tmp_path)
    assert try_model_page(folder, "t000000", None, fails) is None  # type: ignore[arg-type]
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert captured.err.startswith(f"warning: {folder.url}/model.html was not made: {reason}")
    assert f" -m core.page {folder.url}" in captured.err
