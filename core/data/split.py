"""Which train rows are trained on and which score: decided once, fingerprinted, twins kept together."""

import hashlib
import math
from dataclasses import dataclass

import numpy as np

from core.data.dataset import Dataset
from core.data.twins import first_identical_rows
from core.errors import DataError
from core.settings import parse_holdout

TAIL_SHARE = 0.2
"""Share of the rows, in the file's order, that --holdout tail takes from the end: the notebook's split."""


@dataclass(frozen=True, kw_only=True, eq=False)  # comparing arrays with == would be ambiguous
class Split:
    """Train rows and holdout rows of one data set; no image is in both. To compare two, compare fingerprints."""

    train_rows: np.ndarray  # (num_train,) int64 row numbers, ascending
    holdout_rows: np.ndarray  # (num_holdout,) int64 row numbers, ascending
    method: str
    """The share held out, such as 0.2, or tail; `fold of 5` and the like for `core.data.folds`."""
    fingerprint: str
    """SHA-256 of the data's fingerprint and of the rows."""
    num_left_out: int
    """Rows in neither part, since a holdout row is the same image (tail only)."""


def split_rows(dataset: Dataset, holdout: str, seed: int) -> Split:
    """Split the train rows as --holdout says.

    A share is drawn by `seed`, stratified by class over the different images; identical images go to the same
    side. The tail is the last rows of the file; train rows that are identical to one of them are left out.

    Args:
        dataset: Its train rows are split.
        holdout: A share such as 0.2, or tail.
        seed: Draws the rows of a share; the tail needs none.

    Raises:
        ConfigError: `holdout` is neither.
        DataError: a class has too few different images, or is missing from one of the sides.
    """
    share = parse_holdout(holdout)
    images = first_identical_rows(dataset.x_train)
    is_holdout = _tail(len(images)) if share is None else _stratified(dataset, images, share, seed)
    is_train = ~is_holdout & ~np.isin(images, images[is_holdout])
    method = "tail" if share is None else str(share)
    _require_all_classes(dataset, is_train, is_holdout, method)
    return make_split(dataset, is_train, is_holdout, method)


def make_split(
    dataset: Dataset,
    is_train: np.ndarray,  # (num_rows,) bool
    is_holdout: np.ndarray,  # (num_rows,) bool
    method: str,
) -> Split:
    """Return the split of these rows, fingerprinted."""
    train_rows, holdout_rows = np.flatnonzero(is_train), np.flatnonzero(is_holdout)
    return Split(
        train_rows=train_rows,
        holdout_rows=holdout_rows,
        method=method,
        fingerprint=_fingerprint(dataset.fingerprint, train_rows, holdout_rows),
        num_left_out=int((~is_train & ~is_holdout).sum()),
    )


def _tail(num_rows: int) -> np.ndarray:
    """Return True for the rows at the end, (num_rows,) bool."""
    return np.arange(num_rows) >= num_rows - round(TAIL_SHARE * num_rows)


def _stratified(
    dataset: Dataset,
    images: np.ndarray,  # (num_rows,) int64, first row of the same image
    share: float,
    seed: int,
) -> np.ndarray:
    """Return True for the rows held out, (num_rows,) bool: one row an image is drawn and its twins follow."""
    from sklearn.model_selection import train_test_split  # 1 s and 90 MB that a worker with a Split need not pay

    representatives = np.unique(images)
    strata = dataset.labels[representatives]
    needed = math.ceil(1 / min(share, 1 - share) - 1e-9)  # 1 / (1 - 0.9) is 10.000000000000002
    advice = "Add rows, remove the class, or choose a share nearer to 0.5"
    require_images_of_each_class(dataset, strata, needed, f"--holdout {share}", advice)
    _, drawn = train_test_split(representatives, test_size=share, stratify=strata, random_state=seed)
    return np.isin(images, drawn)


def require_images_of_each_class(
    dataset: Dataset,
    strata: np.ndarray,  # (num_images,) int class indices of the different images
    needed: int,
    option: str,
    advice: str,
) -> None:
    """Raise DataError where a class has so few images that chance would decide whether each part gets one.

    Args:
        dataset: Its name and classes are the message's.
        strata: What is counted.
        needed: Images of each class that there must be.
        option: What needs them, as it is typed.
        advice: What to do.
    """
    counts = np.bincount(strata, minlength=dataset.num_classes)
    rarest = int(counts.argmin())
    if counts[rarest] < needed:
        raise DataError(
            f"{dataset.name}: {option} needs {needed} different images or more of each class, and class "
            f"{str(dataset.class_names[rarest])!r} has {counts[rarest]}. {advice}"
        )


def _require_all_classes(dataset: Dataset, is_train: np.ndarray, is_holdout: np.ndarray, method: str) -> None:
    """Raise DataError where a class cannot be learnt or cannot be scored."""
    for side, is_member in (("train", is_train), ("holdout", is_holdout)):
        counts = np.bincount(dataset.labels[is_member], minlength=dataset.num_classes)
        if counts.min() == 0:
            missing = str(dataset.class_names[int(counts.argmin())])
            reason = " (the last 20 % of the file)" if method == "tail" and side == "holdout" else ""
            advice = "Shuffle the file's rows, or use --holdout 0.2" if method == "tail" else "Add rows of that class"
            raise DataError(
                f"{dataset.name}: --holdout {method} needs every class on both sides, and class {missing!r} is missing "
                f"from the {side} rows{reason}. {advice}"
            )


def _fingerprint(data: str, train_rows: np.ndarray, holdout_rows: np.ndarray) -> str:
    """Return the SHA-256 (hex) of the data's fingerprint and both lists of rows."""
    digest = hashlib.sha256(f"{data} {len(train_rows)} {len(holdout_rows)}".encode())
    for rows in (train_rows, holdout_rows):
        digest.update(rows.astype("<i8").tobytes())
    return digest.hexdigest()
