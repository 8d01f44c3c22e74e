import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.config import notebook_config
from core.errors import StoredFileError, StudyError
from core.store import files
from core.store.committee import training_id_of
from core.store.predictions import read_predictions, write_predictions
from ensemble.committee import survey_committee
from ensemble.members import TrialSurvey, read_test_softmax
from tests.ensemble.committees import FOLDS, CommitteeMaker, softmax_of
from tests.ensemble.conftest import DATA, TEST_A, TEST_B, StudyMaker, tear

ONE = softmax_of([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], DATA.labels)
TWO = softmax_of([0.5, 0.6, 0.7, 0.8, 0.9, 0.6], DATA.labels)
WHOLE = (TEST_A + TEST_B) / 2


def survey_of(study: StudyMaker, *, refit: bool = False) -> TrialSurvey:
    survey = survey_committee(study.folder, study.data, refit=refit)
    assert survey is not None
    return survey


def test_survey_of_a_study_without_committee_is_none(study: StudyMaker) -> None:
    assert survey_committee(study.folder, study.data, refit=False) is None


def test_folds_together_are_the_out_of_fold_softmax_of_every_row(study: StudyMaker) -> None:
    CommitteeMaker(study, 2).add(2, ONE)
    survey = survey_of(study)
    (candidate,) = survey.candidates
    np.testing.assert_allclose(candidate.softmax, ONE, rtol=1e-6)
    assert candidate.softmax.dtype == np.float32
    assert (survey.rows.kind, survey.rows.numbers.tolist()) == ("out-of-fold", [0, 1, 2, 3, 4, 5])
    assert (candidate.member_id, candidate.trial_id, candidate.state) == ("t000002", "t000002", "committee")
    assert (candidate.epoch, candidate.views, candidate.plain_id) == (3, 1, None)
    assert candidate.config == notebook_config().to_json()
    names = [f"{study.url}/committee/t000002/fold{fold}-seed0" for fold in (0, 1)]
    assert candidate.urls == tuple(f"{name}/predictions.npz" for name in names)
    assert candidate.model_urls == tuple(f"{name}/model.keras" for name in names)
    assert (survey.left_out, survey.num_by_state["complete"]) == ([], 2)


def test_candidates_come_in_the_plans_order(study: StudyMaker) -> None:
    maker = CommitteeMaker(study, 2, 0)
    maker.add(0, ONE)
    maker.add(2, TWO)
    assert [candidate.member_id for candidate in survey_of(study).candidates] == ["t000002", "t000000"]


def test_test_rows_are_meaned_over_the_folds(study: StudyMaker) -> None:
    CommitteeMaker(study, 2).add(2, ONE, (TEST_A, TEST_B))
    (candidate,) = survey_of(study).candidates
    np.testing.assert_allclose(read_test_softmax(candidate, study.data), WHOLE, rtol=1e-6)


def test_repeats_are_meaned(study: StudyMaker) -> None:
    maker = CommitteeMaker(study, 2, num_repeats=2)
    maker.add(2, ONE, (TEST_A, TEST_A))
    maker.add(2, TWO, (TEST_A, TEST_B), repeat=1)
    survey = survey_of(study)
    (candidate,) = survey.candidates
    np.testing.assert_allclose(candidate.softmax, (ONE + TWO) / 2, rtol=1e-6)
    np.testing.assert_allclose(read_test_softmax(candidate, study.data), (3 * TEST_A + TEST_B) / 4, rtol=1e-6)
    assert survey.num_by_state["complete"] == 4


def test_a_repeat_counts_once_all_its_folds_have_ended(study: StudyMaker) -> None:
    maker = CommitteeMaker(study, 2, num_repeats=2)
    maker.add(2, ONE, repeat=1)
    maker.add_training(2, 0, TWO[FOLDS[0]])
    maker.add_training(2, 1, TWO[FOLDS[1]], state="running")
    survey = survey_of(study)
    np.testing.assert_allclose(survey.candidates[0].softmax, ONE, rtol=1e-6)
    assert [url.split("/")[-2] for url in survey.candidates[0].urls] == ["fold0-seed1", "fold1-seed1"]
    assert survey.left_out == []


@pytest.mark.parametrize("how", ["running", "failed", "no folder", "no record", "torn record", "no predictions"])
def test_a_configuration_that_is_not_whole_is_left_out_in_words(study: StudyMaker, how: str) -> None:
    maker = CommitteeMaker(study, 2, 0)
    maker.add(0, TWO)
    training = maker.add(2, ONE)[1]
    if how in ("running", "failed"):
        maker.add_training(2, 1, ONE[FOLDS[1]], state=how)  # type: ignore[arg-type]
    elif how == "torn record":
        tear(training.record, 40)
    else:
        files.remove({"no record": training.record, "no predictions": training.predictions}.get(how, training.url))
    survey = survey_of(study)
    assert [candidate.member_id for candidate in survey.candidates] == ["t000000"]
    assert survey.left_out == [
        "t000002 of the committee is left out: not all of its 2 folds have ended with their predictions. "
        "Start the search again to go on"
    ]


def test_predictions_over_more_views_are_a_second_candidate_of_the_same_member(study: StudyMaker) -> None:
    CommitteeMaker(study, 2, views=9).add(2, ONE, more=TWO)
    plain, more = survey_of(study).candidates
    np.testing.assert_allclose(plain.softmax, ONE, rtol=1e-6)
    np.testing.assert_allclose(more.softmax, TWO, rtol=1e-6)
    assert (plain.member_id, plain.views, plain.plain_id) == ("t000002", 1, None)
    assert (more.member_id, more.views, more.plain_id, more.trial_id) == ("t000002 (9 views)", 9, "t000002", "t000002")
    assert more.urls[0].endswith("/committee/t000002/fold0-seed0/predictions-views9.npz")
    assert more.model_urls == plain.model_urls


