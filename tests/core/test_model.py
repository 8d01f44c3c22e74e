import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.config import ModelConfig
from core.errors import ConfigError
from core.model import as_deployable, build_model

LOAD_ELSEWHERE = """
import sys, numpy, keras
for name in ("core", "search", "ensemble"):
    assert name not in sys.modules
folder = sys.argv[1]
pixels = numpy.load(folder + "/pixels.npy")
for precision in ("float32", "bfloat16"):
    model = keras.models.load_model(f"{folder}/{precision}.keras")
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
    numpy.save(f"{folder}/{precision}.npy", model.predict(pixels, verbose=0))
"""


def build(config: ModelConfig | None = None, *, precision: str = "float32", seed: int = 0) -> keras.Model:
    small = ModelConfig(filters=(4, 8), dense_units=(16, 8))
    return build_model(config or small, image_shape=(9, 8, 2), num_classes=5, precision=precision, seed=seed)


def draw_images(num_images: int = 6) -> np.ndarray:
    return np.random.default_rng(0).random((num_images, 9, 8, 2)).astype(np.float32)


def notebook_order(config: ModelConfig) -> keras.Model:
    """Return the same network with every LeakyReLU before the pooling, as the notebook writes it."""
    layers = [keras.Input((9, 8, 2))]
    for filters in config.filters:
        for _ in range(config.convs_per_block):
            layers.append(keras.layers.Conv2D(filters, config.kernel_size, padding="same"))
            layers.append(keras.layers.LeakyReLU(config.leaky_relu_slope))
        layers.append(keras.layers.MaxPooling2D(config.pool_size))
        layers.append(keras.layers.Dropout(config.block_dropout))
    layers.append(keras.layers.Flatten())
    layers += [keras.layers.Dense(units, activation="relu") for units in config.dense_units]
    return keras.Sequential([*layers, keras.layers.Dense(5)])


def test_the_defaults_build_the_notebooks_network() -> None:
    model = build_model(ModelConfig(), image_shape=(28, 28, 1), num_classes=10, precision="float32", seed=0)
    assert [layer.name for layer in model.layers[1:]] == [
        *("conv_1_1", "leaky_relu_1_1", "conv_1_2", "pool_1", "leaky_relu_1_2", "dropout_1"),
        *("conv_2_1", "leaky_relu_2_1", "conv_2_2", "pool_2", "leaky_relu_2_2", "dropout_2"),
        *("flatten", "dense_1", "dense_2", "logits"),
    ]
    # 320 + 9,248 + 18,496 + 36,928 of the convolutions, 803,072 + 8,224 + 330 of the dense layers
    assert model.count_params() == 876_618
    assert model.get_layer("flatten").output.shape == (None, 7 * 7 * 64)
    assert model.get_layer("dropout_1").rate == 0.25
    assert model.get_layer("leaky_relu_2_2").negative_slope == pytest.approx(0.3)
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize("slope", [0.0, 0.3, 0.99])
def test_leaky_relu_after_pooling_is_the_notebooks_function_and_gradient(slope: float) -> None:
    config = ModelConfig(filters=(4, 8), dense_units=(16,), leaky_relu_slope=slope)
    ours, theirs = build(config), notebook_order(config)
    theirs.set_weights(ours.get_weights())
    images = tf.constant(draw_images())
    results = []
    for model in (ours, theirs):
        with tf.GradientTape() as tape:
            logits = model(images)
            loss = tf.reduce_sum(logits**2)
        gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
        results.append([logits.numpy(), *(gradient.numpy() for gradient in gradients)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6 * np.abs(other).max())


def test_every_field_of_the_config_reaches_the_network() -> None:
    config = ModelConfig(
        filters=(3, 5), convs_per_block=1, kernel_size=5, pool_size=3, block_dropout=0.0, dense_units=(7,),
        dense_dropout=0.4, leaky_relu_slope=0.1,
    )  # fmt: skip
    model = build_model(config, image_shape=(9, 9, 1), num_classes=4, precision="float32", seed=0)
    names = [layer.name for layer in model.layers[1:]]
    assert names == [
        *("conv_1_1", "pool_1", "leaky_relu_1_1", "conv_2_1", "pool_2", "leaky_relu_2_1"),
        *("flatten", "dense_1", "dense_dropout_1", "logits"),
    ]
    assert model.get_layer("conv_2_1").kernel.shape == (5, 5, 3, 5)
    assert model.get_layer("flatten").output.shape == (None, 5)
    assert model.get_layer("dense_dropout_1").rate == 0.4


def test_no_dense_layers_leave_flatten_and_logits() -> None:
    model = build(ModelConfig(filters=(4,), dense_units=()))
    assert [layer.name for layer in model.layers[-2:]] == ["flatten", "logits"]


def test_same_seed_same_weights_another_seed_others() -> None:
    first, again, other = build(seed=3), build(seed=3), build(seed=4)
    for one, two in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])


def test_layers_of_equal_shape_start_apart() -> None:
    model = build(ModelConfig(filters=(4,), convs_per_block=3, dense_units=()))
    assert not np.array_equal(model.get_layer("conv_1_2").kernel.numpy(), model.get_layer("conv_1_3").kernel.numpy())


def test_bfloat16_computes_in_it_and_keeps_weights_and_logits_in_float32() -> None:
    model = build(precision="bfloat16")
    assert model.get_layer("conv_1_1").compute_dtype == "bfloat16"
    assert model.get_layer("dense_1").compute_dtype == "bfloat16"
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert model(draw_images()).dtype == tf.float32
    assert keras.config.dtype_policy().name == "float32"  # nothing global was changed


def test_too_many_pools_are_refused() -> None:
    with pytest.raises(ConfigError, match="4 blocks of pool 2, which need 16 pixels, got images of 9x8"):
        build(ModelConfig(filters=(4, 4, 4, 4)))


def test_a_deployable_copy_does_not_follow_the_original() -> None:
    model = build()
    deployable = as_deployable(model)
    before = deployable(np.full((1, 9, 8, 2), 255.0)).numpy()
    model.set_weights([weight * 2 for weight in model.get_weights()])
    np.testing.assert_array_equal(deployable(np.full((1, 9, 8, 2), 255.0)).numpy(), before)


def test_a_deployable_model_predicts_the_same_where_only_keras_is(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 9, 8, 2), dtype=np.uint8)
    np.save(tmp_path / "pixels.npy", pixels)
    here = {}
    for precision in ("float32", "bfloat16"):
        model = build(ModelConfig(filters=(4, 8), dense_units=(16, 8), dense_dropout=0.5), precision=precision)
        as_deployable(model).save(tmp_path / f"{precision}.keras")
        here[precision] = tf.nn.softmax(model(tf.cast(pixels, tf.float32) * (1 / 255))).numpy()
    subprocess.run([sys.executable, "-c", LOAD_ELSEWHERE, str(tmp_path)], check=True, cwd=tmp_path, capture_output=True)
    there = {precision: np.load(tmp_path / f"{precision}.npy") for precision in here}
    np.testing.assert_allclose(there["float32"], here["float32"], atol=1e-5)
    # 8 bits of mantissa; the same operations, but batched and fused otherwise
    np.testing.assert_allclose(there["bfloat16"], here["bfloat16"], atol=1e-2)
    np.testing.assert_allclose(there["bfloat16"].sum(axis=1), 1, atol=1e-6)
