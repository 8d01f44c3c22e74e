"""The numbers that sections count for themselves, by hand."""

import dataclasses
from pathlib import Path

import numpy as np

from core.html.words import PERCENT, percent
from core.store.dataset import write_data_summary
from ensemble.page.agreement import same_class, shared_errors
from ensemble.page.disputed import most_disputed
from tests.ensemble.conftest import StudyMaker
from tests.ensemble.page.made import NUM_TRAIN, make_study, page_of, voted


def test_agreement_is_of_classes_and_of_errors() -> None:
    classes, labels = np.array([[0, 1, 2, 0], [0, 1, 1, 1], [0, 1, 2, 2]]), np.array([0, 1, 2, 2])
    assert same_class(classes).tolist() == [[1, 0.5, 0.75], [0.5, 1, 0.5], [0.75, 0.5, 1]]
    shared = shared_errors(classes, labels)
    assert shared[:2, :2].tolist() == [[1, 0.5], [0.5, 1]]
    assert shared[0, 2] == 0
    assert np.isnan(shared[2, 2])


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


def test_rows_that_are_the_same_image_as_a_held_out_one_are_no_train_rows(tmp_path: Path) -> None:
    study = make_study(tmp_path / "made")
    groups = np.arange(NUM_TRAIN)
    groups[30] = 5  # a held out row is the same image as row 5
    write_data_summary(study.folder.data, dataclasses.replace(study.data, groups=groups))
    page = page_of(voted(study))
    assert "19 rows train, 40 are held out." in page.words
    assert "Left out of both, being the same image as a held out one: 1 row." in page.words
    assert sum(int(row[1]) for row in page.table("Rows of each class")) == 19
