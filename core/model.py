"""The CNN of a `ModelConfig`, in our fast layers, and its copy in stock Keras layers for use elsewhere."""

from collections.abc import Callable

import keras
import numpy as np

from core.config import ModelConfig
from core.layers.batch_normalization import BatchNormalization
from core.layers.dropout import Dropout
from core.layers.leaky_relu import LeakyReLU
from core.limits import require_image_survives_pools
from core.seeds import derive_seed

PIXEL_SCALE = 1 / 255
"""From a byte to [0, 1]; training multiplies by the same number as the deployed model."""
NORM_MOMENTUM = 0.9
"""Of batch normalisation's moving statistics; Keras's 0.99 trails a training of few hundred steps an epoch too far."""
STOCK_LAYERS = {
    BatchNormalization: keras.layers.BatchNormalization,
    Dropout: keras.layers.Dropout,
    LeakyReLU: keras.layers.LeakyReLU,
}
"""What each of our layers is called in a saved model; both take the same configuration and weights."""


def build_model(
    config: ModelConfig, *, image_shape: tuple[int, int, int], num_classes: int, precision: str
) -> keras.Model:
    """Build the network; its weights are to be set from `initial_weights`.

    The activation stands behind the pooling that ends a block: it is monotone, so without a norm the function is that
    of the usual order, at a quarter of the elements. Batch normalisation stands between the two, where it is cheap.

    Args:
        config: Widths, depths and rates.
        image_shape: Height, width, channels in pixels.
        num_classes: Logits an image gets.
        precision: "float32" or "bfloat16"; weights and logits are float32 in both.

    Returns:
        A model from images (n, height, width, channels) in [0, 1] to logits (n, num_classes) float32.

    Raises:
        ConfigError: the pools need more pixels than an image has.
    """
    require_image_survives_pools(config, image_shape)
    policy = keras.DTypePolicy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    images = keras.Input(image_shape, name="images")
    x = images
    for block in range(1, len(config.filters) + 1):
        x = _block(x, config, block, policy)
    x = keras.layers.Flatten(dtype=policy, name="flatten")(x)
    for number, units in enumerate(config.dense_units, start=1):
        x = keras.layers.Dense(units, activation="relu", dtype=policy, name=f"dense_{number}")(x)
        x = _dropout(x, config.dense_dropout, f"dense_dropout_{number}", policy)
    logits = keras.layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name="cnn")


def initial_weights(model: keras.Model, seed: int) -> list[np.ndarray]:
    """Draw the weights that a training starts from, for `model.set_weights`.

    Args:
        model: What `build_model` returned, however far it has been trained since.
        seed: Decides them, with the layers' names.

    Returns:
        Kernels as Keras draws them (Glorot's uniform distribution); biases, offsets and moving means 0; scales and
        moving variances 1.
    """
    ones = ("gamma", "moving_variance")
    weights = []
    for layer in model.layers:
        for weight in layer.weights:
            if weight.name == "kernel":
                draw = keras.initializers.GlorotUniform(seed=derive_seed(seed, layer.name))
                weights.append(np.array(draw(weight.shape)))
            else:
                weights.append(np.full(weight.shape, float(weight.name in ones), np.float32))
    return weights


def as_deployable(model: keras.Model) -> keras.Model:
    """Return a copy that takes pixels 0..255 and gives softmax, made of stock Keras layers only.

    Args:
        model: What `build_model` returned; later changes of its weights do not reach the copy.

    Returns:
        A model from (n, height, width, channels), bytes or floats in 0..255, to softmax (n, num_classes) float32.
    """

    def copy(x: keras.KerasTensor) -> keras.KerasTensor:
        for layer in model.layers[1:]:
            stock = STOCK_LAYERS.get(type(layer), type(layer))
            x = stock.from_config(layer.get_config())(x)
        return x

    return from_pixels_to_softmax(model, copy)


def from_pixels_to_softmax(model: keras.Model, copy: Callable[[keras.KerasTensor], keras.KerasTensor]) -> keras.Model:
    """Return a copy of a model from [0, 1] to logits, with what makes it one from 0..255 to softmax around it.

    Args:
        model: Gives the copy its weights.
        copy: Applies a copy of the model's layers to images in [0, 1]; its weights are in the model's order.
    """
    pixels = keras.Input(model.input_shape[1:], name="pixels")
    logits = copy(keras.layers.Rescaling(PIXEL_SCALE, dtype="float32", name="rescaling")(pixels))
    softmax = keras.layers.Softmax(dtype="float32", name="softmax")(logits)
    deployable = keras.Model(pixels, softmax, name=model.name)
    deployable.set_weights(model.get_weights())
    return deployable


def _block(x: keras.KerasTensor, config: ModelConfig, block: int, policy: keras.DTypePolicy) -> keras.KerasTensor:
    """Add convolutions, each with its norm and activation, pooling and dropout; `block` counts from 1."""
    num_convs = config.convs_per_block[block - 1]
    for conv in range(1, num_convs + 1):
        name, is_last = f"{block}_{conv}", conv == num_convs
        has_norm = config.batch_norm == "conv" or (config.batch_norm == "block" and is_last)
        x = keras.layers.Conv2D(
            config.filters[block - 1],
            config.kernel_sizes[block - 1],
            padding="same",
            use_bias=not has_norm,
            dtype=policy,
            name=f"conv_{name}",
        )(x)
        if is_last:
            x = keras.layers.MaxPooling2D(config.pool_size, dtype=policy, name=f"pool_{block}")(x)
        if has_norm:
            x = BatchNormalization(momentum=NORM_MOMENTUM, dtype=policy, name=f"batch_norm_{name}")(x)
        x = LeakyReLU(config.leaky_relu_slope, dtype=policy, name=f"leaky_relu_{name}")(x)
    return _dropout(x, config.block_dropout, f"dropout_{block}", policy)


def _dropout(x: keras.KerasTensor, rate: float, name: str, policy: keras.DTypePolicy) -> keras.KerasTensor:
    """Add dropout, or nothing for a rate of 0. Training sets its random state anew each epoch."""
    return Dropout(rate, seed=0, dtype=policy, name=name)(x) if rate > 0 else x
