import math

import numpy as np
import pytest

from search.page.importance import LEAST_TRIALS, MOST_TRIALS, Importance, importance_of

from .making import drawn_params, make_record, make_search


def found_of(records, value_of) -> Importance:
    found = importance_of(records, value_of)
    assert found is not None
    return found


def loss(record):
    return record.epochs[-1].log_loss


def distance_from_best_rate(record):
    return abs(math.log10(record.params["learning_rate"]) + 3)


def test_the_knob_that_decides_is_found_beyond_chance():
    found = found_of(make_search(80, num_kinds=1), distance_from_best_rate)
    assert next(iter(found.shares)) == "learning_rate"
    assert "learning_rate" in found.beyond_chance
    assert sum(found.shares.values()) == pytest.approx(1)
    assert set(found.by_chance) == set(found.shares)
    assert (found.num_trials, found.num_good) == (80, 8)


def test_where_nothing_decides_hardly_a_knob_is_beyond_chance():
    values = np.random.default_rng(3).random(60)
    found = found_of(make_search(60, num_kinds=1), lambda record: float(values[record.number]))
    assert len(found.beyond_chance) <= 1


def test_same_trials_have_the_same_importance():
    records = make_search(15, num_kinds=1)
    assert importance_of(records, loss) == importance_of(records, loss)


def test_too_few_trials_have_none():
    records = make_search(LEAST_TRIALS - 1, num_kinds=1)
    assert importance_of(records, loss) is None
    without_knobs = [make_record(number) for number in range(50)]
    assert importance_of([*records, *without_knobs], loss) is None


def test_trials_that_are_all_alike_have_none():
    memory = drawn_params(0)
    assert importance_of([make_record(number, **memory) for number in range(20)], lambda record: 1.0) is None


def test_of_very_many_trials_some_stand_for_all(monkeypatch):
    monkeypatch.setattr("search.page.importance.MOST_TRIALS", 30)
    assert MOST_TRIALS > 30
    assert found_of(make_search(90, num_kinds=1), distance_from_best_rate).num_trials == 30
