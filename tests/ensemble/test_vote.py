import numpy as np
import pytest

from ensemble.vote import soft_vote
from tests.ensemble.conftest import TEST_A, TEST_B, A, B


def test_soft_vote_is_the_mean_by_hand() -> None:
    vote = soft_vote([A, B], [0.5, 0.5])
    expected = [[0.15, 0.65, 0.2], [0.45, 0.4, 0.15], [0.2, 0.25, 0.55]]
    np.testing.assert_allclose(vote, expected, rtol=1e-12)
    np.testing.assert_allclose(soft_vote([TEST_A, TEST_B], [0.5, 0.5])[0], [0.4, 0.5, 0.1], rtol=1e-12)


def test_soft_vote_weighs_members() -> None:
    np.testing.assert_allclose(soft_vote([A, B], (0.25, 0.75))[0], [0.125, 0.625, 0.25], rtol=1e-12)


def test_soft_vote_of_one_member_is_that_member() -> None:
    np.testing.assert_array_equal(soft_vote([A], [1.0]), A)


@pytest.mark.parametrize("num_members", [2, 3, 7])
def test_soft_vote_of_identical_members_is_that_member(num_members: int) -> None:
    vote = soft_vote([A] * num_members, [1 / num_members] * num_members)
    np.testing.assert_allclose(vote, A, rtol=1e-12)
    np.testing.assert_array_equal(vote.argmax(axis=1), A.argmax(axis=1))


def test_soft_vote_rows_sum_to_one_and_every_row_is_there() -> None:
    members = np.random.default_rng(0).dirichlet(np.ones(4), size=(5, 257)).astype(np.float32)
    vote = soft_vote(members, [0.2] * 5)
    assert vote.shape == (257, 4)
    np.testing.assert_allclose(vote.sum(axis=1), 1, atol=1e-6)  # float32 members sum to 1 within 1e-7 a class
    np.testing.assert_allclose(vote, members.mean(axis=0), atol=1e-6)


def test_soft_vote_leaves_its_members_as_they_were() -> None:
    before = A.copy()
    soft_vote([A, B], [0.5, 0.5])
    np.testing.assert_array_equal(A, before)


def test_soft_vote_takes_members_one_by_one() -> None:
    vote = soft_vote((member for member in (A, B)), [0.5, 0.5])
    np.testing.assert_array_equal(vote, soft_vote([A, B], [0.5, 0.5]))


def test_soft_vote_without_rows_is_empty() -> None:
    assert soft_vote([np.zeros((0, 3)), np.zeros((0, 3))], [0.5, 0.5]).shape == (0, 3)


def test_soft_vote_refuses_what_does_not_fit_together() -> None:
    with pytest.raises(ValueError, match=r"one shape, got \(3, 3\) and \(2, 3\)"):
        soft_vote([A, TEST_A], [0.5, 0.5])
    with pytest.raises(ValueError, match="argument 2 is longer"):
        soft_vote([A], [0.5, 0.5])
    with pytest.raises(ValueError, match="one member or more, got none"):
        soft_vote([], ())
