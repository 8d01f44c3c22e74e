"""Four rows of two classes; candidate A is right on rows 0 and 1 alone, B on rows 2 and 3 alone, each with 0.8."""

import math

import numpy as np
import pytest

from core.errors import StudyError
from core.metrics import log_loss, num_errors
from ensemble.choice import Choice, Chooser, combine
from ensemble.compare import best_single
from ensemble.nested import NestedVote, nested_estimate

LABELS = np.array([0, 1, 0, 1])
A = np.array([[0.8, 0.2], [0.2, 0.8], [0.2, 0.8], [0.8, 0.2]], dtype=np.float32)
B = 1 - A
HALVES = np.array([0, 0, 1, 1])


def mean(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
    return Choice(weights=np.full(len(softmax), 1 / len(softmax)))


def recording(seen: list[np.ndarray], seeds: list[int]) -> Chooser:
    """Return the mean that notes the rows that it was shown, by the number that their softmax holds."""

    def choose(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
        seen.append(np.round(softmax[0, :, 0] * 100).astype(int))
        seeds.append(seed)
        return mean(softmax, labels, seed)

    return choose


def numbered_rows(num_rows: int) -> tuple[np.ndarray, np.ndarray]:
    first = np.arange(num_rows, dtype=np.float32) / 100
    return np.stack([first, 1 - first], axis=1)[None], np.arange(num_rows) % 2


def vote_of(softmax: np.ndarray, labels: np.ndarray) -> NestedVote:
    return NestedVote(softmax=softmax, labels=labels, choices=(), seed=0)


def test_honest_vote_is_chosen_on_the_other_part_by_hand() -> None:
    candidates = np.stack([A, B])
    vote = nested_estimate(candidates, LABELS, best_single, seed=0, groups=HALVES, num_repeats=1)
    np.testing.assert_allclose(vote.softmax[0], [B[0], B[1], A[2], A[3]], rtol=1e-6)
    found = vote.scores()
    assert (found.num_errors, found.accuracy, found.num_rows, found.num_repeats) == (4.0, 0.0, 4, 1)
    assert found.log_loss == pytest.approx(-math.log(0.2), rel=1e-6)
    optimistic = combine(best_single(candidates[:, :2], LABELS[:2], 0), candidates[:, :2])
    assert num_errors(optimistic, LABELS[:2]) == 0


def test_no_row_chooses_its_own_vote_and_every_row_has_one() -> None:
    seen: list[np.ndarray] = []
    seeds: list[int] = []
    softmax, labels = numbered_rows(23)
    vote = nested_estimate(softmax, labels, recording(seen, seeds), seed=1, num_parts=5, num_repeats=3)
    assert len(vote.choices) == len(seen) == 15
    for repeat in range(3):
        left_out = [set(range(23)) - set(rows.tolist()) for rows in seen[5 * repeat : 5 * repeat + 5]]
        assert sorted(row for rows in left_out for row in rows) == list(range(23))
    assert len(set(seeds)) == 15
    np.testing.assert_allclose(vote.softmax, np.broadcast_to(softmax, (3, 23, 2)), rtol=1e-6)


def test_methods_of_one_seed_are_shown_the_same_rows() -> None:
    seen: list[list[np.ndarray]] = [[], [], []]
    for rows, seed in zip(seen, (7, 7, 8), strict=True):
        nested_estimate(*numbered_rows(20), recording(rows, []), seed=seed)
    assert all(np.array_equal(*pair) for pair in zip(seen[0], seen[1], strict=True))
    assert not all(np.array_equal(*pair) for pair in zip(seen[0], seen[2], strict=True))


def test_scores_of_a_fixed_method_are_the_plain_ones() -> None:
    softmax = np.random.default_rng(0).dirichlet(np.ones(3), size=(4, 50)).astype(np.float32)
    labels = np.random.default_rng(1).integers(3, size=50)
    rows = labels != 2
    vote, plain = nested_estimate(softmax, labels, mean, seed=0), combine(mean(softmax, labels, 0), softmax)
    for mask in (None, rows):
        chosen = slice(None) if mask is None else mask
        found = vote.scores(mask)
        assert found.log_loss == pytest.approx(log_loss(plain[chosen], labels[chosen]))
        assert found.num_errors == pytest.approx(num_errors(plain[chosen], labels[chosen]))
        assert found.log_loss_interval[0] < found.log_loss < found.log_loss_interval[1]
        assert found.accuracy_interval[0] < found.accuracy < found.accuracy_interval[1]


def test_scores_are_means_over_the_repeats_by_hand() -> None:
    found = vote_of(np.stack([A, B, A]), LABELS).scores(HALVES == 0)
    assert found.num_errors == pytest.approx(2 / 3)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.log_loss == pytest.approx(-(2 * math.log(0.8) + math.log(0.2)) / 3, rel=1e-6)
    assert found.log_loss_interval == pytest.approx((found.log_loss, found.log_loss), rel=1e-6)  # both rows are alike


def test_scores_without_an_error_leave_room_by_the_rule_of_three() -> None:
    softmax, labels = np.tile([[[0.9, 0.1]]], (2, 600, 1)), np.zeros(600, dtype=int)
    found = vote_of(softmax, labels).scores()
    assert (found.accuracy, found.accuracy_interval) == (1.0, (0.995, 1.0))


def test_scores_repeat_for_a_seed() -> None:
    softmax = np.random.default_rng(0).dirichlet(np.ones(3), size=(4, 30)).astype(np.float32)
    labels = np.arange(30) % 3
    first, again, other = (nested_estimate(softmax, labels, best_single, seed=seed).scores() for seed in (0, 0, 1))
    assert first == again
    assert first != other


@pytest.mark.parametrize("num_rows", [2, 3])
def test_fewer_rows_than_parts_are_left_out_one_by_one(num_rows: int) -> None:
    vote = nested_estimate(np.stack([A, B])[:, :num_rows], LABELS[:num_rows], best_single, seed=0, num_repeats=1)
    assert len(vote.choices) == num_rows


def test_one_row_cannot_choose_and_be_scored() -> None:
    with pytest.raises(StudyError, match=r"two labelled rows or more, got 1\. Hold out more rows"):
        nested_estimate(A[None, :1], LABELS[:1], mean, seed=0)
    with pytest.raises(StudyError, match="two labelled rows or more, got 1"):
        nested_estimate(A[None], LABELS, mean, seed=0, groups=np.zeros(4, dtype=int))


def test_scores_refuse_a_mask_that_does_not_fit() -> None:
    vote = vote_of(A[None], LABELS)
    with pytest.raises(ValueError, match="one row or more, got a mask without any"):
        vote.scores(np.zeros(4, dtype=bool))
    with pytest.raises(ValueError, match=r"a mask of 4 rows, got int64 of shape \(2,\)"):
        vote.scores(np.array([0, 1]))
    with pytest.raises(ValueError, match=r"got bool of shape \(3,\)"):
        vote.scores(np.ones(3, dtype=bool))
