"""Functions of one's own, good and bad, that tests name as tests.core.own_models:NAME."""

import keras
import tensorflow as tf
from keras import layers

from core.config import Config


def branched(config: Config, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return a small CNN of stock layers: two branches, batch normalisation, two random layers, a regulariser."""
    images = keras.Input(input_shape)
    x = layers.GaussianNoise(0.05)(images)
    x = layers.Conv2D(int(config.extra.get("width", 4)), 3, padding="same", kernel_regularizer="l2")(x)
    y = layers.BatchNormalization(momentum=0.9)(x)
    y = layers.Conv2D(x.shape[-1], 3, padding="same", activation="relu")(y)
    x = layers.Flatten()(layers.add([x, y]))
    x = layers.Dropout(0.3)(x)
    return keras.Model(images, layers.Dense(num_classes)(x))


def unbuilt(config: Config, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return a Sequential model that does not know its input's shape yet."""
    return keras.Sequential([layers.Flatten(), layers.Dense(8, activation="relu"), layers.Dense(num_classes)])


def in_lists(config: Config, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return a model that takes and returns lists of one."""
    images = keras.Input(input_shape)
    return keras.Model([images], [layers.Dense(num_classes)(layers.Flatten()(images))])


def with_softmax(config: Config, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return probabilities."""
    return keras.Sequential(
        [keras.Input(input_shape), layers.Flatten(), layers.Dense(num_classes, activation="softmax")]
    )


def with_softmax_within(config: Config, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return probabilities of a model within the model, with a layer after it that changes nothing."""
    images = keras.Input(input_shape)
    inner = keras.Sequential([layers.Flatten(), layers.Dense(num_classes), layers.Softmax()])
    return keras.Model(images, layers.Activation("linear", dtype="float32")(inner(images)))


def with_softmax_operation(config: Config, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return probabilities, by an operation that is no layer."""
    images = keras.Input(input_shape)
    return keras.Model(images, keras.ops.sigmoid(layers.Dense(num_classes)(layers.Flatten()(images))))


def of_one_class_more(config: Config, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return a logit too many."""
    return unbuilt(config, input_shape, num_classes + 1)


def of_other_images(config: Config, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return a model of larger images."""
    return branched(config, (28, 28, 1), num_classes)


def of_bytes(config: Config, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return a model for which all images in [0, 1] are black."""
    images = keras.Input(input_shape, dtype="uint8")
    return keras.Model(images, layers.Dense(num_classes)(layers.Flatten()(layers.Rescaling(1.0)(images))))


def in_float64(config: Config, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return a model of weights that our Adam does not take."""
    images = keras.Input(input_shape)
    return keras.Model(images, layers.Dense(num_classes, dtype="float64")(layers.Flatten()(images)))


def of_a_class(config: Config, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return a model whose layers are hidden in its call."""

    class Subclassed(keras.Model):
        def call(self, images: tf.Tensor) -> tf.Tensor:
            return images

    return Subclassed(name="hidden")


def no_model(config: Config, input_shape: tuple[int, int, int], num_classes: int) -> list[int]:
    """Return something else."""
    return [num_classes]


def raises(config: Config, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Raise from within Keras."""
    return keras.Sequential([keras.Input(input_shape), layers.Conv2D(0, 3)])


NOT_CALLABLE = 3


def strictly_regularised(config: Config, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return a model whose first kernel costs more than all errors."""
    images = keras.Input(input_shape)
    x = layers.Dense(4, kernel_regularizer=keras.regularizers.L2(1e3))(layers.Flatten()(images))
    return keras.Model(images, layers.Dense(num_classes)(x))
