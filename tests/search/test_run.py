"""Searches on a real Ray cluster with real trainings of the embedded digits; one worker, so that all is repeatable."""

import csv
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.killed_study import essence
from core.store.predictions import read_predictions
from core.store.records import EpochReport, TrialRecord, read_record

from .commands import ENVIRONMENT, OPTIONS, TIMEOUT_SECONDS, run_search, stop_after_line
from .journals import JournalReader, assert_shows


def records_of(runs: Path, study: str) -> list[TrialRecord]:
    return [read_record(str(path)) for path in sorted((runs / study / "trials").glob("*/trial.json"))]


def best_of(record: TrialRecord) -> EpochReport:
    assert record.best is not None
    return record.best


@pytest.fixture(scope="module")
def broken(runs) -> tuple[int, str]:
    """Interrupt the same search after its first trial, and let it go on to its end."""
    stopped = stop_after_line(runs, "broken", r"^\[1/4\]", signal.SIGINT)
    dashboard = JournalReader(runs / "broken/study.journal", "broken")
    assert dashboard.trials[0].value is not None
    first = (runs / "broken/trials/t000000/trial.json").read_bytes()
    done = run_search(runs, "broken", *OPTIONS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (runs / "broken/trials/t000000/trial.json").read_bytes() == first, "finished trials are kept to the bit"
    assert_shows(dashboard.trials, records_of(runs, "broken"))
    return stopped


def test_search_prints_data_trials_vote_and_true_test_accuracy_last(whole):
    lines = whole.stdout.strip().splitlines()
    assert lines[0].startswith("load_digits: 1,437 train and 360 test images of 8x8x1, 10 classes")
    assert sum(bool(re.match(r"\[\d/4\] t00000\d (complete|pruned) ", line)) for line in lines) == 4
    assert re.fullmatch(r"test accuracy 0\.\d{4} \(360 rows set aside\)", lines[-1])
    assert whole.stderr == "", "nothing of Ray's or TensorFlow's own chatter"


def test_search_keeps_records_and_predictions_of_every_trial_also_pruned(whole, runs):
    records = records_of(runs, "whole")
    assert [record.number for record in records] == [0, 1, 2, 3]
    assert records[0].user_attrs["origin"] == "notebook"
    assert "pruned" in {record.state for record in records}
    for record in records:
        assert len(record.epochs) in {"complete": (5,), "pruned": (1, 4)}[record.state]
        predictions = read_predictions(str(runs / "whole/trials" / record.trial_id / "predictions.npz"))
        assert predictions.softmax.shape == (288, 10)
        assert predictions.test_softmax.shape == (360, 10)
        assert predictions.epoch == best_of(record).epoch
        assert not (runs / "whole/trials" / record.trial_id / "checkpoint").exists()


def test_search_keeps_the_models_of_the_best_trials_only(whole, runs):
    best = min(records_of(runs, "whole"), key=lambda record: best_of(record).log_loss)
    assert [path.parent.name for path in (runs / "whole/trials").glob("*/model.keras")] == [best.trial_id]


def test_search_writes_submission_leaderboard_and_manifest(whole, runs):
    rows = list(csv.reader((runs / "whole/ensemble/submission.csv").open()))
    assert rows[0] == ["ImageId", "Label"]
    assert [row[0] for row in rows[1:]] == [str(number) for number in range(1, 361)]
    board = list(csv.DictReader((runs / "whole/leaderboard.csv").open()))
    assert len(board) == 4
    assert [float(row["log_loss"]) for row in board] == sorted(float(row["log_loss"]) for row in board)
    manifest = json.loads((runs / "whole/study.json").read_text())
    assert manifest["settings"]["trials"] == 4
    assert manifest["data"]["num_test"] == 360
    assert manifest["versions"]["ray"]


def test_search_leaves_a_journal_that_shows_its_records(whole, runs):
    assert_shows(JournalReader(runs / "whole/study.journal", "whole").trials, records_of(runs, "whole"))


def test_search_writes_its_page_and_says_so(whole, runs):
    assert whole.stdout.splitlines()[-2] == "wrote runs/whole/search.html and runs/whole/index.html"
    best = min(records_of(runs, "whole"), key=lambda record: best_of(record).log_loss)
    page = (runs / "whole/search.html").read_text()
    assert f"is {best.trial_id}: log-loss {best_of(best).log_loss:.4f}" in page
    assert "search.html" in (runs / "whole/index.html").read_text()


def test_search_leaves_nothing_but_the_study(whole, runs):
    assert not list(runs.rglob(".softvote-*"))
    assert {path.name for path in runs.parent.iterdir()} == {"runs"}


def test_interrupted_search_ends_with_130_and_says_how_to_go_on(broken):
    code, printed = broken
    assert code == 130, printed
    last = printed.strip().splitlines()[-1]
    assert "stopped; finished trials: 1, to go on from their last epoch: " in last
    assert re.search(r"Go on with: (uv run|python) -m search ", last)
    assert "--study broken" in last
    assert "Traceback" not in printed
    assert "wrote runs/broken/search.html and runs/broken/index.html" in printed


def test_interrupted_and_resumed_search_has_the_records_of_an_uninterrupted_one(whole, broken, runs):
    assert [essence(r) for r in records_of(runs, "broken")] == [essence(r) for r in records_of(runs, "whole")]


def test_interrupted_and_resumed_search_writes_the_same_submission(whole, broken, runs):
    one, other = ((runs / study / "ensemble/submission.csv").read_bytes() for study in ("whole", "broken"))
    assert one == other
    for trial_id in ("t000000", "t000003"):
        paths = [str(runs / study / "trials" / trial_id / "predictions.npz") for study in ("whole", "broken")]
        a, b = (read_predictions(path) for path in paths)
        np.testing.assert_array_equal(a.test_softmax, b.test_softmax)


def test_finished_search_votes_again_without_training(whole, runs):
    before = {path: path.read_bytes() for path in (runs / "whole/trials").rglob("*") if path.is_file()}
    again = run_search(runs, "whole", *OPTIONS, "--top-k", "1")
    assert again.returncode == 0, again.stderr
    assert "has its 4 trials already; voting again" in again.stdout
    assert {path: path.read_bytes() for path in (runs / "whole/trials").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--epochs", "4"], "was made with --epochs 5, got --epochs 4. Name another --study"),
        (["--seed", "1"], "was made with --seed 0, got --seed 1"),
        (["--no-augment"], "was made with --augment, got --no-augment"),
        (["--holdout", "tail"], "--holdout 0.2 --holdout-seed 0 and other holdout rows, got --holdout tail"),
    ],
)
def test_search_refuses_settings_that_contradict_the_study(whole, runs, options, words):
    manifest = (runs / "whole/study.json").read_bytes()
    refused = run_search(runs, "whole", *OPTIONS, *options)
    assert refused.returncode == 2
    assert words in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert (runs / "whole/study.json").read_bytes() == manifest


