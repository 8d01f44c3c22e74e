import keras
import numpy as np
import pytest
import tensorflow as tf

from core.layers.batch_normalization import BatchNormalization

SHAPES = [(16, 6, 5, 3), (1, 4, 3, 3), (7, 1, 1, 3), (2, 1, 1, 3), (64, 2, 2, 1)]
START = np.array([[0.5, -2.0, 1.5], [0.3, 0.0, -1.0], [0.2, -0.4, 3.0], [0.6, 1.0, 4.0]], np.float32)
"""Scale, offset, moving mean and moving variance to begin with, a row each."""


def make_layers(num_channels: int, policy: str = "float32") -> tuple[keras.Layer, keras.Layer]:
    """Return ours and Keras's with the same weights, none of them trivial."""
    layers = []
    for cls in (BatchNormalization, keras.layers.BatchNormalization):
        layer = cls(momentum=0.9, dtype=keras.DTypePolicy(policy))
        layer.build((None, None, None, num_channels))
        layer.set_weights(list(START[:, :num_channels]))
        layers.append(layer)
    return layers[0], layers[1]


def draw_inputs(shape: tuple[int, ...], seed: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).normal(2, 3, shape), tf.float32)


def value_and_gradients(layer: keras.Layer, inputs: tf.Tensor, *, training: bool) -> list[np.ndarray]:
    """Return the output and the gradients of inputs, scale and offset."""
    upstream = tf.constant(np.random.default_rng(9).normal(size=inputs.shape), tf.float32)
    sources = [inputs, layer.gamma.value, layer.beta.value]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output = layer(inputs, training=training)
        loss = tf.reduce_sum(tf.cast(output, tf.float32) * upstream)
    return [tf.cast(tensor, tf.float32).numpy() for tensor in (output, *tape.gradient(loss, sources))]


def assert_close(ours: list[np.ndarray], theirs: list[np.ndarray], tolerance: float) -> None:
    for one, other in zip(ours, theirs, strict=True):
        assert np.isfinite(one).all()
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * max(np.abs(other).max(), 1))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_batch_normalization_trains_and_infers_as_kerass(shape: tuple[int, ...]) -> None:
    ours, theirs = make_layers(shape[-1])
    for step in range(5):
        inputs = draw_inputs(shape, seed=step)
        one, other = (value_and_gradients(layer, inputs, training=True) for layer in (ours, theirs))
        assert_close(one, other, 1e-5)
        assert_close(ours.get_weights(), theirs.get_weights(), 1e-5)  # the moving mean and variance among them
    assert not np.allclose(ours.moving_mean, START[2, : shape[-1]])
    inputs = draw_inputs(shape, seed=5)
    before = ours.get_weights()
    one, other = (value_and_gradients(layer, inputs, training=False) for layer in (ours, theirs))
    assert_close(one, other, 1e-5)
    assert_close(ours.get_weights(), before, 0)


def test_batch_normalization_of_the_last_partial_batch_weighs_like_any_other() -> None:
    ours, theirs = make_layers(3)
    for step, num_images in enumerate((16, 16, 1, 16, 5)):
        inputs = draw_inputs((num_images, 3, 2, 3), seed=step)
        for layer in (ours, theirs):
            layer(inputs, training=True)
    assert_close(ours.get_weights(), theirs.get_weights(), 1e-5)


def test_batch_normalization_by_hand() -> None:
    layer = BatchNormalization(momentum=0.9, epsilon=0.0)
    layer.build((None, None, None, 1))
    layer.set_weights([np.array([2.0]), np.array([10.0]), np.array([0.0]), np.array([1.0])])
    # 1 and 5: mean 3, variance 4 (biased; 8 unbiased)
    output = layer(tf.constant([1.0, 5.0], shape=(1, 2, 1, 1)), training=True)
    np.testing.assert_allclose(np.ravel(output), [10 - 2, 10 + 2], rtol=1e-6)
    np.testing.assert_allclose(np.ravel(layer.moving_mean), [0.3], rtol=1e-6)
    np.testing.assert_allclose(np.ravel(layer.moving_variance), [0.9 * 1 + 0.1 * 4], rtol=1e-6)


def test_batch_normalization_of_one_value_a_channel_is_its_offset() -> None:
    ours, theirs = make_layers(3)
    inputs = draw_inputs((1, 1, 1, 3), seed=0)
    one, other = (value_and_gradients(layer, inputs, training=True) for layer in (ours, theirs))
    np.testing.assert_allclose(one[0].ravel(), START[1], atol=1e-6)
    assert_close(one, other, 1e-5)
    assert_close(ours.get_weights(), theirs.get_weights(), 1e-5)  # variance 0, not 0/0


def test_batch_normalization_that_is_frozen_infers_in_training_too() -> None:
    ours, theirs = make_layers(3)
    ours.trainable = theirs.trainable = False
    inputs = draw_inputs((4, 3, 3, 3), seed=0)
    assert_close([ours(inputs, training=True).numpy()], [theirs(inputs, training=True).numpy()], 1e-5)
    np.testing.assert_array_equal(ours.moving_mean, START[2])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_batch_normalization_in_bfloat16_is_kerass_with_statistics_in_float32(shape: tuple[int, ...]) -> None:
    ours, theirs = make_layers(shape[-1], "mixed_bfloat16")
    for step in range(3):
        inputs = tf.cast(draw_inputs(shape, seed=step), tf.bfloat16)
        assert ours(inputs, training=False).dtype == tf.bfloat16
        one, other = (value_and_gradients(layer, inputs, training=True) for layer in (ours, theirs))
        # 8 bits of mantissa: half a unit is 1/512, and the roundings of a few operations add up
        assert_close(one, other, 0.02)
        assert_close(ours.get_weights(), theirs.get_weights(), 1e-4)
    one, other = (value_and_gradients(layer, inputs, training=False) for layer in (ours, theirs))
    assert_close(one, other, 0.02)


def test_batch_normalization_becomes_the_stock_layer_by_its_config_and_weights() -> None:
    ours, _ = make_layers(3)
    stock = keras.layers.BatchNormalization.from_config(ours.get_config())
    stock.build((None, None, None, 3))
    stock.set_weights(ours.get_weights())
    assert (type(stock), stock.name, stock.momentum) == (keras.layers.BatchNormalization, ours.name, 0.9)
    inputs = draw_inputs((4, 3, 3, 3), seed=0)
    np.testing.assert_allclose(stock(inputs), ours(inputs), rtol=1e-5, atol=1e-5)
