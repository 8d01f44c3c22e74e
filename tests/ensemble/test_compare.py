import math

import numpy as np
import pytest

from ensemble.compare import best_single, compare, standard_error
from ensemble.nested import NestedVote


def vote_of(right: np.ndarray, confidence: float = 0.9) -> NestedVote:
    """Return a vote for rows of class 0 that is right where told; (num_repeats, num_rows) bool."""
    softmax = np.where(right[..., None], [confidence, 1 - confidence], [1 - confidence, confidence])
    return NestedVote(softmax=softmax, labels=np.zeros(right.shape[1], dtype=int), choices=(), seed=0)


def wrong_on(*rows: int, num_rows: int = 40) -> np.ndarray:
    right = np.ones((1, num_rows), dtype=bool)
    right[0, list(rows)] = False
    return right


def test_comparison_by_hand() -> None:
    found = compare(vote_of(wrong_on(0)), vote_of(wrong_on(1, 2, 3, 4, 5)))
    assert (found.errors, found.num_rows) == (-4.0, 40)
    assert found.log_loss == pytest.approx(-4 * math.log(9) / 40)
    assert found.mcnemar.p_value == 2 * (1 + 6) / 2**6
    assert not found.is_distinguishable
    assert found.words.startswith("4 errors fewer (not distinguishable, McNemar p = 0.22 in the first deal); log-loss")


def test_a_clear_difference_is_called_so() -> None:
    found = compare(vote_of(wrong_on()), vote_of(wrong_on(*range(20))))
    assert found.is_distinguishable
    assert found.is_log_loss_distinguishable
    assert found.words.startswith(
        "20 errors fewer (McNemar p < 0.0001 in the first deal); log-loss lower by 1.09861 (0."
    )
    worse = compare(vote_of(wrong_on(*range(20))), vote_of(wrong_on()))
    assert worse.words.startswith(
        "20 errors more (McNemar p < 0.0001 in the first deal); log-loss higher by 1.09861 (0."
    )
    low, high = worse.log_loss_interval
    assert 0 < low < worse.log_loss < high


def test_a_vote_beside_itself_is_not_distinguishable() -> None:
    vote = vote_of(wrong_on(3))
    assert compare(vote, vote).words == (
        "as many errors (not distinguishable, McNemar p = 1 in the first deal); "
        "log-loss +0.00000 (not distinguishable, +0.00000 to +0.00000)"
    )


def test_comparison_averages_repeats_but_tests_the_first() -> None:
    right = np.concatenate([wrong_on(0), wrong_on(0, 1, 2)])
    found = compare(vote_of(right), vote_of(np.concatenate([wrong_on(0)] * 2)))
    assert found.errors == 1.0
    assert found.mcnemar.p_value == 1.0


def test_comparison_of_a_mask_leaves_out_the_others() -> None:
    rows = np.arange(40) >= 6
    found = compare(vote_of(wrong_on(0)), vote_of(wrong_on(1, 2, 3, 4, 5)), rows)
    assert (found.num_rows, found.errors, found.log_loss) == (34, 0.0, 0.0)
    with pytest.raises(ValueError, match="a mask without any"):
        compare(vote_of(wrong_on()), vote_of(wrong_on()), rows & False)


def test_votes_over_other_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="of the same rows"):
        compare(vote_of(wrong_on()), vote_of(wrong_on(num_rows=39)))


def test_best_single_is_of_least_log_loss() -> None:
    labels = np.array([0, 1])
    softmax = np.array([[[0.6, 0.4], [0.4, 0.6]], [[0.9, 0.1], [0.3, 0.7]], [[1.0, 0.0], [0.0, 1.0]]])
    assert best_single(softmax, labels, 0).weights.tolist() == [0.0, 0.0, 1.0]
    assert best_single(softmax[:2], labels, 0).weights.tolist() == [0.0, 1.0]
    assert best_single(softmax[[1, 1, 0]], labels, 0).weights.tolist() == [1.0, 0.0, 0.0]  # a tie: the first
    softmax[2] = np.nan
    assert best_single(softmax, labels, 0).weights.tolist() == [0.0, 1.0, 0.0]


def test_standard_error_by_hand() -> None:
    assert standard_error(np.array([1.0, 2.0, 3.0, 6.0])) == pytest.approx(math.sqrt(14 / 3) / 2)
    assert standard_error(np.array([1.0])) == math.inf
