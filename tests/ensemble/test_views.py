import dataclasses

import numpy as np
import pytest

from ensemble.choice import Choice
from ensemble.mean import mean_of_top
from ensemble.views import with_best_views
from tests.ensemble.votes import two_classes

PLAIN = [0.5, 0.5, 0.5, 0.5]
CLEARLY = [0.6, 0.6, 0.6, 0.7]
# differences ln(.5 / p): -.588, +.223, 0, 0; mean -.091, standard error .35 / 2 = .17
HARDLY = [0.9, 0.4, 0.5, 0.5]
WORSE = [0.4, 0.4, 0.4, 0.3]


def equal(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
    """Let all vote alike, and say who that is by the seed and the first row's probabilities."""
    words = f"seed {seed}: " + " ".join(f"{value:.2f}" for value in softmax[:, 0, 0])
    return Choice(weights=np.full(len(softmax), 1 / len(softmax)), of_logits=True, reason=words)


@pytest.mark.parametrize(
    ("more", "weights"), [(CLEARLY, [0, 0.5, 0.5]), (HARDLY, [0.5, 0, 0.5]), (WORSE, [0.5, 0, 0.5])]
)
def test_more_views_are_taken_where_they_are_clearly_better(more: list[float], weights: list[float]) -> None:
    softmax, labels = two_classes([PLAIN, more, PLAIN])
    assert with_best_views(equal, {1: 0})(softmax, labels, 0).weights.tolist() == weights


def test_views_that_change_nothing_are_not_paid_for() -> None:
    softmax, labels = two_classes([PLAIN, PLAIN])
    assert with_best_views(equal, {1: 0})(softmax, labels, 0).weights.tolist() == [1, 0]


def test_one_row_tells_nothing_of_views() -> None:
    softmax, labels = two_classes([[0.1], [0.9]])
    assert with_best_views(equal, {1: 0})(softmax, labels, 0).weights.tolist() == [1, 0]


def test_the_same_small_gain_on_many_rows_is_clear() -> None:
    softmax, labels = two_classes([PLAIN, HARDLY], repeats=10)  # the standard error is .054 now
    assert with_best_views(equal, {1: 0})(softmax, labels, 0).weights.tolist() == [0, 1]


def test_each_member_decides_for_itself_and_the_method_sees_the_better_form() -> None:
    softmax, labels = two_classes([PLAIN, CLEARLY, CLEARLY, PLAIN, HARDLY])
    choice = with_best_views(equal, {1: 0, 4: 3})(softmax, labels, 7)
    assert choice.weights.tolist() == [0, *[pytest.approx(1 / 3)] * 3, 0]
    assert choice.reason == "seed 7: 0.60 0.60 0.50"
    assert choice.of_logits


def test_the_best_member_is_chosen_among_better_forms() -> None:
    softmax, labels = two_classes([PLAIN, CLEARLY, [0.55, 0.55, 0.55, 0.55]])
    assert with_best_views(mean_of_top(1), {1: 0})(softmax, labels, 0).weights.tolist() == [0, 1, 0]


def test_a_method_without_views_is_the_method_itself() -> None:
    assert with_best_views(equal, {}) is equal


def test_a_probability_of_zero_is_floored() -> None:
    softmax, labels = two_classes([[0.0, 0.5], [0.5, 0.5]], repeats=4)
    choice = with_best_views(equal, {1: 0})(softmax, labels, 0)
    assert dataclasses.replace(choice, weights=choice.weights).weights.tolist() == [0, 1]
