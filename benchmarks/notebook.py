"""The notebook's CNN and augmentation in Keras's own pieces, as it wrote them: the baselines."""

import keras
from keras.src.legacy.preprocessing.image import ImageDataGenerator

from core.config import notebook_config


def notebook_cnn(image_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """Return the CNN, compiled, in float32: images (n, height, width, channels) in [0, 1] to softmax (n, num_classes).

    It ends in a softmax, so that it computes the same function as ours; the notebook's ended in a sigmoid, which
    costs the same.
    """
    model = keras.Sequential([keras.Input(image_shape)])
    for filters in (32, 64):
        for _ in range(2):
            model.add(keras.layers.Conv2D(filters, 3, padding="same"))
            model.add(keras.layers.LeakyReLU(negative_slope=0.3))
        model.add(keras.layers.MaxPooling2D(2))
        model.add(keras.layers.Dropout(0.25))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(256, activation="relu"))
    model.add(keras.layers.Dense(32, activation="relu"))
    model.add(keras.layers.Dense(num_classes, activation="softmax"))
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def notebook_generator() -> ImageDataGenerator:
    """Return the notebook's augmentation; Keras 3 has the class in its legacy part only."""
    ranges = notebook_config().augment
    return ImageDataGenerator(
        rotation_range=ranges.rotation_degrees,
        zoom_range=ranges.zoom,
        width_shift_range=ranges.width_shift,
        height_shift_range=ranges.height_shift,
        fill_mode="nearest",
    )
