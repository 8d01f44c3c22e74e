import math
from fractions import Fraction

import numpy as np
import pytest

from ensemble.mcnemar import fair_coin_p_value, mcnemar


def test_mcnemar_counts_rows_on_which_one_of_two_is_wrong() -> None:
    first = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0], dtype=bool)
    second = np.array([1, 0, 1, 1, 1, 1, 1, 0, 0], dtype=bool)
    found = mcnemar(first, second)
    assert (found.num_only_first_wrong, found.num_only_second_wrong) == (1, 5)
    assert found.p_value == 2 * (1 + 6) / 2**6


def test_mcnemar_is_the_same_both_ways_round() -> None:
    first, second = np.random.default_rng(0).random((2, 200)) < [[0.1], [0.2]]
    assert mcnemar(first, second).p_value == mcnemar(second, first).p_value


def test_mcnemar_of_equals_says_nothing() -> None:
    wrong = np.array([True, False, True])
    assert mcnemar(wrong, wrong).p_value == 1.0
    assert mcnemar(wrong[:0], wrong[:0]).p_value == 1.0


@pytest.mark.parametrize(("fewer", "tosses", "expected"), [(0, 1, 1.0), (0, 5, 1 / 16), (3, 6, 1.0), (3, 7, 1.0)])
def test_p_value_by_hand(fewer: int, tosses: int, expected: float) -> None:
    assert fair_coin_p_value(fewer, tosses) == expected


@pytest.mark.parametrize(("fewer", "tosses"), [(12, 40), (70, 170), (450, 1000), (900, 2500), (0, 3000)])
def test_p_value_is_both_tails_of_the_binomial(fewer: int, tosses: int) -> None:
    tail = Fraction(sum(math.comb(tosses, heads) for heads in range(fewer + 1)), 2**tosses)
    assert fair_coin_p_value(fewer, tosses) == float(2 * tail)


def test_p_value_of_many_tosses_is_that_of_the_normal_distribution() -> None:
    z = (5000 - 4900 - 0.5) / 50  # with the correction for whole numbers
    assert fair_coin_p_value(4900, 10_000) == pytest.approx(math.erfc(z / math.sqrt(2)), rel=1e-3)
