import keras
import numpy as np
import pytest
import tensorflow as tf

from core.layers.leaky_relu import LeakyReLU

SLOPES = [0.0, 0.01, 0.3, 0.99]
SPECIAL = [0.0, -0.0, 1e-30, -1e-30, 5.0, -5.0, 1e30, -1e30]


def draw_inputs() -> tf.Tensor:
    drawn = np.random.default_rng(0).normal(size=(3, 4, 5, 2)).astype(np.float32)
    drawn.reshape(-1)[: len(SPECIAL)] = SPECIAL
    return tf.constant(drawn)


def output_and_gradient(layer: keras.Layer, inputs: tf.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return the output and the inputs' gradient under weights that differ from element to element."""
    upstream = tf.reshape(tf.range(1.0, tf.size(inputs) + 1), inputs.shape)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output = layer(inputs)
        loss = tf.reduce_sum(tf.cast(output, tf.float32) * upstream)
    return tf.cast(output, tf.float32).numpy(), tf.cast(tape.gradient(loss, inputs), tf.float32).numpy()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("slope", SLOPES)
def test_leaky_relu_is_kerass_in_value_and_gradient_to_the_bit(slope: float, dtype: str) -> None:
    inputs = tf.cast(draw_inputs(), dtype)
    ours = output_and_gradient(LeakyReLU(slope, dtype=dtype), inputs)
    theirs = output_and_gradient(keras.layers.LeakyReLU(slope, dtype=dtype), inputs)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_leaky_relu_by_hand() -> None:
    output, gradient = output_and_gradient(LeakyReLU(0.5), tf.constant([-4.0, 0.0, 3.0]))
    np.testing.assert_array_equal(output, [-2, 0, 3])
    np.testing.assert_array_equal(gradient, [0.5 * 1, 0.5 * 2, 3])  # at 0 TensorFlow takes the slope


@pytest.mark.parametrize("slope", SLOPES)
def test_leaky_relu_behind_a_convolution_gives_its_gradients_in_a_compiled_graph(slope: float) -> None:
    # compiled, TensorFlow fuses convolution, bias and activation; where it stores nothing between, ours must not care
    images = tf.constant(np.random.default_rng(1).normal(size=(4, 6, 6, 2)), tf.float32)
    conv = keras.layers.Conv2D(3, 3, padding="same", bias_initializer="random_normal")
    conv.build(images.shape)
    variables = [variable.value for variable in conv.trainable_variables]

    def value_and_gradients(layer: keras.Layer) -> list[np.ndarray]:
        @tf.function(autograph=False)
        def compiled(images: tf.Tensor) -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                tape.watch(images)
                output = layer(conv(images))
                loss = tf.reduce_sum(output**2)
            return [output, *tape.gradient(loss, [images, *variables])]

        return [result.numpy() for result in compiled(images)]

    ours, theirs = value_and_gradients(LeakyReLU(slope)), value_and_gradients(keras.layers.LeakyReLU(slope))
    assert len(ours) == 4
    for one, other in zip(ours, theirs, strict=True):
        # float32 sums of some 100 products, perhaps in another order
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5 * np.abs(other).max())


def test_leaky_relu_becomes_the_stock_layer_by_its_config() -> None:
    stock = keras.layers.LeakyReLU.from_config(LeakyReLU(0.2, name="leaky_relu_1_1", dtype="float32").get_config())
    assert (type(stock), stock.name) == (keras.layers.LeakyReLU, "leaky_relu_1_1")
    assert stock.negative_slope == 0.2
