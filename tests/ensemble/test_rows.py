import dataclasses

import numpy as np

from ensemble.rows import all_rows_of, holdout_of
from tests.ensemble.conftest import DATA


def test_holdout_rows_are_those_that_the_search_scored_on() -> None:
    rows = holdout_of(DATA)
    assert rows.kind == "holdout"
    assert rows.numbers.tolist() == [1, 3, 5]
    assert rows.labels.tolist() == [1, 0, 2]
    assert rows.was_holdout.tolist() == [True] * 3


def test_all_rows_know_which_of_them_the_search_scored_on() -> None:
    rows = all_rows_of(DATA)
    assert rows.kind == "out-of-fold"
    assert rows.numbers.tolist() == [0, 1, 2, 3, 4, 5]
    assert rows.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert rows.was_holdout.tolist() == [False, True] * 3


def test_rows_of_an_image_that_the_holdout_has_count_as_holdout_and_stay_together() -> None:
    data = dataclasses.replace(DATA, groups=np.array([0, 1, 2, 3, 1, 5]))
    rows = all_rows_of(data)  # the holdout is rows 1, 3, 5; row 4 is the image of row 1
    assert rows.was_holdout.tolist() == [False, True, False, True, True, True]
    assert rows.groups is not None
    assert rows.groups.tolist() == [0, 1, 2, 3, 1, 5]
    assert holdout_of(data).groups is not None
