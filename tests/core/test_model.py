import dataclasses
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.config import ModelConfig
from core.errors import ConfigError
from core.model import as_deployable, build_model, initial_weights
from tests.core.making import make_model_config
from tests.core.networks import make_model, softmax_of

LOAD_ELSEWHERE = """
import sys, numpy, keras
for name in ("core", "search", "ensemble"):
    assert name not in sys.modules
folder = sys.argv[1]
pixels = numpy.load(folder + "/pixels.npy")
for name in sys.argv[2:]:
    model = keras.models.load_model(f"{folder}/{name}.keras")
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
    numpy.save(f"{folder}/{name}.npy", model(pixels, training=False))
"""
SHAPE = (9, 8, 2)
SAVED = {
    "notebook_like": make_model_config(4, 8, num_convs=2, dense_units=(16, 8), dense_dropout=0.5),
    "batch_norm_block": make_model_config(4, 8, num_convs=2, batch_norm="block", leaky_relu_slope=0.0, dense_units=()),
    "batch_norm_conv": make_model_config(4, 8, num_convs=2, kernel_size=5, batch_norm="conv", leaky_relu_slope=0.1),
}
"""What the saved models are of, by their files' names."""


def build(config: ModelConfig | None = None, *, precision: str = "float32", seed: int = 0) -> keras.Model:
    small = ModelConfig(filters=(4, 8), dense_units=(16, 8))
    return make_model(config or small, image_shape=SHAPE, num_classes=5, precision=precision, seed=seed)


def draw_images(num_images: int = 6) -> np.ndarray:
    return np.random.default_rng(0).random((num_images, 9, 8, 2)).astype(np.float32)


def notebook_order(config: ModelConfig) -> keras.Model:
    """Return the same network with every LeakyReLU before the pooling, as the notebook writes it."""
    layers = [keras.Input(SHAPE)]
    for filters in config.filters:
        for _ in range(2):
            layers.append(keras.layers.Conv2D(filters, 3, padding="same"))
            layers.append(keras.layers.LeakyReLU(config.leaky_relu_slope))
        layers.append(keras.layers.MaxPooling2D(config.pool_size))
        layers.append(keras.layers.Dropout(config.block_dropout))
    layers.append(keras.layers.Flatten())
    layers += [keras.layers.Dense(units, activation="relu") for units in config.dense_units]
    return keras.Sequential([*layers, keras.layers.Dense(5)])


def test_the_defaults_build_the_notebooks_network() -> None:
    model = build_model(ModelConfig(), image_shape=(28, 28, 1), num_classes=10, precision="float32")
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
        filters=(3, 5), convs_per_block=(1, 2), kernel_sizes=(7, 5), pool_size=3, block_dropout=0.0,
        dense_units=(7,), dense_dropout=0.4, leaky_relu_slope=0.1,
    )  # fmt: skip
    model = build_model(config, image_shape=(9, 9, 1), num_classes=4, precision="float32")
    names = [layer.name for layer in model.layers[1:]]
    assert names == [
        *("conv_1_1", "pool_1", "leaky_relu_1_1", "conv_2_1", "leaky_relu_2_1", "conv_2_2", "pool_2", "leaky_relu_2_2"),
        *("flatten", "dense_1", "dense_dropout_1", "logits"),
    ]
    assert model.get_layer("conv_1_1").kernel.shape == (7, 7, 1, 3)
    assert model.get_layer("conv_2_2").kernel.shape == (5, 5, 5, 5)
    assert model.get_layer("flatten").output.shape == (None, 5)
    assert model.get_layer("dense_dropout_1").rate == 0.4


