"""data.npz and images.npz: what voting and pictures need without the archive."""

from dataclasses import dataclass

import numpy as np

from core.errors import StoredFileError
from core.store import files


@dataclass(frozen=True, kw_only=True)
class DataSummary:
    """Labels, split and names of a study's data set; no images."""

    fingerprint: str
    """Fingerprint of the data set."""
    split: str
    """Fingerprint of the split."""
    labels: np.ndarray  # (num_train,) int32 class indices of all train rows
    holdout_rows: np.ndarray  # (num_holdout,) int64 row numbers, ascending
    class_names: np.ndarray  # (num_classes,) str, what a submission writes
    test_ids: np.ndarray  # (num_test,) str, first column of the submission
    submission_header: tuple[str, str] = ("ImageId", "Label")
    test_labels: np.ndarray | None = None  # (num_test,) int32; known only for rows set aside by us
    groups: np.ndarray | None = None  # (num_train,) int64, the first row of the same image; None: no two are the same

    @property
    def is_train(self) -> np.ndarray:
        """Which labelled rows are trained on, (num_train,) bool: not held out, nor the same image as one that is."""
        rows = np.arange(len(self.labels)) if self.groups is None else self.groups
        return np.asarray(~np.isin(rows, rows[self.holdout_rows]))


@dataclass(frozen=True, kw_only=True, eq=False)  # comparing arrays with == would be ambiguous
class Images:
    """A study's images, in the order of its rows."""

    x_train: np.ndarray  # (num_train, height, width, channels) uint8
    x_test: np.ndarray  # (num_test, height, width, channels) uint8


def write_data_summary(url: str, data: DataSummary) -> None:
    """Write data.npz."""
    arrays = {
        "fingerprint": np.array(data.fingerprint),
        "split": np.array(data.split),
        "labels": data.labels.astype(np.int32),
        "holdout_rows": data.holdout_rows.astype(np.int64),
        "class_names": data.class_names.astype(np.str_),
        "test_ids": data.test_ids.astype(np.str_),
        "submission_header": np.array(data.submission_header, dtype=np.str_),
    }
    if data.test_labels is not None:
        arrays["test_labels"] = data.test_labels.astype(np.int32)
    if data.groups is not None:
        arrays["groups"] = data.groups.astype(np.int64)
    files.write_npz(url, arrays)


def read_data_summary(url: str) -> DataSummary:
    """Read data.npz.

    Raises:
        FileNotFoundError: there is none.
        StoredFileError: it is torn, or its arrays do not fit together.
    """
    arrays = files.read_npz(url)
    try:
        first, second = (str(name) for name in arrays["submission_header"])
        data = DataSummary(
            fingerprint=str(arrays["fingerprint"]),
            split=str(arrays["split"]),
            labels=arrays["labels"],
            holdout_rows=arrays["holdout_rows"],
            class_names=arrays["class_names"],
            test_ids=arrays["test_ids"],
            submission_header=(first, second),
            test_labels=arrays.get("test_labels"),
            groups=arrays.get("groups"),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise StoredFileError(
            f"{url} is no data summary: {error}. Start the same search again to rewrite it"
        ) from error
    _check(url, data)
    return data


def write_images(
    url: str,
    x_train: np.ndarray,  # (num_train, height, width, channels) uint8
    x_test: np.ndarray,  # (num_test, height, width, channels) uint8
) -> None:
    """Write images.npz."""
    files.write_npz(url, {"x_train": x_train, "x_test": x_test})


def read_images(url: str, data: DataSummary) -> Images:
    """Read images.npz.

    Args:
        url: where it lies.
        data: whose train and test rows they must be.

    Raises:
        FileNotFoundError: there is none.
        StoredFileError: it is torn, or does not hold one image for each row.
    """
    arrays = files.read_npz(url)
    expected = {"x_train": len(data.labels), "x_test": len(data.test_ids)}
    shapes = {name: arrays[name].shape if name in arrays else () for name in expected}
    fits = all(len(shape) == 4 and shape[0] == expected[name] for name, shape in shapes.items())
    fits = fits and all(arrays[name].dtype == np.uint8 for name in expected)
    if not fits or shapes["x_train"][1:] != shapes["x_test"][1:]:
        raise StoredFileError(
            f"{url} must hold {expected['x_train']} train and {expected['x_test']} test images of one shape as uint8, "
            f"got {shapes['x_train']} and {shapes['x_test']}. Start the same search again to rewrite it"
        )
    return Images(x_train=arrays["x_train"], x_test=arrays["x_test"])


def _check(url: str, data: DataSummary) -> None:
    """Raise StoredFileError where indices point outside."""
    rows, labels = data.holdout_rows, data.labels
    fits = labels.ndim == rows.ndim == 1 and np.issubdtype(rows.dtype, np.integer)
    fits = fits and np.issubdtype(labels.dtype, np.integer)
    fits = fits and (len(rows) == 0 or (rows.min() >= 0 and rows.max() < len(labels)))
    fits = fits and (len(labels) == 0 or (labels.min() >= 0 and labels.max() < len(data.class_names)))
    fits = fits and data.class_names.ndim == data.test_ids.ndim == 1
    fits = fits and (data.groups is None or (data.groups.shape == labels.shape and data.groups.dtype.kind == "i"))
    fits = fits and (data.test_labels is None or data.test_labels.shape == data.test_ids.shape)
    if not fits:
        raise StoredFileError(
            f"{url}: rows and labels must lie inside the data set. Start the same search again to rewrite it"
        )
