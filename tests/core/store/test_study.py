from pathlib import Path

import pytest

from core.errors import StudyError
from core.store import files
from core.store.study import StudyFolder, trial_id_of


def test_names_in_the_study_folder_are_the_formats() -> None:
    study = StudyFolder("runs/first")
    trial = study.trial("t000002")
    assert study.manifest == "runs/first/study.json"
    assert study.data == "runs/first/data.npz"
    assert study.images == "runs/first/images.npz"
    assert study.leaderboard == "runs/first/leaderboard.csv"
    assert study.ensemble == "runs/first/ensemble"
    assert trial.record == "runs/first/trials/t000002/trial.json"
    assert trial.predictions == "runs/first/trials/t000002/predictions.npz"
    assert trial.model == "runs/first/trials/t000002/model.keras"
    assert trial.checkpoint(3) == "runs/first/trials/t000002/checkpoint/3/state.npz"
    assert trial.checkpoint(3, attempt=2) == "runs/first/trials/t000002/checkpoint/3.2/state.npz"


def test_trial_ids_sort_as_their_numbers_do(tmp_path: Path) -> None:
    study = StudyFolder(str(tmp_path))
    for number in (10, 2, 123456):
        files.write_bytes(study.trial(trial_id_of(number)).record, b"{}")
    assert study.trial_ids() == ["t000002", "t000010", "t123456"]


def test_a_folder_that_is_not_there_is_no_study(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="none must be a study's folder, and is none: there is no such folder"):
        StudyFolder(str(tmp_path / "none")).require_exists()


def test_a_folder_without_manifest_is_no_study(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"is none: it has no study\.json\. Name a folder that `python -m search`"):
        StudyFolder(str(tmp_path)).require_exists()


def test_a_folder_with_manifest_is_a_study(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text("{}")
    StudyFolder(str(tmp_path)).require_exists()
