import numpy as np
import pytest

from core.errors import StudyError
from core.metrics import log_loss
from ensemble.choice import combine
from ensemble.choosers import METHODS
from tests.ensemble.votes import drawn, study_like, two_classes


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_weights_that_sum_to_one_and_the_same_ones_again(method: str) -> None:
    softmax, labels = drawn(9, 400)
    before = softmax.copy()
    choice, again = (METHODS[method](softmax, labels, 3) for _ in range(2))
    assert choice.weights.shape == (9,)
    assert choice.weights.dtype == np.float64
    assert (choice.weights >= 0).all()
    assert choice.weights.sum() == pytest.approx(1, abs=1e-12)
    assert choice.of_logits == (method == "logits")
    assert choice.reason
    np.testing.assert_array_equal(choice.weights, again.weights)
    np.testing.assert_array_equal(softmax, before)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_prefers_the_less_log_loss(method: str) -> None:
    softmax, labels = two_classes([[0.6, 0.6, 0.6], [0.9, 0.9, 0.9], [0.7, 0.7, 0.7]])
    np.testing.assert_allclose(METHODS[method](softmax, labels, 0).weights, [0, 1, 0])


@pytest.mark.parametrize("method", METHODS)
def test_every_method_keeps_out_who_is_worse_than_chance(method: str) -> None:
    softmax, labels = two_classes([[0.1, 0.1], [0.9, 0.4], [0.4, 0.9]], repeats=60)
    np.testing.assert_allclose(METHODS[method](softmax, labels, 0).weights, [0, 0.5, 0.5], atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_no_method_lets_the_weak_ones_of_a_study_spoil_the_vote(method: str) -> None:
    softmax, labels = study_like(2000)
    fresh, fresh_labels = study_like(2000, seed=1)
    choice = METHODS[method](softmax, labels, 0)
    assert choice.weights[[3, 7, 10]].sum() > 0.9
    best_single = min(log_loss(each, fresh_labels) for each in fresh)
    assert log_loss(combine(choice, fresh), fresh_labels) < best_single


@pytest.mark.parametrize("method", ["mean", "logits", "weighted"])
def test_identical_candidates_vote_alike_and_as_one(method: str) -> None:
    softmax, labels = two_classes([[0.9, 0.3]] * 3)
    choice = METHODS[method](softmax, labels, 0)
    np.testing.assert_allclose(choice.weights, [1 / 3] * 3, rtol=1e-6)
    np.testing.assert_allclose(combine(choice, softmax), softmax[0], rtol=1e-6)


def test_greedy_takes_the_first_of_identical_candidates() -> None:
    softmax, labels = two_classes([[0.9, 0.3]] * 3)
    np.testing.assert_array_equal(METHODS["greedy"](softmax, labels, 0).weights, [1, 0, 0])


@pytest.mark.parametrize("method", ["mean", "logits"])
def test_one_candidate_has_the_whole_vote(method: str) -> None:
    softmax, labels = two_classes([[0.9, 0.3]])
    np.testing.assert_array_equal(METHODS[method](softmax, labels, 0).weights, [1])


@pytest.mark.parametrize("method", ["greedy", "weighted"])
def test_a_method_that_needs_two_candidates_says_so(method: str) -> None:
    softmax, labels = two_classes([[0.9, 0.3]])
    with pytest.raises(StudyError, match=f"--method {method} needs two or more candidates, got 1") as error:
        METHODS[method](softmax, labels, 0)
    assert "\n" not in str(error.value)
    assert "or take --method mean" in str(error.value)


@pytest.mark.parametrize("method", METHODS)
def test_no_candidate_at_all_is_refused(method: str) -> None:
    with pytest.raises(StudyError, match=rf"--method {method} needs .*, got 0\. Let more trials end"):
        METHODS[method](np.zeros((0, 3, 2), np.float32), np.zeros(3, int), 0)


@pytest.mark.parametrize("method", METHODS)
def test_no_rows_are_refused(method: str) -> None:
    with pytest.raises(ValueError, match=f"--method {method} must have rows to choose on, got none"):
        METHODS[method](np.zeros((2, 0, 2), np.float32), np.zeros(0, int), 0)


@pytest.mark.parametrize("method", METHODS)
def test_nan_is_refused_by_candidate_and_row(method: str) -> None:
    softmax, labels = two_classes([[0.9, 0.3], [0.4, 0.8]])
    softmax[1, 0] = np.nan
    with pytest.raises(ValueError, match=r"must be finite, got \[nan nan\] from candidate 1 in row 0"):
        METHODS[method](softmax, labels, 0)


@pytest.mark.parametrize("method", METHODS)
def test_labels_of_other_rows_are_refused(method: str) -> None:
    softmax, labels = two_classes([[0.9, 0.3], [0.4, 0.8]])
    with pytest.raises(ValueError, match=r"a label for each row, got shape \(2, 2, 2\) and labels of shape \(1,\)"):
        METHODS[method](softmax, labels[:1], 0)
