import math

import numpy as np
import pytest

from core.metrics import log_loss
from ensemble.calibrate import (
    MAX_TEMPERATURE,
    MIN_TEMPERATURE,
    apply_temperature,
    calibrated_out_of_fold,
    fit_temperature,
    reliability,
)
from ensemble.parts import deal_into_parts


def votes(confidence: float, num_right: int, num_wrong: int) -> tuple[np.ndarray, np.ndarray]:
    """Return softmax of two classes that says class 0 with one confidence, and labels."""
    softmax = np.tile([confidence, 1 - confidence], (num_right + num_wrong, 1))
    return softmax, np.repeat([0, 1], [num_right, num_wrong])


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


@pytest.mark.parametrize(("confidence", "num_right"), [(0.8, 60), (0.6, 80), (0.999, 90), (0.7, 70)])
def test_temperature_makes_confidence_the_accuracy_by_hand(confidence: float, num_right: int) -> None:
    softmax, labels = votes(confidence, num_right, 100 - num_right)
    temperature = fit_temperature(softmax, labels)
    assert temperature == pytest.approx(logit(confidence) / logit(num_right / 100))
    assert apply_temperature(softmax, temperature)[0, 0] == pytest.approx(num_right / 100)


def test_temperature_is_the_best_of_a_grid() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=300)
    logits = 3 * np.eye(4)[labels] + 2 * rng.normal(size=(300, 4))
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    best = log_loss(apply_temperature(softmax, fit_temperature(softmax, labels)), labels)
    grid = np.geomspace(MIN_TEMPERATURE, MAX_TEMPERATURE, 200)
    assert best <= min(log_loss(apply_temperature(softmax, temperature), labels) for temperature in grid)


@pytest.mark.parametrize(
    ("softmax", "labels"),
    [
        votes(0.9, 20, 0),  # without an error: the sharper the better, without end
        (np.full((6, 3), 1 / 3), np.array([0, 1, 2, 0, 1, 2])),
        (np.zeros((0, 3)), np.zeros(0, dtype=int)),
    ],
)
def test_temperature_is_one_where_it_cannot_be_told(softmax: np.ndarray, labels: np.ndarray) -> None:
    assert fit_temperature(softmax, labels) == 1.0


def test_temperature_of_a_vote_worse_than_chance_is_the_highest() -> None:
    assert fit_temperature(*votes(0.9, 10, 30)) == pytest.approx(MAX_TEMPERATURE, rel=1e-6)


def test_temperature_of_certain_errors_is_finite() -> None:
    softmax, labels = votes(1.0, 90, 10)
    assert 1 < fit_temperature(softmax, labels) < MAX_TEMPERATURE
    assert np.isfinite(apply_temperature(softmax, 0.05)).all()


@pytest.mark.parametrize("temperature", [MIN_TEMPERATURE, 0.5, 1.0, 3.0, MAX_TEMPERATURE])
def test_temperature_changes_no_class(temperature: float) -> None:
    softmax = np.random.default_rng(0).dirichlet(np.full(5, 0.05), size=2000)
    softmax[:3] = [[0.4, 0.4, 0.2, 0.0, 0.0], [0.2, 0.2, 0.2, 0.2, 0.2], [0.0, 0.0, 0.0, 1.0, 0.0]]
    softmax[3] = [0.3, np.nextafter(0.3, 1), 0.1, 0.1, 0.2]  # by one bit, which a high temperature rounds away
    calibrated = apply_temperature(softmax, temperature)
    np.testing.assert_array_equal(calibrated.argmax(axis=1), softmax.argmax(axis=1))
    np.testing.assert_allclose(calibrated.sum(axis=1), 1, rtol=1e-12)
    assert calibrated[0, 0] == calibrated[0, 1]


def test_temperature_one_changes_nothing_above_the_floor() -> None:
    softmax = np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]])
    np.testing.assert_allclose(apply_temperature(softmax, 1.0), softmax, rtol=1e-12)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan])
def test_temperature_must_be_above_zero(temperature: float) -> None:
    with pytest.raises(ValueError, match="must be above 0, got"):
        apply_temperature(np.full((1, 2), 0.5), temperature)


def test_calibration_out_of_fold_takes_each_part_at_the_others_temperature() -> None:
    softmax, labels = votes(0.9, 75, 28)
    parts = deal_into_parts(labels, 5, np.random.default_rng(4))
    calibrated = calibrated_out_of_fold(softmax, labels, seed=4)
    for part in range(5):
        temperature = fit_temperature(softmax[parts != part], labels[parts != part])
        np.testing.assert_array_equal(calibrated[parts == part], apply_temperature(softmax[parts == part], temperature))
    assert log_loss(calibrated, labels) < log_loss(softmax, labels)


def test_calibration_of_one_row_leaves_it() -> None:
    calibrated = calibrated_out_of_fold(np.array([[0.7, 0.3]]), np.array([1]), seed=0)
    np.testing.assert_allclose(calibrated, [[0.7, 0.3]], rtol=1e-12)


def test_reliability_by_hand() -> None:
    softmax = np.array([[0.95, 0.05], [0.93, 0.07], [0.45, 0.55], [0.35, 0.65]])
    found = reliability(softmax, np.array([0, 1, 1, 1]), num_bins=10)
    assert [(one.low, one.high, one.num_rows) for one in found.bins] == [(0.5, 0.6, 1), (0.6, 0.7, 1), (0.9, 1.0, 2)]
    assert [one.confidence for one in found.bins] == pytest.approx([0.55, 0.65, 0.94])
    assert [one.accuracy for one in found.bins] == [1.0, 1.0, 0.5]
    assert found.expected_calibration_error == pytest.approx((0.45 + 0.35 + 2 * 0.44) / 4)


def test_reliability_holds_certainty_and_every_row() -> None:
    softmax = np.concatenate([np.eye(3), np.random.default_rng(0).dirichlet(np.ones(3), size=54)]).astype(np.float32)
    found = reliability(softmax, np.zeros(57, dtype=int))
    assert sum(one.num_rows for one in found.bins) == 57
    assert found.bins[-1].high == 1.0


def test_reliability_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="one row or more, got none"):
        reliability(np.zeros((0, 2)), np.zeros(0, dtype=int))
