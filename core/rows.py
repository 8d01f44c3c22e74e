"""A data set's images and labels on the device, put there once a process however many trials it trains."""

import functools
from dataclasses import dataclass

import tensorflow as tf

from core.data.dataset import Dataset
from core.data.split import Split


@dataclass(frozen=True, kw_only=True)
class DeviceRows:
    """Images as bytes, scaled to [0, 1] where a batch is used."""

    train: tf.Tensor  # (num_train, height, width, channels) uint8, without the holdout
    train_labels: tf.Tensor  # (num_train,) int32
    holdout: tf.Tensor  # (num_holdout, height, width, channels) uint8
    test: tf.Tensor  # (num_test, height, width, channels) uint8


@functools.lru_cache(maxsize=1)
def rows_on_device(dataset: Dataset, split: Split) -> DeviceRows:
    """Copy the rows to the device, or return the copy that the same two objects got last time."""
    return DeviceRows(
        train=tf.constant(dataset.x_train[split.train_rows]),
        train_labels=tf.constant(dataset.labels[split.train_rows], tf.int32),
        holdout=tf.constant(dataset.x_train[split.holdout_rows]),
        test=tf.constant(dataset.x_test),
    )
