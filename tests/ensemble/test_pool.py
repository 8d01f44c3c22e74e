from pathlib import Path

import pytest

from core.errors import StudyError
from core.store import files
from ensemble.members import TrialSurvey, survey_trials
from ensemble.pool import nobody_in_words, pool
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings
from ensemble.studies import open_studies
from tests.ensemble.conftest import StudyMaker
from tests.ensemble.studies import make_study, make_two


def surveyed(*studies: StudyMaker) -> TrialSurvey:
    opened = open_studies([study.url for study in studies])
    return pool(opened, [survey_trials(one.folder, one.data) for one in opened])


def ids_of(survey: TrialSurvey) -> list[str]:
    return [candidate.member_id for candidate in survey.candidates]


def test_a_pool_has_each_study_s_trials_by_name_and_number(tmp_path: Path) -> None:
    first, second = make_two(tmp_path)
    pooled = surveyed(second, first)
    assert ids_of(pooled) == [f"first/t00000{n}" for n in range(4)] + [f"second/t00000{n}" for n in range(5)]
    assert pooled.num_by_state == {"running": 0, "complete": 7, "pruned": 2, "failed": 0}
    assert (pooled.left_out, pooled.unfinished) == ([], [])


def test_a_pool_of_one_study_is_its_own_survey(tmp_path: Path) -> None:
    study = make_study(tmp_path / "first", 0, 0)
    assert ids_of(surveyed(study)) == ["t000000", "t000001"]


def test_what_two_studies_both_trained_is_counted_once_and_said(tmp_path: Path) -> None:
    first = make_study(tmp_path / "first", 0, 1, 1)  # its own twins are two trials that it trained
    second = make_study(tmp_path / "second", 1, 2, 0)
    pooled = surveyed(first, second)
    assert ids_of(pooled) == ["first/t000000", "first/t000001", "first/t000002", "second/t000001"]
    assert pooled.unfinished == [
        "trials that predict to the bit what another study's do are counted once: "
        "second/t000000 as first/t000001, second/t000002 as first/t000000"
    ]
    assert sum(pooled.num_by_state.values()) == 6


def test_the_twins_of_a_copied_study_are_said_in_one_sentence(tmp_path: Path) -> None:
    pooled = surveyed(make_study(tmp_path / "a", *range(6)), make_study(tmp_path / "b", *range(6)))
    assert len(pooled.candidates) == 6
    assert pooled.unfinished[0].endswith("b/t000002 as a/t000002 and 3 more")


def test_a_sentence_on_a_trial_begins_with_its_study(tmp_path: Path) -> None:
    first, second = make_two(tmp_path)
    gone = second.folder.trial("t000003").predictions
    files.remove(gone)
    assert surveyed(first, second).left_out == [
        f"second: trial t000003 is left out: {gone} is missing. To have its vote, start the search again"
    ]


def test_a_study_without_a_trial_that_can_vote_is_left_out_in_words(tmp_path: Path) -> None:
    first, empty = make_study(tmp_path / "first", 0, 1), make_study(tmp_path / "empty")
    empty.add_record(0, state="running")
    pooled = surveyed(first, empty)
    assert ids_of(pooled) == ["first/t000000", "first/t000001"]
    assert pooled.left_out == [
        f"empty: {empty.url} has no trial that can vote: one must have ended complete or pruned, got 1 running. Start "
        "the search again. The other studies vote without it"
    ]


def test_nothing_that_can_vote_is_said_with_the_reason(study: StudyMaker) -> None:
    def words() -> str:
        return nobody_in_words(study.folder, survey_trials(study.folder, study.data))

    assert words().endswith(
        "has no trial that can vote: one must have ended complete or pruned, got no trials. Start the search again"
    )
    study.add_record(0, state="running")
    study.add_record(1, state="failed")
    assert words().endswith("got 1 running, 1 failed. Start the search again")
    study.add_record(2, state="complete")
    study.add_record(3, state="complete")
    assert "has no trial that can vote: trial t000002 is left out: " in words()
    assert words().endswith("(and 1 more like it)")


def test_studies_none_of_which_can_vote_are_all_named(tmp_path: Path) -> None:
    first, second = make_study(tmp_path / "first"), make_study(tmp_path / "second")
    with pytest.raises(StudyError, match=r"first has no trial that can vote: .*; .*second has no trial that can vote"):
        vote_study(EnsembleSettings(study=first.url, other_studies=(second.url,)))


def test_a_pool_counts_the_trials_that_no_study_s_shortlist_had_room_for(tmp_path: Path) -> None:
    opened = open_studies([study.url for study in make_two(tmp_path)])
    pooled = pool(opened, [survey_trials(one.folder, one.data, most=3) for one in opened])
    assert (len(pooled.candidates), pooled.num_unread) == (6, 3)