def test_batch_norm_stands_before_the_activation_and_behind_the_pooling() -> None:
    config = make_model_config(3, num_convs=2, block_dropout=0.0, dense_units=(), batch_norm="conv")
    assert [layer.name for layer in build(config).layers[1:]] == [
        *("conv_1_1", "batch_norm_1_1", "leaky_relu_1_1"),
        *("conv_1_2", "pool_1", "batch_norm_1_2", "leaky_relu_1_2", "flatten", "logits"),
    ]
    of_block = build(dataclasses.replace(config, batch_norm="block"))
    assert [layer.name for layer in of_block.layers[1:-2]] == [
        *("conv_1_1", "leaky_relu_1_1", "conv_1_2", "pool_1", "batch_norm_1_2", "leaky_relu_1_2"),
    ]
    # a norm's offset takes the place of the bias before it
    assert [of_block.get_layer(name).use_bias for name in ("conv_1_1", "conv_1_2")] == [True, False]


def test_initial_weights_are_kerass_defaults() -> None:
    model = build(make_model_config(3, batch_norm="block", dense_units=(200,)))
    for layer in model.layers:
        for weight in layer.weights:
            if weight.name == "kernel":
                *receptive, num_in, num_out = weight.shape
                limit = np.sqrt(6 / ((num_in + num_out) * np.prod(receptive)))  # Glorot and Bengio's
                assert np.abs(weight).max() <= limit
                if layer.name == "dense_1":  # 12 * 200 draws: the largest is within 1 % but for one time in 10^10
                    assert np.abs(weight).max() > 0.99 * limit
            else:
                np.testing.assert_array_equal(weight, float(weight.name in ("gamma", "moving_variance")))
    # whatever the model was trained to, the seed decides
    before = initial_weights(model, 3)
    model.set_weights([weight + 1 for weight in model.get_weights()])
    for one, other in zip(before, initial_weights(model, 3), strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_dense_layers_leave_flatten_and_logits() -> None:
    model = build(make_model_config(4, dense_units=()))
    assert [layer.name for layer in model.layers[-2:]] == ["flatten", "logits"]


def test_same_seed_same_weights_another_seed_others() -> None:
    first, again, other = build(seed=3), build(seed=3), build(seed=4)
    for one, two in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])


def test_layers_of_equal_shape_start_apart() -> None:
    model = build(make_model_config(4, num_convs=3, dense_units=()))
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
        build(make_model_config(4, 4, 4, 4))


def test_a_deployable_copy_does_not_follow_the_original() -> None:
    model = build()
    deployable = as_deployable(model)
    before = deployable(np.full((1, 9, 8, 2), 255.0)).numpy()
    model.set_weights([weight * 2 for weight in model.get_weights()])
    np.testing.assert_array_equal(deployable(np.full((1, 9, 8, 2), 255.0)).numpy(), before)


def make_trained(config: ModelConfig, precision: str) -> keras.Model:
    """Return a network of which no weight and no moving statistic is as it began."""
    model = build(config, precision=precision)
    random = np.random.default_rng(1)
    model.set_weights([weight + random.normal(0, 0.1, weight.shape) for weight in model.get_weights()])
    for _ in range(3):
        model(random.random((20, *SHAPE)).astype(np.float32), training=True)
    return model


@pytest.mark.slow  # a process of its own that imports tensorflow
def test_a_trained_deployable_model_predicts_the_same_where_only_keras_is(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, *SHAPE), dtype=np.uint8)
    np.save(tmp_path / "pixels.npy", pixels)
    here = {}
    for name, config in SAVED.items():
        for precision in ("float32", "bfloat16"):
            model = make_trained(config, precision)
            as_deployable(model).save(tmp_path / f"{name}-{precision}.keras")
            here[f"{name}-{precision}"] = softmax_of(model, pixels).numpy()
            for layer in model.layers:
                if layer.name.startswith("batch_norm"):
                    assert np.abs(layer.moving_mean).max() > 0.01
    command = [sys.executable, "-c", LOAD_ELSEWHERE, str(tmp_path), *here]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True)
    for name, softmax in here.items():
        there = np.load(tmp_path / f"{name}.npy")
        # in bfloat16 8 bits of mantissa: the same operations, but batched and fused otherwise
        np.testing.assert_allclose(there, softmax, atol=1e-5 if "float32" in name else 2e-2, err_msg=name)
        np.testing.assert_allclose(there.sum(axis=1), 1, atol=1e-6)