def test_a_configuration_that_lacks_predictions_over_more_views_is_left_out(study: StudyMaker) -> None:
    files.remove(CommitteeMaker(study, 2, views=9).add(2, ONE, more=TWO)[1].predictions_of(9))
    survey = survey_of(study)
    assert (survey.candidates, len(survey.left_out)) == ([], 1)


def test_views_of_a_configuration_of_its_own_are_named(study: StudyMaker) -> None:
    config = dataclasses.replace(notebook_config(), views=5).to_json()
    CommitteeMaker(study, 2, members=({"trial": "t000002", "config": config},)).add(2, ONE)
    assert survey_of(study).candidates[0].views == 5


def test_test_rows_of_a_refitted_member_are_those_of_its_trainings_on_every_row(study: StudyMaker) -> None:
    maker = CommitteeMaker(study, 2, num_repeats=2)
    for repeat, test_softmax in enumerate((TEST_B, TEST_A)):
        maker.add(2, ONE, repeat=repeat)
        maker.add_refit(2, test_softmax, repeat=repeat)
    (candidate,) = survey_of(study, refit=True).candidates
    np.testing.assert_allclose(candidate.softmax, ONE, rtol=1e-6)
    np.testing.assert_allclose(read_test_softmax(candidate, study.data), WHOLE, rtol=1e-6)
    assert [url.split("/")[-2] for url in candidate.model_urls] == ["all-seed0", "all-seed1"]
    np.testing.assert_allclose(read_test_softmax(survey_of(study).candidates[0], study.data), TEST_A, rtol=1e-6)


def test_a_member_that_is_not_refitted_is_no_error_until_it_votes(study: StudyMaker) -> None:
    maker = CommitteeMaker(study, 2, 0)
    for number in (2, 0):
        maker.add(number, ONE)
    maker.add_refit(2, TEST_B)
    refitted, other = survey_of(study, refit=True).candidates
    np.testing.assert_allclose(read_test_softmax(refitted, study.data), TEST_B, rtol=1e-6)
    with pytest.raises(StudyError, match="--refit needs t000000 trained on every row, and it is not"):
        read_test_softmax(other, study.data)


def test_a_refit_that_changes_between_reads_is_refused(study: StudyMaker) -> None:
    maker = CommitteeMaker(study, 2)
    maker.add(2, ONE)
    maker.add_refit(2, TEST_B)
    (candidate,) = survey_of(study, refit=True).candidates
    maker.add_refit(2, TEST_A)
    with pytest.raises(StoredFileError, match=r"all-seed0/predictions\.npz changed while its votes were counted"):
        read_test_softmax(candidate, study.data)


def test_a_torn_plan_is_refused_by_name(study: StudyMaker) -> None:
    maker = CommitteeMaker(study, 2)
    maker.add(2, ONE)
    tear(maker.folder.plan, 30)
    with pytest.raises(StoredFileError, match=r"committee/plan\.json is torn"):
        survey_of(study)


@pytest.mark.parametrize("length", [0, 100, 700])
def test_torn_predictions_are_refused_by_name_with_the_way_out(study: StudyMaker, length: int) -> None:
    torn = CommitteeMaker(study, 2).add(2, ONE)[1].predictions
    tear(torn, length)
    with pytest.raises(StoredFileError) as refused:
        survey_of(study)
    assert str(refused.value).startswith(f"{torn} is torn")
    assert "copy. Once deleted, the vote does without this configuration, and the same search" in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": "other"}, "must be of the study's data set 'data-of-the-...', got 'other'"),
        ({"test_softmax": TEST_A[:1]}, "must have softmax of the study's 2 test rows, got 1"),
        ({"rows": np.array([2, 3, 6])}, "must hold rows of the train file, each once"),
        ({"rows": np.array([2, 3, -1])}, "must hold rows of the train file, each once"),
        ({"rows": np.array([2, 3, 3])}, "must hold rows of the train file, each once"),
        ({"softmax": np.full((3, 3), 0.5)}, "each row of softmax must be probabilities that sum to 1"),
        ({"softmax": np.full((3, 3), np.nan)}, "each row of softmax must be probabilities that sum to 1"),
    ],
)
def test_predictions_of_other_data_are_refused_by_name(study: StudyMaker, changes: dict[str, Any], words: str) -> None:
    url = CommitteeMaker(study, 2).add(2, ONE)[1].predictions
    write_predictions(url, dataclasses.replace(read_predictions(url), **changes))
    with pytest.raises(StoredFileError) as refused:
        survey_of(study)
    assert str(refused.value).startswith(url)
    assert words in str(refused.value)


@pytest.mark.parametrize("rows", [[2, 3], [2, 3, 0]])
def test_folds_that_lack_a_row_or_share_one_are_refused(study: StudyMaker, rows: list[int]) -> None:
    url = CommitteeMaker(study, 2).add(2, ONE)[1].predictions
    changed = dataclasses.replace(read_predictions(url), rows=np.array(rows), softmax=ONE[rows])
    write_predictions(url, changed)
    with pytest.raises(StoredFileError, match=r"the folds of t000002 .* must hold every train row equally often"):
        survey_of(study)


def test_folders_of_others_in_the_committee_are_no_members(study: StudyMaker) -> None:
    maker = CommitteeMaker(study, 2)
    maker.add(2, ONE)
    maker.add(7, TWO)
    Path(maker.folder.committee, "copy of t000002").mkdir()
    assert [candidate.member_id for candidate in survey_of(study).candidates] == ["t000002"]
    assert maker.folder.trial(training_id_of("t000007", 0, 0)).url.endswith("committee/t000007/fold0-seed0")
