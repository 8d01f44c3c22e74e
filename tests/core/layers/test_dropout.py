import keras
import numpy as np
import pytest
import tensorflow as tf

from core.layers.dropout import NUM_LEVELS, Dropout, num_dropped_levels

RATES = [0.05, 0.25, 0.4, 0.5, 0.9]
NUM_DRAWS = 2**20
NUM_STANDARD_ERRORS = 4
"""A right implementation leaves them once in 16,000 draws, and the seeds are fixed: these draws do not."""


def mask_of(layer: Dropout, *shape: int) -> np.ndarray:
    """Return the layer's next mask, of what is kept, (*shape,) bool."""
    return layer(tf.ones(shape), training=True).numpy() > 0


def test_a_rate_is_held_to_within_half_a_level_from_half_a_level_on() -> None:
    for rate in np.linspace(1 / 512, 1 - 1 / 512, 2000):
        assert abs(num_dropped_levels(rate) / NUM_LEVELS - rate) <= 1 / 512 + 1e-12


def test_a_rate_however_small_or_large_drops_some_and_keeps_some() -> None:
    assert num_dropped_levels(1e-9) == 1
    assert num_dropped_levels(1 - 1e-9) == NUM_LEVELS - 1
    assert num_dropped_levels(0.25) == 64


@pytest.mark.parametrize("rate", RATES)
def test_dropout_keeps_the_held_share_and_the_mean(rate: float) -> None:
    held = num_dropped_levels(rate) / NUM_LEVELS
    inputs = np.random.default_rng(0).normal(1, 1, NUM_DRAWS).astype(np.float32)
    output = Dropout(rate, seed=3)(tf.constant(inputs), training=True).numpy()
    is_kept = output != 0
    standard_error = np.sqrt(held * (1 - held) / NUM_DRAWS)  # of a share: each element apart from the others
    assert abs(is_kept.mean() - (1 - held)) < NUM_STANDARD_ERRORS * standard_error
    np.testing.assert_allclose(output[is_kept], inputs[is_kept] / (1 - held), rtol=1e-6)
    # an element's output is x / (1 - held) or 0: variance x^2 held / (1 - held)
    standard_error = np.sqrt(np.mean(inputs.astype(float) ** 2) * held / (1 - held) / NUM_DRAWS)
    difference = output.mean(dtype=float) - inputs.mean(dtype=float)
    assert abs(difference) < NUM_STANDARD_ERRORS * standard_error


@pytest.mark.parametrize("lag", [1, 2, 3, 4, 16])
def test_neighbours_are_dropped_apart_from_each_other(lag: int) -> None:
    # four masks come from one random word
    is_kept = mask_of(Dropout(0.25, seed=0), NUM_DRAWS)
    both = 0.75**2
    standard_error = np.sqrt(both * (1 - both) / NUM_DRAWS) * 1.5  # overlapping pairs are not quite apart
    assert abs((is_kept[:-lag] & is_kept[lag:]).mean() - both) < NUM_STANDARD_ERRORS * standard_error


def test_the_gradient_has_the_outputs_mask_and_scale() -> None:
    inputs = tf.constant(np.random.default_rng(0).normal(size=(50, 7)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output = Dropout(0.25, seed=1)(inputs, training=True)
        loss = tf.reduce_sum(output * 3)
    gradient = tape.gradient(loss, inputs).numpy()
    np.testing.assert_array_equal(gradient != 0, output.numpy() != 0)
    np.testing.assert_allclose(gradient[gradient != 0], 3 / 0.75, rtol=1e-6)


def test_inference_gives_the_input_itself() -> None:
    layer, inputs = Dropout(0.5, seed=0), tf.ones((3, 5))
    np.testing.assert_array_equal(layer(inputs), inputs)
    np.testing.assert_array_equal(layer(inputs, training=False), inputs)
    # nor does it move the random state on
    np.testing.assert_array_equal(mask_of(layer, 99), mask_of(Dropout(0.5, seed=0), 99))


def test_a_seed_decides_the_masks_and_each_call_has_another() -> None:
    one, again, other = Dropout(0.5, seed=1), Dropout(0.5, seed=1), Dropout(0.5, seed=2)
    first = mask_of(one, 1000)
    np.testing.assert_array_equal(first, mask_of(again, 1000))
    # two masks of a half each agree in 500 of 1,000, give or take 16
    assert 400 < (first == mask_of(other, 1000)).sum() < 600
    assert 400 < (first == mask_of(one, 1000)).sum() < 600


def test_steps_of_one_compiled_loop_have_masks_of_their_own() -> None:
    layer = Dropout(0.5, seed=0)

    @tf.function(autograph=False)
    def masks(num_steps: tf.Tensor) -> tf.Tensor:
        parts = tf.TensorArray(tf.float32, size=num_steps, element_shape=[1000])

        def step(i: tf.Tensor, parts: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            return i + 1, parts.write(i, layer(tf.ones(1000), training=True))

        return tf.while_loop(lambda i, _: i < num_steps, step, (tf.constant(0), parts))[1].stack()

    drawn = np.concatenate([masks(tf.constant(4)), masks(tf.constant(3))]) > 0
    again = Dropout(0.5, seed=0)
    np.testing.assert_array_equal(drawn, [mask_of(again, 1000) for _ in range(7)])
    assert len({mask.tobytes() for mask in drawn}) == 7


def test_a_changed_rate_reaches_a_graph_that_is_compiled_already() -> None:
    layer = Dropout(0.5, seed=0)
    compiled = tf.function(lambda x: layer(x, training=True), autograph=False).get_concrete_function(tf.ones(NUM_DRAWS))
    for rate in (0.5, 0.125, 0.875):
        layer.change_rate(rate)
        output = compiled(tf.ones(NUM_DRAWS)).numpy()
        standard_error = np.sqrt(rate * (1 - rate) / NUM_DRAWS)
        assert abs((output == 0).mean() - rate) < NUM_STANDARD_ERRORS * standard_error
        assert output.max() == pytest.approx(1 / (1 - rate), rel=1e-6)
        assert layer.rate == rate


@pytest.mark.parametrize("shape", [(1,), (5,), (3, 7), (2, 3, 5, 1), (0, 4)], ids=str)
def test_any_number_of_elements_has_its_mask(shape: tuple[int, ...]) -> None:
    output = Dropout(0.5, seed=0)(tf.ones(shape), training=True).numpy()
    assert output.shape == shape
    assert set(np.unique(output)) <= {0.0, 2.0}


def test_dropout_in_bfloat16_keeps_dtype_mask_and_mean() -> None:
    inputs = tf.ones(NUM_DRAWS, tf.bfloat16)
    output = Dropout(0.25, seed=0, dtype="bfloat16")(inputs, training=True)
    assert output.dtype == tf.bfloat16
    values = tf.cast(output, tf.float32).numpy()
    np.testing.assert_array_equal(values > 0, mask_of(Dropout(0.25, seed=0), NUM_DRAWS))
    # the scale is the nearest of 8 bits to 4/3: off by at most 1/256 of itself
    assert values.max() == pytest.approx(4 / 3, rel=1 / 256)
    assert values.mean(dtype=float) == pytest.approx(1, rel=1 / 256 + NUM_STANDARD_ERRORS * 0.6e-3)


def test_dropout_becomes_the_stock_layer_by_its_config() -> None:
    layer = Dropout(0.5, seed=4, name="dropout_1", dtype="float32")
    layer.change_rate(0.3)
    stock = keras.layers.Dropout.from_config(layer.get_config())
    assert (type(stock), stock.name, stock.rate) == (keras.layers.Dropout, "dropout_1", 0.3)