def test_more_trials_extend_a_study(broken, runs):
    before = [essence(record) for record in records_of(runs, "broken")]
    more = run_search(runs, "broken", *OPTIONS, "--trials", "5")
    assert more.returncode == 0, more.stderr
    assert "going on with" in more.stdout
    after = [essence(record) for record in records_of(runs, "broken")]
    assert after[:4] == before
    assert len(after) == 5


PYTHON_CALL = """
from search.run import search_study
from search.settings import SearchSettings

if __name__ == "__main__":
    result = search_study(SearchSettings(study="called", trials=5, epochs=9, top_k=3, time_budget="10m"))
    states = [record.state for record in result.records]
    print("called:", result.folder.url, len(states), "failed" in states, len(result.vote.members))
    print("best first:", result.records[0].best.log_loss == min(r.best.log_loss for r in result.records))
"""


def test_search_from_python_runs_trials_side_by_side_and_returns_what_is_on_disk(tmp_path):
    script = tmp_path / "call.py"
    script.write_text(PYTHON_CALL)
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        cwd=tmp_path,
        env=ENVIRONMENT,
    )
    assert "called: runs/called 5 False 3" in done.stdout, done.stdout + done.stderr
    assert "best first: True" in done.stdout
    records = records_of(tmp_path / "runs", "called")
    assert [record.number for record in records] == [0, 1, 2, 3, 4]
    assert records[0].state == "complete", "the notebook's own configuration is never pruned"
