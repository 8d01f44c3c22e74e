import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import StoredFileError
from core.store import files
from core.store.predictions import read_predictions, write_predictions
from core.store.records import read_record, write_record
from ensemble.members import TrialSurvey, read_added_member, read_test_softmax, survey_trials
from ensemble.rows import holdout_of
from tests.ensemble.conftest import TEST_A, TEST_B, A, B, StudyMaker, tear


def survey_of(study: StudyMaker) -> TrialSurvey:
    return survey_trials(study.folder, study.data)


def ids_of(survey: TrialSurvey) -> list[str]:
    return [candidate.member_id for candidate in survey.candidates]


def test_survey_takes_trials_that_ended_complete_or_pruned(study: StudyMaker) -> None:
    study.add_trial(0, A, state="complete")
    study.add_trial(1, B, state="pruned")
    study.add_trial(2, A, state="running")
    study.add_trial(3, A, state="failed")
    survey = survey_of(study)
    assert ids_of(survey) == ["t000000", "t000001"]
    assert survey.num_by_state == {"running": 1, "complete": 1, "pruned": 1, "failed": 1}
    assert survey.left_out == []
    np.testing.assert_allclose(survey.candidates[1].softmax, B, rtol=1e-6)
    assert (survey.candidates[1].state, survey.candidates[1].epoch) == ("pruned", 4)


def test_survey_orders_candidates_by_trial_number(study: StudyMaker) -> None:
    for number in (11, 2, 7):
        study.add_trial(number, A)
    assert ids_of(survey_of(study)) == ["t000002", "t000007", "t000011"]


def test_survey_puts_rows_into_the_studys_order(study: StudyMaker) -> None:
    order = np.array([2, 0, 1])
    study.add_trial(0, A[order], rows=study.data.holdout_rows[order])
    np.testing.assert_allclose(survey_of(study).candidates[0].softmax, A, rtol=1e-6)


@pytest.mark.parametrize("length", [0, 1, 4, 100, 700, 1500])
def test_a_torn_predictions_file_is_refused_by_name(study: StudyMaker, length: int) -> None:
    study.add_trial(0, A)
    torn = study.add_trial(1, B).predictions
    tear(torn, length)
    with pytest.raises(StoredFileError) as refusal:
        survey_of(study)
    assert str(refusal.value).startswith(f"{torn} is torn or no .npz archive")
    assert (
        "copy. Once deleted, the vote does without trial t000001, and the same search, started again, trains it"
        in str(refusal.value)
    )


@pytest.mark.parametrize(
    ("softmax", "words"),
    [
        (np.full((3, 3), 0.4), "each row of softmax must be probabilities that sum to 1, got sum 1.2 in row 0"),
        (np.full((3, 3), np.nan), "each row of softmax must be probabilities"),
    ],
)
def test_what_is_no_softmax_is_refused(study: StudyMaker, softmax: np.ndarray, words: str) -> None:
    study.add_trial(0, A)
    study.add_trial(1, softmax)
    with pytest.raises(StoredFileError, match=words):
        survey_of(study)


def test_an_ended_trial_without_predictions_is_left_out_in_words(study: StudyMaker) -> None:
    folder = study.add_record(4, state="complete")
    assert survey_of(study).left_out[0].startswith(f"trial t000004 is left out: {folder.predictions} is missing")


def test_a_torn_or_missing_record_is_left_out_in_words(study: StudyMaker) -> None:
    torn = study.add_trial(0, A).record
    tear(torn, 20)
    missing = study.add_trial(1, A).record
    files.remove(missing)
    left_out = survey_of(study).left_out
    assert left_out[0].startswith(f"trial t000000 is left out: {torn} is torn or no JSON")
    assert left_out[1].startswith(f"trial t000001 is left out: {missing} is missing")


