"""What may be a choice of members, and what it makes of their softmax."""

import numpy as np
import pytest

from ensemble.choice import Choice, combine

ONE = np.array([[0.8, 0.2], [0.5, 0.5]])
OTHER = np.array([[0.2, 0.8], [0.9, 0.1]])


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([0.0, 0.0], "must be 0 or more and sum to 1, got all 0"),
        ([0.5, 0.4], "must be 0 or more and sum to 1, got .*sum 0.9"),
        ([1.5, -0.5], "must be 0 or more and sum to 1"),
        ([np.nan, 1.0], "must be 0 or more and sum to 1"),
    ],
)
def test_weights_that_are_none_are_refused(weights: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Choice(weights=np.array(weights))


def test_combine_of_softmax_is_the_weighted_mean() -> None:
    vote = combine(Choice(weights=np.array([0.75, 0.25])), [ONE, OTHER])
    np.testing.assert_allclose(vote, [[0.65, 0.35], [0.6, 0.4]])


def test_combine_of_logits_is_the_normalised_geometric_mean() -> None:
    vote = combine(Choice(weights=np.array([0.5, 0.5]), of_logits=True), [ONE, OTHER])
    # sqrt(.8 * .2) = sqrt(.2 * .8); sqrt(.45) : sqrt(.05) = 3 : 1
    np.testing.assert_allclose(vote, [[0.5, 0.5], [0.75, 0.25]])


def test_combine_does_not_look_at_who_does_not_vote() -> None:
    nobody = np.full((7, 3), np.nan)
    np.testing.assert_array_equal(combine(Choice(weights=np.array([0.0, 1.0])), [nobody, ONE]), ONE)


def test_combine_refuses_another_number_of_candidates() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        combine(Choice(weights=np.array([1.0])), [ONE, OTHER])
