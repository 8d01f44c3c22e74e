import keras
import numpy as np
import pytest
import tensorflow as tf

from core.augment import resample
from core.predict import Predictor
from core.views import view_transforms
from tests.core.making import make_model_config
from tests.core.networks import make_model, softmax_of


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return make_model(make_model_config(4, dense_units=(8,)), image_shape=(5, 4, 1), num_classes=3)


@pytest.fixture(scope="module")
def predictor(model: keras.Model) -> Predictor:
    return Predictor(model)


def draw_rows(num_rows: int) -> np.ndarray:
    return np.random.default_rng(num_rows).integers(0, 256, (num_rows, 5, 4, 1), dtype=np.uint8)


@pytest.mark.parametrize("num_rows", [1, 6, 7, 8, 14, 20])
def test_every_row_is_predicted_once_and_in_order(model: keras.Model, predictor: Predictor, num_rows: int) -> None:
    rows = draw_rows(num_rows)
    expected = softmax_of(model, rows).numpy()
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


@pytest.fixture(scope="module", params=[5, 9])
def viewer(request: pytest.FixtureRequest, model: keras.Model) -> tuple[Predictor, int]:
    """Return a predictor over views, and how many."""
    return Predictor(model, num_views=request.param), request.param


@pytest.mark.parametrize(("num_rows", "batch_size"), [(1, 512), (7, 512), (10, 36), (7, 20), (3, 4), (4, 1)])
def test_views_average_the_softmax_of_each_row_once_and_in_order(
    model: keras.Model, viewer: tuple[Predictor, int], num_rows: int, batch_size: int
) -> None:
    predictor, num_views = viewer
    rows = draw_rows(num_rows)
    each = []
    for transform in view_transforms(num_views, (5, 4, 1)):
        seen = resample(tf.constant(rows, tf.float32) / 255, tf.tile(transform[tf.newaxis], (num_rows, 1)))
        each.append(tf.nn.softmax(model(seen, training=False)).numpy())
    assert np.ptp(each, axis=0).max() > 1e-3  # the views are not all alike
    result = predictor.softmax(rows, batch_size=batch_size)
    assert result.shape == (num_rows, 3)
    np.testing.assert_allclose(result, np.mean(each, axis=0), atol=1e-6)
    np.testing.assert_allclose(result.sum(axis=1), 1, atol=1e-6)


def test_views_of_no_rows_give_no_softmax(viewer: tuple[Predictor, int]) -> None:
    assert viewer[0].softmax(draw_rows(0)).shape == (0, 3)
