"""Whose predictions are read where a study has very many trials."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core.store.records import TrialRecord, read_record, write_record
from ensemble import method
from ensemble.members import survey_trials
from ensemble.method import most_read
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings
from ensemble.shortlist import read_best, shortlist_in_words
from tests.ensemble.conftest import DATA, A, B, StudyMaker
from tests.search.committee.making import record_of


def numbers_read(losses: Sequence[float], most: int | None, missing: Sequence[int] = ()) -> tuple[list[int], list[int]]:
    """Return the numbers of the trials that are read, in that order, and of those that are not."""
    read: list[int] = []

    def note(some: Sequence[TrialRecord]) -> int:
        read.extend(record.number for record in some)
        return sum(record.number not in missing for record in some)

    left = read_best([record_of(number, loss) for number, loss in enumerate(losses)], most, note)
    return read, [record.number for record in left]


def test_all_are_read_in_their_order_where_they_are_not_too_many() -> None:
    assert numbers_read([0.3, 0.1, 0.2], None) == ([0, 1, 2], [])
    assert numbers_read([0.3, 0.1, 0.2], 3) == ([0, 1, 2], [])
    assert numbers_read([], 3) == ([], [])


def test_of_too_many_the_best_are_read_and_of_equals_the_first() -> None:
    assert numbers_read([0.3, 0.1, 0.2, 0.1, 0.2], 3) == ([1, 3, 2], [4, 0])


def test_one_that_cannot_vote_makes_room_for_the_next() -> None:
    assert numbers_read([0.3, 0.1, 0.2, 0.4, 0.5], 2, missing=[1, 0]) == ([1, 2, 0, 3], [4])
    assert numbers_read([0.3, 0.1], 1, missing=[0, 1]) == ([1, 0], [])


def test_words_say_who_was_looked_at_only_where_not_all_were() -> None:
    assert shortlist_in_words(200, 0) == ""
    assert shortlist_in_words(200, 9700) == "; looked at: the 200 of 9,900 trials of least recorded log-loss"


@pytest.mark.parametrize(
    ("num_rows", "top_k", "expected"), [(8400, None, 200), (8400, 3, 200), (8400, 100, 400), (1200, None, 1398)]
)
def test_as_many_are_read_as_may_be_chosen_and_some_more(num_rows: int, top_k: int | None, expected: int) -> None:
    data = dataclasses.replace(DATA, holdout_rows=np.arange(num_rows), class_names=np.array(list("0123456789")))
    assert most_read(EnsembleSettings(study="s", top_k=top_k), data) == expected


@pytest.fixture
def many(study: StudyMaker) -> StudyMaker:
    """Return a study of six trials, of which the odd ones are good, the last one best; 1 has lost its predictions."""
    for number in range(6):
        share = 0.9 - number / 20 if number % 2 else 0.1
        folder = study.add_trial(number, share * A + (1 - share) * B)
        record = read_record(folder.record)
        epoch = dataclasses.replace(record.epochs[0], log_loss=2 - number / 10 - number % 2)
        write_record(folder.record, dataclasses.replace(record, epochs=(epoch,)))
    Path(study.folder.trial("t000001").predictions).unlink()
    return study


def test_survey_reads_the_best_by_their_records_and_keeps_the_trials_order(many: StudyMaker) -> None:
    survey = survey_trials(many.folder, many.data, most=3)
    assert [candidate.member_id for candidate in survey.candidates] == ["t000003", "t000004", "t000005"]
    assert (survey.num_unread, len(survey.left_out)) == (2, 1)
    assert survey.num_by_state["complete"] == 6
    whole = survey_trials(many.folder, many.data)
    assert (len(whole.candidates), whole.num_unread) == (5, 0)
    for candidate in survey.candidates:
        (same,) = (one for one in whole.candidates if one.member_id == candidate.member_id)
        np.testing.assert_array_equal(candidate.softmax, same.softmax)


def test_vote_says_whom_it_looked_at(many: StudyMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = EnsembleSettings(study=many.url, method="mean", num_repeats=1)
    assert "looked at" not in vote_study(settings).choice_reason
    monkeypatch.setattr(method, "MOST_CANDIDATES", 1)
    monkeypatch.setattr(method, "READ_SHARE", 2)
    monkeypatch.setattr(method, "READ_NUMBERS", 0)
    result = vote_study(settings)
    assert result.choice_reason.endswith("; looked at: the 2 of 6 trials of least recorded log-loss")
    assert set(result.names) == {"t000003", "t000005"}
