"""Identical images: found, counted, and numbered so that a split can keep them together.

An image that is in training and in the holdout scores what was learnt by heart.
"""

import itertools
import math
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from core.data.dataset import Dataset

_DIGEST_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class TwinCounts:
    """How many images of a data set are pixel for pixel the same."""

    num_train: int
    """Train rows that have a twin among the train rows."""
    num_conflicting: int
    """Train rows of which a twin has another label; one of the two is wrong."""
    num_test: int
    """Test rows that have a twin among the train rows."""


def count_twins(dataset: Dataset) -> TwinCounts:
    """Count the identical images of a data set (0.1 s for 70,000 images of 28x28)."""
    first_rows = first_identical_rows(dataset.x_train, dataset.x_test)
    num_train = len(dataset.x_train)
    groups, test_groups = first_rows[:num_train], first_rows[num_train:]
    is_twin = np.bincount(groups, minlength=num_train)[groups] > 1
    return TwinCounts(
        num_train=int(is_twin.sum()),
        num_conflicting=int(_has_conflict(groups, dataset.labels).sum()),
        num_test=int((test_groups < num_train).sum()),
    )


def first_identical_rows(
    *blocks: np.ndarray,  # each (num_images, ...) uint8, of images of one shape
) -> np.ndarray:
    """Return for each image the number of the first image with the same pixels, (num_images of all blocks,) int64.

    Images are numbered through all blocks. They are compared by a 128-bit hash, under which two different ones are
    never met in practice.
    """
    seen: dict[bytes, int] = {}
    rows = itertools.chain.from_iterable(_flat(block) for block in blocks)
    digests = (blake2b(row.data, digest_size=_DIGEST_BYTES).digest() for row in rows)
    num_images = sum(len(block) for block in blocks)
    return np.fromiter((seen.setdefault(digest, row) for row, digest in enumerate(digests)), np.int64, num_images)


def _flat(images: np.ndarray) -> np.ndarray:
    """Return images as contiguous rows, also where there are none (reshape(0, -1) is refused)."""
    return np.ascontiguousarray(images).reshape(len(images), math.prod(images.shape[1:]))


def _has_conflict(
    groups: np.ndarray,  # (num_train,) int64, first row of the same image
    labels: np.ndarray,  # (num_train,) int32
) -> np.ndarray:
    """Return True for each row of a group in which not all labels are the same."""
    is_conflicting_group = np.zeros(len(groups), dtype=bool)
    is_conflicting_group[groups[labels != labels[groups]]] = True
    return is_conflicting_group[groups]
