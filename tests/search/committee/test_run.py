"""A committee on a real Ray cluster: trained over folds, killed on the way, gone on with, voting out-of-fold."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.kills import PROC, Moment, Starts
from core.store.predictions import read_predictions
from core.store.records import read_record
from tests.search.commands import ALL_CORES, ENVIRONMENT, run_search, search_command

pytestmark = pytest.mark.slow

# one training at a time, so that the order is the plan's and the bits repeat
SEARCH = ["--trials", "2", "--epochs", "2", "--cpus-per-trial", ALL_CORES]
COMMITTEE = [*SEARCH, "--committee", "2", "--folds", "3", "--committee-views", "5", "--refit"]
KILLED_AT = (
    Moment(name="the first training has a checkpoint", path="committee/*/fold0-seed0/checkpoint/*/state.npz"),
    Moment(name="the second one's predictions are there", path="committee/*/fold1-seed0/predictions-views5.npz"),
)


@pytest.fixture(scope="module")
def committee(runs):
    done = run_search(runs, "committee", *COMMITTEE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def killed(runs):
    """Kill the same command twice within the committee, and let it go on to its end; the last start's output."""
    if not PROC.is_dir():
        pytest.skip("finds the processes of a killed driver in /proc")
    starts = Starts(environment=ENVIRONMENT, folder=runs.parent)
    try:
        for moment in (*KILLED_AT, None):
            start = starts.run(search_command("killed-committee", *COMMITTEE), moment, runs / "killed-committee")
            assert start.was_killed == (moment is not None), start.text
        assert start.code == 0, start.text
    finally:
        starts.end_all()
    return start.text


def trainings_of(runs: Path, study: str) -> dict[str, Path]:
    return {
        read_record(str(path)).trial_id: path.parent for path in (runs / study / "committee").glob("*/*/trial.json")
    }


def test_committee_trains_every_configuration_on_every_fold_and_refits_those_that_vote(committee, runs):
    members = json.loads((runs / "committee/ensemble/ensemble.json").read_text())["members"]
    voting = {member["trial_id"] for member in members if member["weight"] > 0}
    expected = {f"{trial}-fold{fold}-seed0" for trial in ("t000000", "t000001") for fold in range(3)}
    expected |= {f"{trial}-all-seed0" for trial in voting}
    assert set(trainings_of(runs, "committee")) == expected


def test_committee_predicts_each_train_row_once_out_of_fold(committee, runs):
    for trial in ("t000000", "t000001"):
        for name in ("predictions.npz", "predictions-views5.npz"):
            folds = [runs / f"committee/committee/{trial}/fold{fold}-seed0/{name}" for fold in range(3)]
            rows = np.concatenate([read_predictions(str(fold)).rows for fold in folds])
            assert sorted(rows) == list(range(1437))


def test_committee_keeps_the_last_epoch_of_each_training(committee, runs):
    for folder in trainings_of(runs, "committee").values():
        assert read_predictions(str(folder / "predictions.npz")).epoch == 2
        assert not (folder / "checkpoint").exists()


def test_refitted_training_has_no_row_to_score_it(committee, runs):
    refits = [folder for name, folder in trainings_of(runs, "committee").items() if "-all-" in name]
    assert refits
    for folder in refits:
        predictions = read_predictions(str(folder / "predictions.npz"))
        assert (len(predictions.rows), len(predictions.test_softmax)) == (0, 360)


def test_committee_is_told_neither_to_the_leaderboard_nor_to_the_study(committee, runs):
    assert len((runs / "committee/leaderboard.csv").read_text().splitlines()) == 3
    assert b"fold" not in (runs / "committee/study.journal").read_bytes()


def test_committee_votes_with_honest_scores_on_all_rows_and_on_those_outside_the_holdout(committee):
    assert "vote so far:" in committee.stdout
    assert "Out-of-fold, 1,437 rows" in committee.stdout
    assert re.search(r"  all rows \(1,437\): vote \d+", committee.stdout)
    assert re.search(r"  rows outside the search's holdout \(1,149\): vote \d+", committee.stdout)
    assert "such a vote has no honest score of its own" in committee.stdout
    assert committee.stderr == ""


def test_killed_committee_ends_with_the_predictions_of_an_uninterrupted_one(committee, killed, runs):
    ours, theirs = trainings_of(runs, "committee"), trainings_of(runs, "killed-committee")
    assert set(ours) == set(theirs)
    for name, folder in ours.items():
        for file in ("predictions.npz", "predictions-views5.npz"):
            one, other = (read_predictions(str(place / file)) for place in (folder, theirs[name]))
            np.testing.assert_array_equal(one.softmax, other.softmax)
            np.testing.assert_array_equal(one.test_softmax, other.test_softmax)
    files = [runs / study / "ensemble/submission.csv" for study in ("committee", "killed-committee")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_vote_of_a_committee_is_exported_as_the_model_that_it_is_and_taught_to_a_student(committee, runs):
    words = ["-m", "ensemble", "runs/committee", "--out", "out", "--export", "exported", "--distil"]
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, cwd=runs.parent, env=ENVIRONMENT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "wrote exported/vote.keras" in done.stdout
    assert re.search(r"student: \d+\.\d+% right, the vote \d+\.\d+%", done.stdout)
    described = json.loads((runs.parent / "exported/vote.json").read_text())
    assert described["compared"]["largest_difference"] <= described["tolerance"]
    assert (runs.parent / "exported/student.keras").is_file()


def test_the_same_command_again_trains_nothing(committee, runs):
    again = run_search(runs, "committee", *COMMITTEE)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "has its 2 trials already; voting again" in again.stdout
    assert "trials at once" not in again.stdout


def test_other_folds_are_refused_before_anything_is_trained(committee, runs):
    options = [word.replace("3", "4") if word == "3" else word for word in COMMITTEE]
    refused = run_search(runs, "committee", *options)
    assert refused.returncode == 2
    assert "the committee of study committee was begun with --folds 3, got --folds 4" in refused.stderr
