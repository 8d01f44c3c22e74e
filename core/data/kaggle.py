"""A Kaggle competition's files: train.csv, and where they are there test.csv and sample_submission.csv."""

import numpy as np

from core.data.archive import Archive, open_text, require_file
from core.data.dataset import DEFAULT_HEADER, Dataset, assemble_dataset
from core.data.sample import read_sample_submission
from core.data.shape import ImageShape, image_shape_of_row
from core.data.table import Table, read_table

TRAIN = "train.csv"
TEST = "test.csv"
SAMPLE = "sample_submission.csv"
FILE_NAMES = (TRAIN, TEST, SAMPLE)


def read_kaggle(archive: Archive, image_shape: ImageShape | None) -> Dataset:
    """Read a folder or zip of CSVs.

    Args:
        archive: Holds train.csv; test.csv and sample_submission.csv are optional.
        image_shape: What --image-shape says; None for square images of one channel.

    Raises:
        ConfigError: `image_shape` has another number of pixels than there are columns.
        DataError: a file is missing, damaged or malformed; the message names file, row and column.
    """
    require_file(archive, TRAIN)
    with open_text(archive, TRAIN) as stream:
        train = read_table(stream, f"{archive.name}/{TRAIN}")
    shape = image_shape_of_row(len(train.pixel_names), image_shape, f"{archive.name}/{TRAIN}")
    test_pixels = _read_test(archive, train)
    header, ids = _read_sample(archive, len(test_pixels))
    return assemble_dataset(
        name=archive.name,
        x_train=train.pixels.reshape(-1, *shape),
        raw_labels=train.labels,
        labels_where=f"{archive.name}/{TRAIN}",
        x_test=test_pixels.reshape(-1, *shape),
        test_ids=ids,
        submission_header=header,
    )


def _read_test(archive: Archive, train: Table) -> np.ndarray:
    """Return the test rows, (num_test, num_pixels) uint8; none where there is no test.csv."""
    if not archive.has(TEST):
        return np.empty((0, len(train.pixel_names)), np.uint8)
    with open_text(archive, TEST) as stream:
        return read_table(stream, f"{archive.name}/{TEST}", pixels_like=train.pixel_names).pixels


def _read_sample(archive: Archive, num_test: int) -> tuple[tuple[str, str], list[str] | None]:
    """Return the submission's header and ids; None for ids numbered from 1."""
    if num_test == 0 or not archive.has(SAMPLE):
        return DEFAULT_HEADER, None
    with open_text(archive, SAMPLE) as stream:
        return read_sample_submission(stream, f"{archive.name}/{SAMPLE}", num_test=num_test)
