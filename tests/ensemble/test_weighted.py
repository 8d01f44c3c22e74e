import numpy as np
import pytest

from core.metrics import log_loss
from ensemble.choice import combine
from ensemble.weighted import TOLERANCE, choose_weighted, drop_smallest, fit_weights
from tests.ensemble.votes import drawn, two_classes


def test_fit_weights_finds_the_best_by_hand() -> None:
    # ln(.9 w + .3 (1 - w)) + ln(.2 w + .8 (1 - w)) is greatest where .3 + .6 w = .8 - .6 w
    true = np.array([[0.9, 0.2], [0.3, 0.8]], np.float32)
    np.testing.assert_allclose(fit_weights(true, 1e-7), [5 / 12, 7 / 12], atol=1e-3)
    np.testing.assert_allclose(choose_weighted(*two_classes(true.tolist()), 0).weights, [5 / 12, 7 / 12], atol=0.01)


def test_fit_weights_gives_all_to_one_that_is_best_on_every_row() -> None:
    weights = fit_weights(np.array([[0.9, 0.8], [0.5, 0.7]], np.float32))
    assert weights[0] > 0.999


def test_no_weights_are_better_by_more_than_the_tolerance() -> None:
    softmax, labels = drawn(6, 1000, seed=2)
    fitted = fit_weights(softmax[:, np.arange(1000), labels])
    loss = log_loss(np.tensordot(fitted, softmax, 1), labels)
    others = np.random.default_rng(0).dirichlet(np.ones(6), 300)
    assert loss <= min(log_loss(np.tensordot(each, softmax, 1), labels) for each in [*others, *np.eye(6)]) + TOLERANCE


def test_an_update_never_makes_log_loss_worse() -> None:
    softmax, labels = drawn(5, 500, noise=[0.5, 1, 2, 3, 4])
    true = softmax[:, np.arange(500), labels]
    losses = [-np.log(fit_weights(true, tolerance) @ true).mean() for tolerance in (1, 0.3, 0.1, 0.03, 0.01, 1e-3)]
    assert np.all(np.diff(losses) <= 1e-7)  # sums of float32
    assert losses[-1] < losses[0] - 0.01


def test_a_row_that_everyone_gets_wrong_for_certain_costs_what_log_loss_says() -> None:
    weights = fit_weights(np.array([[0.0, 0.9], [0.0, 0.6]], np.float32))
    np.testing.assert_allclose(weights, [1, 0], atol=1e-3)


def test_the_smallest_weights_are_dropped_and_the_others_fill_up() -> None:
    np.testing.assert_allclose(drop_smallest(np.array([0.01, 0.59, 0.4])), [0, 59 / 99, 40 / 99])
    np.testing.assert_array_equal(drop_smallest(np.array([0.02, 0.98])), [0.02, 0.98])
    np.testing.assert_allclose(drop_smallest(np.full(200, 1 / 200)), np.full(200, 1 / 200))


def test_the_reason_counts_who_is_left() -> None:
    softmax, labels = two_classes([[0.1, 0.1], [0.9, 0.4], [0.4, 0.9]], repeats=10)
    choice = choose_weighted(softmax, labels, 0)
    assert choice.reason == "weights of least log-loss, 2 of them above 0"
    assert log_loss(combine(choice, softmax), labels) == pytest.approx(-np.log(0.65), abs=1e-3)
