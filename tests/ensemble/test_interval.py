import numpy as np
import pytest

from ensemble.interval import accuracy_interval, mean_intervals


def test_interval_of_equal_rows_is_a_point() -> None:
    assert mean_intervals(np.full((1, 50), 0.25), seed=0) == [(0.25, 0.25)]


def test_interval_is_that_of_the_binomial() -> None:
    # 400 rows, half of them 1: standard error 0.025. An end, a 2.5 % quantile of 1,000 draws, is itself off by some
    # 0.0017 (one standard error), half a row (0.00125) comes on top: 0.006 is over three of both together
    [(low, high)] = mean_intervals(np.repeat([[0.0, 1.0]], 200, axis=0).reshape(1, 400), seed=3)
    assert low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.006)
    assert high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.006)


def test_interval_is_the_same_for_a_seed_and_beside_other_scores() -> None:
    values = np.random.default_rng(0).exponential(size=(2, 30))
    both = mean_intervals(values, seed=5)
    assert both == mean_intervals(values, seed=5)
    assert both[0] == mean_intervals(values[:1], seed=5)[0]
    assert both != mean_intervals(values, seed=6)


def test_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="one row or more, got none"):
        mean_intervals(np.zeros((1, 0)), seed=0)


def test_interval_of_paired_scores_narrows_where_the_rows_are_shared() -> None:
    rng = np.random.default_rng(0)
    shared, own = rng.normal(size=300), rng.normal(size=(2, 300)) / 10
    single, paired = mean_intervals(np.stack([shared + own[0], own[0] - own[1]]), seed=0)
    assert paired[1] - paired[0] < (single[1] - single[0]) / 3


def test_no_error_leaves_room_by_the_rule_of_three() -> None:
    assert accuracy_interval((0.0, 0.0), 300) == (0.99, 1.0)
    assert accuracy_interval((0.0, 0.0), 2) == (0.0, 1.0)


def test_interval_of_the_accuracy_mirrors_that_of_the_errors() -> None:
    low, high = accuracy_interval((0.02, 0.05), 1000)
    assert (low, high) == (pytest.approx(0.95), pytest.approx(0.98))
