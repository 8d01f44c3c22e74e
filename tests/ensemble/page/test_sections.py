"""The numbers that sections count for themselves, by hand."""

from pathlib import Path

import numpy as np
import pytest

from core.html.words import PERCENT, percent
from ensemble.page.agreement import same_class, shared_errors
from ensemble.page.confusions import confusion_counts, most_frequent
from ensemble.page.disputed import most_disputed
from ensemble.page.looks import mean_image, spaced
from ensemble.page.shares import chi_square_tail, evenness_in_words
from tests.ensemble.conftest import StudyMaker
from tests.ensemble.page.made import make_study, page_of, voted


def test_confusions_are_counted_by_true_class_and_ranked() -> None:
    counts = confusion_counts(np.array([0, 0, 1, 1, 1, 2]), np.array([0, 2, 0, 0, 1, 1]), 3)
    assert counts.tolist() == [[1, 0, 1], [2, 1, 0], [0, 1, 0]]
    assert most_frequent(counts) == [(1, 0), (0, 2), (2, 1)]
    assert most_frequent(np.diag([3, 4])) == []


def test_agreement_is_of_classes_and_of_errors() -> None:
    classes, labels = np.array([[0, 1, 2, 0], [0, 1, 1, 1], [0, 1, 2, 2]]), np.array([0, 1, 2, 2])
    assert same_class(classes).tolist() == [[1, 0.5, 0.75], [0.5, 1, 0.5], [0.75, 0.5, 1]]
    shared = shared_errors(classes, labels)
    assert shared[:2, :2].tolist() == [[1, 0.5], [0.5, 1]]
    assert shared[0, 2] == 0
    assert np.isnan(shared[2, 2])


@pytest.mark.parametrize(
    ("statistic", "freedom", "expected"),
    [(3.841, 1, 0.05), (16.919, 9, 0.05), (21.666, 9, 0.01), (124.342, 100, 0.05), (9.342, 10, 0.5), (0.0, 9, 1.0)],
)
def test_chi_square_tail_is_that_of_the_tables(statistic: float, freedom: int, expected: float) -> None:
    assert chi_square_tail(statistic, freedom) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("holdout", "words"),
    [
        ([100, 100], "closer than chance alone would deal it"),
        ([110, 90], "by no more than chance (chi-square"),
        ([150, 50], "by more than chance: its scores are of that mix (chi-square"),
        ([2, 1], "a class has so few rows that this is rough"),
        ([0, 0], "There are no two classes in both to be compared."),
    ],
)
def test_evenness_is_said_in_words(holdout: list[int], words: str) -> None:
    assert words in evenness_in_words(np.array([400, 400]), np.array(holdout))


def test_most_disputed_rows_have_least_weight_behind_them_then_least_margin(study: StudyMaker) -> None:
    first = np.array([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0]])
    study.add_trial(0, np.eye(3)[[1, 0, 2]] * 0.7 + 0.1, first)
    study.add_trial(1, np.eye(3)[[1, 0, 2]] * 0.7 + 0.1, np.array([[0.8, 0.2, 0.0], [0.1, 0.9, 0.0]]))
    assert most_disputed(voted(study, top_k=2)).tolist() == [1, 0]
    assert most_disputed(voted(study, top_k=1)).tolist() == [1, 0], "by the margin alone: 0.8 and 0.2"


def test_test_rows_set_aside_have_their_truth(tmp_path: Path) -> None:
    result = voted(make_study(tmp_path / "made", is_set_aside=True))
    page = page_of(result)
    assert f"their true class is known: {percent(result.test_accuracy or 0)} right" in page.words.replace(" %", PERCENT)
    assert all("true" in alt for alt in page.alts if alt.startswith("test id"))


def test_mean_image_is_the_mean_and_samples_are_spaced() -> None:
    images = np.array([[[[10]]], [[[250]]], [[[251]]]], np.uint8)
    assert mean_image(images, np.array([0, 2])).tolist() == [[[130]]]
    assert spaced(np.arange(10), 4).tolist() == [0, 3, 6, 9]
    assert spaced(np.arange(3), 4).tolist() == [0, 1, 2]
