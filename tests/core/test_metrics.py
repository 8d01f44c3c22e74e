import math

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from core.metrics import ACCURACY, EPSILON, LOG_LOSS, Metric, accuracy, log_loss, num_errors


def random_softmax(seed: int, num_rows: int, num_classes: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(num_classes), size=num_rows).astype(np.float32)


def test_log_loss_is_the_mean_by_hand() -> None:
    softmax = np.array([[0.5, 0.5], [0.25, 0.75]])
    assert log_loss(softmax, np.array([0, 0])) == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_log_loss_of_a_confident_error_is_finite() -> None:
    assert log_loss(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-math.log(EPSILON))


def test_log_loss_of_certainty_is_zero_even_above_one() -> None:
    assert log_loss(np.array([[1.0000001, 0.0]]), np.array([0])) == 0.0


@pytest.mark.parametrize(("num_rows", "num_classes"), [(1, 2), (7, 3), (100, 10)])
def test_scores_equal_scikit_learns(num_rows: int, num_classes: int) -> None:
    softmax = random_softmax(0, num_rows, num_classes)
    labels = np.random.default_rng(1).integers(0, num_classes, num_rows)
    theirs = sklearn_metrics.log_loss(labels, softmax, labels=range(num_classes))
    assert log_loss(softmax, labels) == pytest.approx(theirs, rel=1e-6)
    assert accuracy(softmax, labels) == pytest.approx(sklearn_metrics.accuracy_score(labels, softmax.argmax(axis=1)))


def test_num_errors_takes_the_lowest_class_of_a_tie() -> None:
    softmax = np.array([[0.4, 0.4, 0.2]])
    assert num_errors(softmax, np.array([0])) == 0
    assert num_errors(softmax, np.array([1])) == 1


def test_accuracy_and_errors_agree() -> None:
    softmax = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
    assert num_errors(softmax, np.array([0, 1, 1, 1])) == 1
    assert accuracy(softmax, np.array([0, 1, 1, 1])) == 0.75


def test_is_better_knows_both_directions() -> None:
    assert LOG_LOSS.is_better(0.1, than=0.2)
    assert not LOG_LOSS.is_better(0.2, than=0.1)
    assert ACCURACY.is_better(0.2, than=0.1)
    assert not ACCURACY.is_better(0.1, than=0.2)


@pytest.mark.parametrize("metric", [LOG_LOSS, ACCURACY])
def test_is_better_is_strict_and_nan_beats_nothing(metric: Metric) -> None:
    assert not metric.is_better(0.5, than=0.5)
    assert not metric.is_better(math.nan, than=0.5)
    assert metric.is_better(0.5, than=math.nan)
    assert not metric.is_better(math.nan, than=math.nan)


def test_sort_key_puts_the_better_value_first() -> None:
    assert sorted([0.3, 0.1, 0.2], key=LOG_LOSS.sort_key) == [0.1, 0.2, 0.3]
    assert sorted([0.3, 0.1, 0.2], key=ACCURACY.sort_key) == [0.3, 0.2, 0.1]
