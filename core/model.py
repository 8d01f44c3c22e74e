"""The CNN of a `ModelConfig`, in Keras's own layers."""

import keras

from core.config import ModelConfig
from core.limits import require_image_survives_pools
from core.seeds import derive_seed

PIXEL_SCALE = 1 / 255
"""From a byte to [0, 1]; training multiplies by the same number as the deployed model."""


def build_model(
    config: ModelConfig, *, image_shape: tuple[int, int, int], num_classes: int, precision: str, seed: int
) -> keras.Model:
    """Build the network with freshly drawn weights.

    LeakyReLU stands behind the pooling that ends a block: it is monotone, so the function is that of the usual
    order, at a quarter of the elements.

    Args:
        config: Widths, depths and rates.
        image_shape: Height, width, channels in pixels.
        num_classes: Logits an image gets.
        precision: "float32" or "bfloat16"; weights and logits are float32 in both.
        seed: Decides the weights.

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
        x = _block(x, config, block, policy, seed)
    x = keras.layers.Flatten(dtype=policy, name="flatten")(x)
    for number, units in enumerate(config.dense_units, start=1):
        x = _dense(x, units, f"dense_{number}", policy, seed, activation="relu")
        x = _dropout(x, config.dense_dropout, f"dense_dropout_{number}", policy)
    logits = _dense(x, num_classes, "logits", keras.DTypePolicy("float32"), seed, activation=None)
    return keras.Model(images, logits, name="cnn")


def as_deployable(model: keras.Model) -> keras.Model:
    """Return a copy that takes pixels 0..255 and gives softmax, made of stock Keras layers only.

    Args:
        model: What `build_model` returned; later changes of its weights do not reach the copy.

    Returns:
        A model from (n, height, width, channels), bytes or floats in 0..255, to softmax (n, num_classes) float32.
    """
    pixels = keras.Input(model.input_shape[1:], name="pixels")
    x = keras.layers.Rescaling(PIXEL_SCALE, dtype="float32", name="rescaling")(pixels)
    for layer in model.layers[1:]:
        x = type(layer).from_config(layer.get_config())(x)
    softmax = keras.layers.Softmax(dtype="float32", name="softmax")(x)
    deployable = keras.Model(pixels, softmax, name=model.name)
    deployable.set_weights(model.get_weights())
    return deployable


def _block(
    x: keras.KerasTensor, config: ModelConfig, block: int, policy: keras.DTypePolicy, seed: int
) -> keras.KerasTensor:
    """Add convolutions, each with its LeakyReLU, then pooling and dropout; `block` counts from 1."""
    for conv in range(1, config.convs_per_block + 1):
        name = f"conv_{block}_{conv}"
        x = keras.layers.Conv2D(
            config.filters[block - 1],
            config.kernel_size,
            padding="same",
            kernel_initializer=_initializer(seed, name),
            dtype=policy,
            name=name,
        )(x)
        if conv == config.convs_per_block:
            x = keras.layers.MaxPooling2D(config.pool_size, dtype=policy, name=f"pool_{block}")(x)
        x = keras.layers.LeakyReLU(config.leaky_relu_slope, dtype=policy, name=f"leaky_relu_{block}_{conv}")(x)
    return _dropout(x, config.block_dropout, f"dropout_{block}", policy)


def _dense(
    x: keras.KerasTensor, units: int, name: str, policy: keras.DTypePolicy, seed: int, *, activation: str | None
) -> keras.KerasTensor:
    """Add a dense layer."""
    layer = keras.layers.Dense(
        units, activation=activation, kernel_initializer=_initializer(seed, name), dtype=policy, name=name
    )
    return layer(x)


def _dropout(x: keras.KerasTensor, rate: float, name: str, policy: keras.DTypePolicy) -> keras.KerasTensor:
    """Add dropout, or nothing for a rate of 0. Training sets its random state anew each epoch."""
    return keras.layers.Dropout(rate, seed=0, dtype=policy, name=name)(x) if rate > 0 else x


def _initializer(seed: int, name: str) -> keras.Initializer:
    """Return Keras's default initialiser with a seed of the layer's own."""
    return keras.initializers.GlorotUniform(seed=derive_seed(seed, name))
