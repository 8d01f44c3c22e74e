"""Candidates 0 and 1 are alike; 2 is better than their mean on every row."""

import numpy as np
import pytest

from ensemble.auto import auto_chooser, choose_method
from ensemble.choice import Choice
from ensemble.compare import best_single, standard_error
from ensemble.nested import nested_estimate


def mean(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
    return Choice(weights=np.full(len(softmax), 1 / len(softmax)), reason="all of them")


def draw(num_candidates: int, num_rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return candidates that are equally good, each with noise of its own, and labels of three classes."""
    rng = np.random.default_rng(seed)
    labels = np.arange(num_rows) % 3
    odds = np.exp(2 * np.eye(3)[labels] + rng.normal(size=(num_candidates, num_rows, 3)))
    return (odds / odds.sum(axis=2, keepdims=True)).astype(np.float32), labels


def test_a_method_that_wins_on_other_rows_is_taken() -> None:
    softmax, labels = draw(3, 90, seed=0)
    softmax[2] = 0.99 * np.eye(3)[labels] + 0.01 / 3
    method = choose_method(softmax, labels, {"mean": mean, "single": best_single}, seed=0)
    assert method.name == "single"
    assert [score.name for score in method.scores] == ["mean", "single"]
    assert method.scores[0].difference == 0.0
    assert method.scores[1].difference == pytest.approx(method.scores[1].log_loss - method.scores[0].log_loss)
    assert method.reason.startswith("single: log-loss lower than mean's by 0.")
    choice = auto_chooser({"mean": mean, "single": best_single})(softmax, labels, 0)
    assert choice.weights.tolist() == [0.0, 0.0, 1.0]
    assert choice.reason.endswith("; the candidate of least log-loss")


def test_a_method_that_wins_only_on_the_rows_that_chose_it_is_seldom_taken() -> None:
    def first(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
        return Choice(weights=np.eye(30)[0])

    num_luckier = num_taken = 0
    for seed in range(20):
        softmax, labels = draw(30, 60, seed=seed)
        losses = -np.log(softmax[:, np.arange(60), labels])
        luckiest = losses[losses.mean(axis=1).argmin()] - losses[0]
        num_luckier += luckiest.mean() < -standard_error(luckiest)
        num_taken += choose_method(softmax, labels, {"first": first, "single": best_single}, seed).name == "single"
    # one is as good as the other, and a difference of more than one standard error to one side has a chance of 0.16:
    # of 20 studies 3.2 are to be expected, more than 8 in one case of 300
    assert num_luckier >= 12
    assert num_taken <= 8


def test_a_method_within_one_standard_error_is_not_taken() -> None:
    softmax, labels = draw(2, 60, seed=2)

    def slightly_better(shown: np.ndarray, its_labels: np.ndarray, seed: int) -> Choice:
        return Choice(weights=np.array([0.51, 0.49]))

    method = choose_method(softmax, labels, {"mean": mean, "other": slightly_better}, seed=0)
    assert -method.scores[1].standard_error < method.scores[1].difference < 0
    assert method.name == "mean"


def test_equal_methods_leave_the_first() -> None:
    softmax, labels = draw(3, 40, seed=0)
    assert choose_method(softmax, labels, {"a": mean, "b": mean}, seed=0).name == "a"
    softmax[2] = 0.99 * np.eye(3)[labels] + 0.01 / 3
    found = choose_method(softmax, labels, {"mean": mean, "a": best_single, "b": best_single}, seed=0)
    assert found.name == "a"


def test_nothing_to_compare_leaves_the_default() -> None:
    both = {"mean": mean, "single": best_single}
    for method in (
        choose_method(*draw(2, 5, seed=0), both, seed=0),
        choose_method(*draw(1, 40, seed=0), both, seed=0),
        choose_method(*draw(2, 40, seed=0), {"mean": mean}, seed=0),
    ):
        assert method.reason == "mean: the only method, or too few candidates or rows to compare others"
    with pytest.raises(ValueError, match="one method or more, got none"):
        choose_method(*draw(2, 40, seed=0), {}, seed=0)


def test_auto_is_estimated_like_any_method() -> None:
    softmax, labels = draw(3, 60, seed=0)
    softmax[2] = 0.99 * np.eye(3)[labels] + 0.01 / 3
    vote = nested_estimate(softmax, labels, auto_chooser({"mean": mean, "single": best_single}), seed=0)
    single = nested_estimate(softmax, labels, best_single, seed=0)
    np.testing.assert_array_equal(vote.softmax, single.softmax)
    assert all(choice.reason.startswith("single: ") for choice in vote.choices)
