"""Whom a committee takes, by hand. Holdout rows are of classes 1, 0, 2; probabilities of the true classes:

BEST      .8 .8 .3    log-loss -ln(.192) / 3 = .550
COPY      .8 .8 .28   log-loss -ln(.1792) / 3 = .573; with BEST .8 .8 .29, -ln(.1856) / 3 = .561
OTHER     .4 .4 .9    log-loss -ln(.144) / 3 = .646; with BEST .6 .6 .6, -ln(.216) / 3 = .511
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import StoredFileError, StudyError
from core.metrics import log_loss
from core.store.predictions import write_predictions
from core.store.records import TrialRecord
from search.committee.select import different_records, select_records
from tests.ensemble.conftest import DATA, StudyMaker
from tests.search.committee.making import config_of, record_of


def giving(*true: float) -> np.ndarray:
    """Return softmax of the holdout rows in which their classes have these probabilities."""
    softmax = np.repeat((1 - np.array(true))[:, None] / 2, 3, axis=1)
    softmax[np.arange(3), DATA.labels[DATA.holdout_rows]] = true
    return softmax


BEST, COPY, OTHER, WEAK = giving(0.8, 0.8, 0.3), giving(0.8, 0.8, 0.28), giving(0.4, 0.4, 0.9), giving(0.1, 0.1, 0.1)


@pytest.fixture
def study(tmp_path: Path) -> StudyMaker:
    return StudyMaker(str(tmp_path / "made"))


def ranked(study: StudyMaker, *softmaxes: np.ndarray) -> list[TrialRecord]:
    """Put complete trials 0, 1, ... with these predictions into the study; return their records, best first."""
    labels = DATA.labels[DATA.holdout_rows]
    records = [record_of(number, log_loss(softmax, labels)) for number, softmax in enumerate(softmaxes)]
    for record, softmax in zip(records, softmaxes, strict=True):
        url = study.folder.trial(record.trial_id).predictions
        write_predictions(url, study.predictions(record.trial_id, softmax))
    return sorted(records, key=loss_of)


def loss_of(record: TrialRecord) -> float:
    assert record.best is not None
    return record.best.log_loss


def numbers_of(study: StudyMaker, records: Sequence[TrialRecord], k: int) -> list[int]:
    return [record.number for record in select_records(records, study.folder, study.data, k)]


def test_selection_takes_a_weaker_one_that_errs_elsewhere_before_a_copy_of_the_best(study: StudyMaker) -> None:
    records = ranked(study, BEST, COPY, OTHER)
    assert [record.number for record in records] == [0, 1, 2]  # the copy is the second best by itself
    assert numbers_of(study, records, 2) == [0, 2]
    assert numbers_of(study, records, 3) == [0, 2, 1]


def test_selection_begins_with_the_first_trial_however_it_did(study: StudyMaker) -> None:
    records = ranked(study, WEAK, COPY, BEST, OTHER)
    assert numbers_of(study, records, 2) == [0, 2]
    assert numbers_of(study, records, 4) == [0, 2, 3, 1]


def test_selection_of_one_is_the_best_alone(study: StudyMaker) -> None:
    assert numbers_of(study, ranked(study, WEAK, COPY, BEST), 1) == [2]


def test_selection_of_more_than_there_are_takes_all(study: StudyMaker) -> None:
    assert numbers_of(study, ranked(study, BEST, COPY), 9) == [0, 1]


def test_selection_of_equals_takes_the_lowest_number(study: StudyMaker) -> None:
    assert numbers_of(study, ranked(study, WEAK, BEST, BEST, BEST), 4) == [0, 1, 2, 3]


def test_selection_takes_a_configuration_once_and_the_better_of_two(study: StudyMaker) -> None:
    first, second, other = ranked(study, BEST, COPY, OTHER)
    twin = record_of(1, loss_of(second), config=config_of(0))
    assert numbers_of(study, [first, twin, other], 3) == [0, 2]
    assert numbers_of(study, [twin, first, other], 3) == [1, 2]  # as if number 1 had done better


def test_configurations_that_a_committee_would_train_alike_are_one() -> None:
    alike = [
        config_of(0, schedule="plateau"),
        config_of(0, schedule="cosine"),
        config_of(0, schedule="plateau", plateau_factor=0.1, plateau_patience_epochs=5, min_learning_rate=1e-4),
        config_of(0, epochs=9),
    ]
    records = [record_of(number, config=config) for number, config in enumerate(alike)]
    records += [record_of(4, config=config_of(0, learning_rate=2e-3)), record_of(5, config=config_of(1))]
    assert [record.number for record in different_records(records)] == [0, 4, 5]


def test_precision_and_views_make_no_other_configuration() -> None:
    changes: tuple[dict[str, Any], ...] = ({}, {"precision": "bfloat16"}, {"views": 5})
    configs = [dataclasses.replace(config_of(0), **change) for change in changes]
    records = [record_of(number, config=config) for number, config in enumerate(configs)]
    assert different_records(records) == records[:1]


def test_pruned_trials_come_after_complete_ones_those_that_went_further_first(study: StudyMaker) -> None:
    complete = ranked(study, WEAK, OTHER)
    pruned = [
        record_of(2, 0.1, state="pruned", num_epochs=1),
        record_of(3, 0.3, state="pruned", num_epochs=2),
        record_of(4, 0.2, state="pruned", num_epochs=2),
        record_of(5, 0.2, state="pruned", num_epochs=2),
    ]
    by_merit = sorted([*complete, *pruned], key=loss_of)
    assert numbers_of(study, by_merit, 6) == [0, 1, 4, 5, 3, 2]
    assert numbers_of(study, pruned, 2) == [2, 4]  # the first trial, and of the others who went furthest
    assert numbers_of(study, pruned, 1) == [4]


def test_nothing_to_choose_from_is_said(study: StudyMaker) -> None:
    with pytest.raises(StudyError, match=r"made must have a complete or pruned trial for a committee, got none"):
        select_records([], study.folder, study.data, 3)


def test_predictions_of_other_rows_or_data_are_refused_by_name(study: StudyMaker) -> None:
    records = ranked(study, BEST, COPY)
    url = study.folder.trial("t000001").predictions
    for changes in ({"rows": np.array([1, 3, 4])}, {"data": "other"}):
        write_predictions(url, study.predictions("t000001", COPY, **changes))
        with pytest.raises(StoredFileError, match=r"t000001/predictions\.npz must be of the study's data and holdout"):
            select_records(records, study.folder, study.data, 2)


def test_selection_is_that_of_a_plain_loop_over_whole_votes(study: StudyMaker) -> None:
    random, labels = np.random.default_rng(0), DATA.labels[DATA.holdout_rows]
    softmaxes = [giving(*random.uniform(0.05, 0.95, 3)) for _ in range(6)]
    records = ranked(study, *softmaxes)
    votes = [softmax.astype(np.float32) for softmax in softmaxes]  # as they are stored
    order: list[int] = []
    while len(order) < len(votes):
        left = [number for number in range(len(votes)) if number not in order]
        scores = [log_loss(np.mean([votes[n] for n in [*order, number]], axis=0), labels) for number in left]
        order.append(left[int(np.argmin(scores))])
    expected = [0, *(number for number in order if number != 0)]
    for k in (2, 4, 6):
        assert numbers_of(study, records, k) == expected[:k]
