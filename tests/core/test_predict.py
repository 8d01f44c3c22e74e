import keras
import numpy as np
import pytest
import tensorflow as tf

from core.config import ModelConfig
from core.model import build_model
from core.predict import Predictor


@pytest.fixture(scope="module")
def model() -> keras.Model:
    config = ModelConfig(filters=(4,), dense_units=(8,))
    return build_model(config, image_shape=(5, 4, 1), num_classes=3, precision="float32", seed=0)


@pytest.fixture(scope="module")
def predictor(model: keras.Model) -> Predictor:
    return Predictor(model)


def draw_rows(num_rows: int) -> np.ndarray:
    return np.random.default_rng(num_rows).integers(0, 256, (num_rows, 5, 4, 1), dtype=np.uint8)


@pytest.mark.parametrize("num_rows", [1, 6, 7, 8, 14, 20])
def test_every_row_is_predicted_once_and_in_order(model: keras.Model, predictor: Predictor, num_rows: int) -> None:
    rows = draw_rows(num_rows)
    expected = tf.nn.softmax(model(rows.astype(np.float32) / 255)).numpy()
    result = predictor.softmax(rows, batch_size=7)
    assert result.shape == (num_rows, 3)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_no_rows_give_no_softmax(predictor: Predictor) -> None:
    assert predictor.softmax(draw_rows(0)).shape == (0, 3)


def test_rows_already_on_the_device_are_taken_as_they_are(predictor: Predictor) -> None:
    rows = draw_rows(9)
    np.testing.assert_array_equal(predictor.softmax(tf.constant(rows)), predictor.softmax(rows))


def test_changed_weights_are_seen(model: keras.Model, predictor: Predictor) -> None:
    rows, weights = draw_rows(3), model.get_weights()
    before = predictor.softmax(rows)
    model.set_weights([weight * 0 for weight in weights])
    np.testing.assert_allclose(predictor.softmax(rows), np.full((3, 3), 1 / 3), atol=1e-6)
    model.set_weights(weights)
    np.testing.assert_array_equal(predictor.softmax(rows), before)
