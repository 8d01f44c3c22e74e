"""The data set that every training reads: uint8 images, class indices, and a fingerprint of the content."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.data.labels import encode_labels
from core.errors import DataError

DEFAULT_HEADER = ("ImageId", "Label")
_FINGERPRINT_FORMAT = b"softvote data 1"


# eq=False: comparing arrays with == gives arrays, so two data sets are compared by their fingerprints
@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Labelled train images and unlabelled test images."""

    name: str
    """What the user calls it: the source's file name."""
    x_train: np.ndarray  # (num_train, height, width, channels) uint8
    labels: np.ndarray  # (num_train,) int32 class indices
    class_names: np.ndarray  # (num_classes,) str; whole numbers sorted as numbers, other labels as text
    x_test: np.ndarray  # (num_test, height, width, channels) uint8; num_test may be 0
    test_ids: np.ndarray  # (num_test,) str, first column of the submission
    submission_header: tuple[str, str] = DEFAULT_HEADER
    fingerprint: str
    """SHA-256 of pixels, shapes, labels and test rows: the same whatever file they came in."""
    test_labels: np.ndarray | None = None  # (num_test,) int32; only for rows that we set aside ourselves

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels in pixels."""
        height, width, channels = self.x_train.shape[1:]
        return height, width, channels

    @property
    def num_classes(self) -> int:
        """Number of different labels."""
        return len(self.class_names)


def assemble_dataset(
    *,
    name: str,
    x_train: np.ndarray,  # (num_train, height, width, channels) uint8
    raw_labels: Sequence[str],  # num_train labels as text
    x_test: np.ndarray,  # (num_test, height, width, channels) uint8
    labels_where: str | None = None,
    test_ids: Sequence[str] | None = None,
    submission_header: tuple[str, str] = DEFAULT_HEADER,
) -> Dataset:
    """Build a Dataset from parsed arrays: encode the labels, number the test rows, take the fingerprint.

    Args:
        name: What messages call the data set.
        x_train: Train images.
        raw_labels: One label a train image; `labels.encode_labels` says what they may be.
        x_test: Test images, of the same height, width and channels.
        labels_where: Where the labels stand, for messages; None says `name`.
        test_ids: One id a test image; None numbers them from 1.
        submission_header: Column names of the submission.

    Raises:
        DataError: a missing label, fewer than two classes, or images that were scaled to 0..1.
    """
    labels, class_names = encode_labels(raw_labels, labels_where or name)
    _require_contrast(x_train, x_test, name)
    ids = range(1, len(x_test) + 1) if test_ids is None else test_ids
    return Dataset(
        name=name,
        x_train=x_train,
        labels=labels,
        class_names=class_names,
        x_test=x_test,
        test_ids=np.array([str(row_id) for row_id in ids], dtype=np.str_),
        submission_header=submission_header,
        fingerprint=content_fingerprint(x_train, labels, class_names, x_test),
    )


def content_fingerprint(
    x_train: np.ndarray,  # (num_train, height, width, channels) uint8
    labels: np.ndarray,  # (num_train,) int32
    class_names: np.ndarray,  # (num_classes,) str
    x_test: np.ndarray,  # (num_test, height, width, channels) uint8
) -> str:
    """Return the SHA-256 (hex) of what is learnt from and predicted: ids, file names and formats stay out."""
    digest = hashlib.sha256(_FINGERPRINT_FORMAT)
    digest.update(json.dumps([x_train.shape, x_test.shape, class_names.tolist()]).encode())
    for array in (x_train, labels.astype("<i4"), x_test):
        digest.update(np.ascontiguousarray(array).reshape(-1).data)
    return digest.hexdigest()


def _require_contrast(x_train: np.ndarray, x_test: np.ndarray, name: str) -> None:
    """Raise DataError for images of 0 and 1 only, which 0..255 would show as black, or of one shade."""
    for which, images in (("train", x_train), ("test", x_test)):
        if images.size and images.max() == 1:
            raise DataError(
                f"{name}: pixel values must be 0..255, and no {which} image has one above 1. "
                "Are they scaled to 0..1 already? Multiply by 255"
            )
    if x_train.min() == x_train.max():
        raise DataError(f"{name}: train images must differ, and every pixel is {x_train.min()}. Are these the images?")
