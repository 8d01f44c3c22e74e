import numpy as np
import pytest

from core.html.class_shares import MOST_DRAWN, chi_square_tail, class_shares_section, evenness_in_words


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


def test_of_many_classes_those_furthest_apart_are_drawn_and_listed() -> None:
    train, holdout = np.full(2000, 10), np.full(2000, 10)
    holdout[1500] = 90
    names = [f"name {number}" for number in range(2000)]
    section = class_shares_section([("train", train), ("holdout", holdout)], names)
    assert f"the {MOST_DRAWN} furthest apart of 2,000" in section.body
    assert "furthest apart in class name 1500, 0.05\N{NO-BREAK SPACE}% and 0.45\N{NO-BREAK SPACE}%" in section.body
    assert section.body.count('<th scope="row">') == 1000