def test_a_copied_trial_folder_does_not_vote_twice(study: StudyMaker) -> None:
    record = read_record(study.add_trial(0, A).record)
    copy = study.add_trial(1, A)
    write_record(copy.record, record)
    survey = survey_of(study)
    assert ids_of(survey) == ["t000000"]
    assert "trial t000001 is left out" in survey.left_out[0]
    assert "is the record of trial t000000" in survey.left_out[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": "other"}, "must be of the study's data set 'data-of-the-...', got 'other'"),
        ({"split": "other"}, "must be of the study's split 'split-of-the...', got 'other'. Move trial t000001 out"),
        ({"rows": np.array([1, 3, 4])}, "must hold each of the study's 3 holdout rows once, got 3 rows, 2 of them"),
        ({"rows": np.array([1, 3, 3])}, "must hold each of the study's 3 holdout rows once, got 3 rows"),
        ({"rows": np.array([1, 3]), "softmax": A[:2]}, "must hold each of the study's 3 holdout rows once, got 2 rows"),
        ({"test_softmax": TEST_A[:1]}, "must have softmax of the study's 2 test rows, got 1"),
        (
            {"softmax": np.full((3, 2), 0.5), "test_softmax": np.full((2, 2), 0.5)},
            "must have the study's 3 classes, got 2",
        ),
    ],
)
def test_predictions_of_other_data_are_refused_by_name(study: StudyMaker, changes: dict[str, Any], words: str) -> None:
    study.add_trial(0, A)
    folder = study.add_trial(1, B)
    write_predictions(folder.predictions, dataclasses.replace(read_predictions(folder.predictions), **changes))
    with pytest.raises(StoredFileError) as refused:
        survey_of(study)
    assert str(refused.value).startswith(folder.predictions)
    assert words in str(refused.value)


def test_an_added_member_is_read_by_rows_and_fingerprint(study: StudyMaker, tmp_path: Path) -> None:
    url, order = str(tmp_path / "theirs.npz"), np.array([1, 2, 0])
    arrays = {"rows": study.data.holdout_rows[order], "softmax": A[order], "test_softmax": TEST_B}
    files.write_npz(url, arrays | {"data": np.array(study.data.fingerprint)})
    candidate = read_added_member(url, study.data, holdout_of(study.data))
    assert (candidate.member_id, candidate.state, candidate.epoch, candidate.config) == (url, "added", 0, {})
    np.testing.assert_allclose(candidate.softmax, A, rtol=1e-6)
    np.testing.assert_allclose(read_test_softmax(candidate, study.data), TEST_B, rtol=1e-6)


def test_an_added_member_of_the_same_rows_may_be_of_another_split(study: StudyMaker, tmp_path: Path) -> None:
    url = str(tmp_path / "theirs.npz")
    write_predictions(url, study.predictions("theirs", A, split="made by other means"))
    assert read_added_member(url, study.data, holdout_of(study.data)).member_id == url


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": "other"}, "must be of the study's data set"),
        ({"rows": np.array([0, 2, 4])}, "got 3 rows, 0 of them the study's"),
        ({"test_softmax": np.zeros((0, 3))}, "must have softmax of the study's 2 test rows, got 0"),
        ({"softmax": np.full((3, 3), 0.5)}, "each row of softmax must be probabilities that sum to 1"),
    ],
)
def test_an_added_member_of_other_data_is_refused_by_name(
    study: StudyMaker, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    url = str(tmp_path / "theirs.npz")
    write_predictions(url, dataclasses.replace(study.predictions("theirs", A), **changes))
    with pytest.raises(StoredFileError, match=f"theirs.npz.* {words}"):
        read_added_member(url, study.data, holdout_of(study.data))


def test_an_added_member_that_is_missing_or_torn_is_an_error(study: StudyMaker, tmp_path: Path) -> None:
    url = str(tmp_path / "theirs.npz")
    with pytest.raises(StoredFileError, match=r"--add-member .*theirs\.npz: there is no such file"):
        read_added_member(url, study.data, holdout_of(study.data))
    write_predictions(url, study.predictions("theirs", A))
    tear(url, 300)
    with pytest.raises(StoredFileError, match=r"theirs\.npz is torn or no \.npz archive"):
        read_added_member(url, study.data, holdout_of(study.data))


def test_predictions_that_change_between_reads_are_refused(study: StudyMaker) -> None:
    folder = study.add_trial(0, A)
    candidate = survey_of(study).candidates[0]
    np.testing.assert_allclose(read_test_softmax(candidate, study.data), TEST_A, rtol=1e-6)
    write_predictions(folder.predictions, study.predictions("t000000", B))
    with pytest.raises(StoredFileError, match=r"changed while its votes were counted\. Vote again"):
        read_test_softmax(candidate, study.data)
    files.remove(folder.predictions)
    with pytest.raises(StoredFileError, match="changed while its votes were counted"):
        read_test_softmax(candidate, study.data)
