"""scikit-learn's embedded digits, so that the main job runs on a machine that has nothing else."""

import dataclasses

import numpy as np

from core.data.dataset import Dataset, assemble_dataset
from core.data.shape import ImageShape, require_shape

NAME = "load_digits"
TEST_SEED = 0
"""Draws the test rows. Not --seed: the data and its fingerprint are the same whatever seed a study has."""
TEST_SHARE = 0.2
_LARGEST_VALUE = 16  # the original counts ink in blocks of 4 x 4 bits


def load_digits(image_shape: ImageShape | None) -> Dataset:
    """Return the 1,797 digits of 8x8 pixels; a fifth, stratified, are the test rows, their labels kept aside.

    Args:
        image_shape: What --image-shape says; only 8x8x1 agrees.

    Raises:
        ConfigError: another shape is asked for.
    """
    # imported here: 1 s that a start with --data saves
    from sklearn.datasets import load_digits as load_sklearn_digits
    from sklearn.model_selection import train_test_split

    require_shape((8, 8, 1), image_shape, NAME)
    bunch = load_sklearn_digits()
    images = np.round(bunch.images * (255 / _LARGEST_VALUE)).astype(np.uint8)[..., np.newaxis]
    train, test = train_test_split(
        np.arange(len(images)), test_size=TEST_SHARE, stratify=bunch.target, random_state=TEST_SEED
    )
    train, test = np.sort(train), np.sort(test)
    dataset = assemble_dataset(
        name=NAME,
        x_train=images[train],
        raw_labels=[str(label) for label in bunch.target[train]],
        x_test=images[test],
    )
    return dataclasses.replace(dataset, test_labels=bunch.target[test].astype(np.int32))
