import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ensemble.honest import honest_lines
from ensemble.nested import HonestScore
from ensemble.result import VoteResult
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings
from tests.ensemble.committees import CommitteeMaker, softmax_of
from tests.ensemble.conftest import DATA, A, StudyMaker
from tests.ensemble.votes import drawn

NUM_ROWS = 90
LABELS = (np.arange(NUM_ROWS) % 3).astype(np.int32)
HOLDOUT = np.arange(0, NUM_ROWS, 3) + np.arange(30) % 3
DATA_OF_MANY = dataclasses.replace(DATA, labels=LABELS, holdout_rows=HOLDOUT)


@pytest.fixture
def large(tmp_path: Path) -> StudyMaker:
    """Return a study of 90 rows, 30 of them held out, without trials."""
    return StudyMaker(str(tmp_path / "large"), DATA_OF_MANY)


def true_of(number: int) -> np.ndarray:
    """Return a candidate's probabilities of the true classes, (90,)."""
    softmax, labels = drawn(3, NUM_ROWS, num_classes=3, seed=5, noise=2.0)
    return softmax[number, np.arange(NUM_ROWS), labels]


def vote(study: StudyMaker) -> VoteResult:
    return vote_study(EnsembleSettings(study=study.url, method="mean", num_repeats=2))


def test_estimate_of_a_search_says_that_its_rows_chose_the_epochs_too(large: StudyMaker) -> None:
    for number in range(3):
        large.add_trial(number, softmax_of(true_of(number)[HOLDOUT], LABELS[HOLDOUT]))
    lines = honest_lines(vote(large))
    assert lines[0] == "honest estimate, chosen on some rows and scored on others (5 parts in turn, 2 times):"
    assert lines[1].startswith("  all rows (30): vote ")
    assert lines[2].startswith("    best single ")
    assert lines[3].startswith("    vote against best single: ")
    assert (
        lines[4] == "  these rows chose each trial's epoch too, which flatters both; a committee's rows choose no epoch"
    )
    assert lines[5].startswith("calibration: temperature ")
    assert lines[5].endswith("; no class changes")
    assert len(lines) == 6


def test_estimate_of_a_committee_is_given_outside_the_searchs_holdout_too(large: StudyMaker) -> None:
    maker = CommitteeMaker(large, 0, 1, 2, folds=(np.arange(0, NUM_ROWS, 2), np.arange(1, NUM_ROWS, 2)))
    for number in range(3):
        maker.add(number, softmax_of(true_of(number), LABELS))
    lines = honest_lines(vote(large))
    assert lines[1].startswith("  all rows (90): vote ")
    assert lines[4].startswith("  rows outside the search's holdout (60): vote ")
    assert not any("flatters" in line for line in lines)
    assert len(lines) == 8


def test_too_few_rows_have_no_honest_estimate_and_say_so(study: StudyMaker) -> None:
    study.add_trial(0, A)
    assert honest_lines(vote(study)) == [
        "no honest estimate: 3 labelled rows are too few to choose on some and score others"
    ]


def test_scores_are_shown_with_their_intervals(large: StudyMaker) -> None:
    large.add_trial(0, softmax_of(true_of(0)[HOLDOUT], LABELS[HOLDOUT]))
    result = vote(large)
    assert result.estimate is not None
    score = HonestScore(
        num_rows=42_000,
        num_repeats=3,
        num_errors=1234.5,
        accuracy=0.99625,
        accuracy_interval=(0.995, 0.9975),
        log_loss=0.0123456,
        log_loss_interval=(0.01, 0.02),
    )
    for num_errors, words in ((1234.5, "1,234.5"), (1234.0, "1,234")):
        scored = dataclasses.replace(score, num_errors=num_errors)
        part = dataclasses.replace(result.estimate.parts[0], vote=scored)
        estimate = dataclasses.replace(result.estimate, parts=(part,))
        line = honest_lines(dataclasses.replace(result, estimate=estimate))[1]
        assert line == (
            "  all rows (42,000): vote 99.6250 % (99.5000 % to 99.7500 %), "
            f"errors {words}, log-loss 0.01235 (0.01000 to 0.02000)"
        )
