import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import StoredFileError
from core.store import files
from core.store.dataset import DataSummary, read_data_summary, read_images, write_data_summary, write_images

SUMMARY = DataSummary(
    fingerprint="f" * 64,
    split="s" * 64,
    labels=np.array([0, 1, 2, 1], np.int32),
    holdout_rows=np.array([1, 2]),
    class_names=np.array(["boot", "coat", "sandal, open"]),
    test_ids=np.array(["a1", "a2"]),
    submission_header=("id", "kind"),
    test_labels=np.array([2, 0], np.int32),
    groups=np.array([0, 1, 2, 1]),
)


@pytest.mark.parametrize("left_out", [{}, {"test_labels": None}, {"groups": None}])
def test_data_summary_reads_back_as_it_was(tmp_path: Path, left_out: dict[str, Any]) -> None:
    url, written = str(tmp_path / "data.npz"), dataclasses.replace(SUMMARY, **left_out)
    write_data_summary(url, written)
    back = read_data_summary(url)
    for field in dataclasses.fields(DataSummary):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(written, field.name))


def test_train_rows_are_neither_held_out_nor_the_same_image_as_a_held_out_one() -> None:
    twins = np.array([0, 0, 2, 3])
    assert dataclasses.replace(SUMMARY, groups=twins).is_train.tolist() == [False, False, False, True]
    assert dataclasses.replace(SUMMARY, groups=None).is_train.tolist() == [True, False, False, True]


def test_data_summary_without_test_rows_reads_back(tmp_path: Path) -> None:
    url = str(tmp_path / "data.npz")
    write_data_summary(url, dataclasses.replace(SUMMARY, test_ids=np.zeros(0, np.str_), test_labels=None))
    assert len(read_data_summary(url).test_ids) == 0


def test_data_summary_torn_at_any_length_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    write_data_summary(str(path), SUMMARY)
    whole = path.read_bytes()
    for length in range(0, len(whole), 83):
        path.write_bytes(whole[:length])
        with pytest.raises(StoredFileError, match=r"data\.npz is torn"):
            read_data_summary(str(path))


@pytest.mark.parametrize(
    "change",
    [
        {"labels": np.array([0, 3])},
        {"labels": np.array([-1, 0, 1])},
        {"holdout_rows": np.array([4])},
        {"holdout_rows": np.array([-1])},
        {"test_labels": np.array([1])},
        {"groups": np.array([0, 1])},
    ],
)
def test_data_summary_that_points_outside_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    url = str(tmp_path / "data.npz")
    write_data_summary(url, dataclasses.replace(SUMMARY, **change))
    with pytest.raises(StoredFileError, match=r"data\.npz: rows and labels must lie inside the data set\. Start"):
        read_data_summary(url)


def test_a_foreign_data_summary_is_refused_by_name(tmp_path: Path) -> None:
    url = str(tmp_path / "data.npz")
    files.write_npz(url, {"x": np.arange(3)})
    with pytest.raises(StoredFileError, match=r"data\.npz is no data summary"):
        read_data_summary(url)


TRAIN_IMAGES = np.arange(4 * 3 * 2 * 1, dtype=np.uint8).reshape(4, 3, 2, 1)


def test_images_read_back_as_they_were(tmp_path: Path) -> None:
    url = str(tmp_path / "images.npz")
    write_images(url, TRAIN_IMAGES, TRAIN_IMAGES[:2])
    images = read_images(url, SUMMARY)
    np.testing.assert_array_equal(images.x_train, TRAIN_IMAGES)
    np.testing.assert_array_equal(images.x_test, TRAIN_IMAGES[:2])


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (TRAIN_IMAGES[:3], TRAIN_IMAGES[:2]),
        (TRAIN_IMAGES, TRAIN_IMAGES),
        (TRAIN_IMAGES, TRAIN_IMAGES[:2, :2]),
        (TRAIN_IMAGES / 255, TRAIN_IMAGES[:2]),
        (TRAIN_IMAGES[..., 0], TRAIN_IMAGES[:2, ..., 0]),
    ],
)
def test_images_of_other_rows_or_form_are_refused(tmp_path: Path, train: np.ndarray, test: np.ndarray) -> None:
    url = str(tmp_path / "images.npz")
    write_images(url, train, test)
    with pytest.raises(StoredFileError, match=r"images\.npz must hold 4 train and 2 test images of one shape as uint8"):
        read_images(url, SUMMARY)


def test_images_of_no_test_rows_read_back(tmp_path: Path) -> None:
    url = str(tmp_path / "images.npz")
    write_images(url, TRAIN_IMAGES, TRAIN_IMAGES[:0])
    data = dataclasses.replace(SUMMARY, test_ids=np.zeros(0, np.str_), test_labels=None)
    assert read_images(url, data).x_test.shape == (0, 3, 2, 1)


def test_images_that_are_torn_or_missing_say_so(tmp_path: Path) -> None:
    path = tmp_path / "images.npz"
    with pytest.raises(FileNotFoundError):
        read_images(str(path), SUMMARY)
    write_images(str(path), TRAIN_IMAGES, TRAIN_IMAGES[:2])
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(StoredFileError, match=r"images\.npz is torn"):
        read_images(str(path), SUMMARY)
    files.write_npz(str(path), {"x_train": TRAIN_IMAGES})
    with pytest.raises(StoredFileError, match=r"got \(4, 3, 2, 1\) and \(\)"):
        read_images(str(path), SUMMARY)
