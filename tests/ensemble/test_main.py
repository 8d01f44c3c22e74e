"""`python -m ensemble`: a few runs of the real command, the rest of its bad input in this process."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.store import files
from core.store.predictions import write_predictions
from tests.ensemble.conftest import DATA, TEST_A, TEST_B, A, B, Command, StudyMaker, tear

REPOSITORY = Path(__file__).resolve().parents[2]
HEAVY = ("tensorflow", "keras", "ray", "optuna", "sklearn", "pandas")


def run(*words: str) -> tuple[int, str, str]:
    """Run the real command in a process of its own."""
    command = [sys.executable, "-m", "ensemble", *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    return ended.returncode, ended.stdout, ended.stderr


def test_command_votes_and_ends_with_the_true_accuracy(tmp_path: Path) -> None:
    study = StudyMaker(str(tmp_path / "made"), dataclasses.replace(DATA, test_labels=np.array([1, 2])))
    study.add_trial(0, A, TEST_A)
    study.add_trial(1, B, TEST_B)
    code, out, err = run(study.url, "--top-k", "2")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "test accuracy 1.0000 (2 rows set aside)"
    assert (tmp_path / "made" / "ensemble" / "submission.csv").read_bytes() == b"ImageId,Label\n1,1\n2,2\n"


def test_command_loads_none_of_the_heavy_packages(study: StudyMaker) -> None:
    study.add_trial(0, A)
    script = (
        "import runpy, sys\n"
        f"sys.argv = ['ensemble', {study.url!r}]\n"
        "runpy.run_module('ensemble', run_name='__main__')\n"
        f"print('loaded:', sorted(set(sys.modules) & set({HEAVY!r})))"
    )
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "loaded: []"


def test_command_on_a_folder_that_is_no_study_exits_2(tmp_path: Path) -> None:
    code, out, err = run(str(tmp_path))
    assert (code, out) == (2, "")
    assert err == (
        f"python -m ensemble: {tmp_path} must be a study's folder, and is none: it has no study.json. Name a folder "
        "that `python -m search` or `python -m core` made, such as runs/first\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_command_with_truncated_predictions_of_all_trials_exits_2(study: StudyMaker) -> None:
    torn = study.add_trial(0, A).predictions
    tear(torn, 200)
    code, out, err = run(study.url)
    assert (code, out) == (2, "")
    assert err.startswith(f"python -m ensemble: {torn} is torn or no .npz archive")
    assert (
        "copy. Once deleted, the vote does without trial t000000, and the same search, started again, trains it" in err
    )
    assert err.count("\n") == 1
    assert not files.exists(study.folder.ensemble)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--top-k", "0"), "--top-k must be 1 or more, got 0"),
        (("--top-k", "few"), "Error parsing --top-k: no type matching {None}|INT could be instantiated from ['few']"),
        (("--topk", "3"), "Unrecognized options: --topk, 3 (perhaps you meant --top-k)"),
        (("--method", "median"), "invalid choice 'median' for argument '--method'. Expected one of ('auto', 'mean',"),
        (("--out", ""), "--out must be a folder, got nothing"),
        (("--out", "nosuchthing://a"), "must be a path or an fsspec URL that this machine can open"),
        (("--add-member", "none.npz"), "--add-member none.npz: there is no such file"),
    ],
)
def test_a_mistake_in_an_option_is_one_line_and_code_2(
    study: StudyMaker, command: Command, words: tuple[str, ...], line: str
) -> None:
    study.add_trial(0, A)
    code, out, err = command(study.url, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("python -m ensemble: ")
    assert line in err
    assert not files.exists(study.folder.ensemble)


def test_a_study_left_out_is_one_line_and_code_2(command: Command) -> None:
    code, out, err = command()
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "STUDY_DIR" in err


def test_a_missing_path_is_one_line_and_code_2(command: Command, tmp_path: Path) -> None:
    code, out, err = command(str(tmp_path / "none"))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "none must be a study's folder, and is none: there is no such folder" in err


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": "other"}, "must be of the study's data set"),
        ({"split": "other"}, "must be of the study's split"),
        ({"rows": np.array([0, 2, 4])}, "must hold each of the study's 3 holdout rows once"),
    ],
)
def test_a_foreign_trial_is_one_line_and_code_2(
    study: StudyMaker, command: Command, changes: dict[str, Any], words: str
) -> None:
    study.add_trial(0, A)
    foreign = study.add_trial(1, B, **changes).predictions
    code, out, err = command(study.url)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert foreign in err
    assert words in err
    assert not files.exists(study.folder.ensemble)


def test_an_added_member_that_is_no_softmax_is_one_line_and_code_2(
    study: StudyMaker, command: Command, tmp_path: Path
) -> None:
    study.add_trial(0, A)
    url = str(tmp_path / "theirs.npz")
    write_predictions(url, study.predictions("theirs", np.full((3, 3), 0.5)))
    code, out, err = command(study.url, "--add-member", url)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"{url}: each row of softmax must be probabilities that sum to 1, got sum 1.5 in row 0 (3 such rows)" in err
    assert not files.exists(study.folder.ensemble)


def test_an_out_below_a_file_is_one_line_and_code_2(study: StudyMaker, command: Command) -> None:
    study.add_trial(0, A)
    code, out, err = command(study.url, "--out", study.folder.manifest)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "study.json/members.csv cannot be written" in err


def test_a_truncated_trial_stops_the_vote_and_an_earlier_submission_stays(study: StudyMaker, command: Command) -> None:
    study.add_trial(0, A)
    torn = study.add_trial(1, B).predictions
    assert command(study.url, "--top-k", "1")[0] == 0
    submission = files.read_bytes(f"{study.folder.ensemble}/submission.csv")
    tear(torn, 500)
    code, out, err = command(study.url, "--top-k", "1")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"{torn} is torn" in err
    assert files.read_bytes(f"{study.folder.ensemble}/submission.csv") == submission


def test_a_trial_whose_predictions_were_deleted_is_a_warning(study: StudyMaker, command: Command) -> None:
    study.add_trial(0, A)
    gone = study.add_trial(1, B).predictions
    files.remove(gone)
    code, out, err = command(study.url, "--top-k", "1")
    assert (code, err.count("\n")) == (0, 1)
    assert err.startswith(f"warning: trial t000001 is left out: {gone} is missing")
    assert "best single trial" in out


def test_help_names_every_option(command: Command) -> None:
    code, out, _ = command("--help")
    assert code == 0
    for option in ("STUDY_DIR", "--top-k", "--method", "--among", "--refit", "--out", "--add-member"):
        assert option in out
