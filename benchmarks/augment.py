"""Augmentation against ImageDataGenerator and against three Keras layers: `uv run -m benchmarks.augment`."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.device import prepare_device
from benchmarks.report import Benchmark, run_benchmark
from benchmarks.rounds import Comparison, Contender, timed
from benchmarks.settings import BenchmarkSettings, find_data
from core.cli import run_command
from core.config import AugmentConfig
from core.data.load import load_dataset

if TYPE_CHECKING:
    import tensorflow as tf

DESCRIPTION = "Time the notebook's augmentation, ours against Keras's ImageDataGenerator and its three layers."
NUM_ROWS = 16_384
"""Images a round: 64 batches, so that a full run takes about half a minute on two cores."""
BATCH_SIZE = 256
RANGES = AugmentConfig()
"""The notebook's: 10 degrees, and a tenth of zoom and of either shift."""


def main(settings: BenchmarkSettings) -> None:
    """Run the benchmark."""
    images = load_dataset(find_data(settings)).x_train[: settings.size(full=NUM_ROWS, quick=512)]
    device = prepare_device()
    batch_size = min(BATCH_SIZE, len(images))
    images = images[: len(images) // batch_size * batch_size]
    ours, generator, layers = "ours, one affine a batch", "Keras ImageDataGenerator", "three Keras layers, tf.function"
    benchmark = Benchmark(
        name="augment",
        contenders=(
            Contender(name=ours, measure=timed(our_augmentation(images, batch_size))),
            Contender(name=generator, measure=timed(generator_augmentation(images, batch_size))),
            Contender(name=layers, measure=timed(layer_augmentation(images, batch_size))),
        ),
        comparisons=(
            Comparison(key="image_data_generator", ours=ours, baseline=generator),
            Comparison(key="keras_layers", ours=ours, baseline=layers),
        ),
        num_images=len(images),
        notes=(
            device,
            f"rotation 10 degrees, zoom 0.1, shifts 0.1, fill nearest, batch {batch_size}; drawing the ranges is in",
            "ours and the layers start from bytes; ImageDataGenerator (numpy, scipy, one thread) from float32 images",
        ),
    )
    run_benchmark(benchmark, settings)


def our_augmentation(
    images: np.ndarray,  # (num_images, height, width, channels) uint8
    batch_size: int,
) -> Callable[[], object]:
    """Return the augmentation of all images as an epoch of `core.train` does it."""
    from core.augment import draw_transforms, resample

    height, width, channels = images.shape[1:]
    run = over_batches(images, batch_size, lambda batch, transforms: resample(batch, transforms))
    return lambda: run(draw_transforms(RANGES, (height, width, channels), len(images), seed=0))


def generator_augmentation(
    images: np.ndarray,  # (num_images, height, width, channels) uint8
    batch_size: int,
) -> Callable[[], object]:
    """Return the augmentation of all images by Keras's ImageDataGenerator."""
    from benchmarks.notebook import notebook_generator

    batches = notebook_generator().flow(images.astype(np.float32) / 255, batch_size=batch_size)
    return lambda: [float(next(batches)[0, 0, 0, 0]) for _ in range(len(images) // batch_size)]


def layer_augmentation(
    images: np.ndarray,  # (num_images, height, width, channels) uint8
    batch_size: int,
) -> Callable[[], object]:
    """Return the augmentation of all images by RandomRotation, RandomZoom and RandomTranslation."""
    import keras
    import tensorflow as tf

    layers = [
        keras.layers.RandomRotation(math.radians(RANGES.rotation_degrees) / math.tau, fill_mode="nearest"),
        keras.layers.RandomZoom(RANGES.zoom, RANGES.zoom, fill_mode="nearest"),
        keras.layers.RandomTranslation(RANGES.height_shift, RANGES.width_shift, fill_mode="nearest"),
    ]

    def augment(batch: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        for layer in layers:
            batch = layer(batch, training=True)
        return batch

    run = over_batches(images, batch_size, augment)
    return lambda: run(tf.zeros((len(images), 0)))


def over_batches(
    images: np.ndarray,  # (num_images, height, width, channels) uint8, a multiple of batch_size
    batch_size: int,
    augment: "Callable[[tf.Tensor, tf.Tensor], tf.Tensor]",
) -> "Callable[[tf.Tensor], float]":
    """Return one compiled loop that augments every batch, given (num_images, k) float32 of each image's own numbers.

    It adds up a pixel of each image, so that no batch's work can be left out of the graph.
    """
    import tensorflow as tf

    rows = tf.constant(images)

    @tf.function(autograph=False)
    def run(numbers: tf.Tensor) -> tf.Tensor:
        def step(i: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            first = i * batch_size
            batch = tf.cast(
                tf.ensure_shape(rows[first : first + batch_size], (batch_size, *rows.shape[1:])), tf.float32
            )
            augmented = augment(batch / 255, numbers[first : first + batch_size])
            return i + 1, total + tf.reduce_sum(augmented[:, 0, 0, 0])

        num_batches = len(images) // batch_size
        return tf.while_loop(lambda i, _: i < num_batches, step, (tf.constant(0), tf.constant(0.0)))[1]

    return lambda numbers: float(run(numbers))


if __name__ == "__main__":
    run_command(BenchmarkSettings, main, prog="python -m benchmarks.augment", description=DESCRIPTION)
