"""predictions.npz: a trial's softmax on labelled rows and on the test rows, with what it takes to trust them.

This is also the documented format of `--add-member`: an .npz with

    rows          (n,) int64          row numbers in the train file, counted from 0
    softmax       (n, c) float        probabilities of those rows; each row sums to 1
    test_softmax  (m, c) float        probabilities of all test rows, in the test file's order
    data          str                 the data's fingerprint (study.json, data.fingerprint)

and optionally `trial_id` (str), `split` (str), `epoch` (int), `config` (str, JSON).
"""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.errors import StoredFileError
from core.store import files

SUM_TOLERANCE = 1e-3
"""How far a softmax row's sum may be from 1: ten classes stored as bfloat16 stay within it."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """One member's votes."""

    trial_id: str
    rows: np.ndarray  # (num_rows,) int64, numbers of train rows from 0
    softmax: np.ndarray  # (num_rows, num_classes) float32, rows sum to 1
    test_softmax: np.ndarray  # (num_test, num_classes) float32, rows sum to 1
    data: str
    """Fingerprint of the data set."""
    split: str = ""
    """Fingerprint of the split."""
    epoch: int = 0
    """The epoch whose weights predicted; 0 where unknown."""
    config: dict[str, Any] = field(default_factory=dict)
    """`core.config.Config.to_json`."""


def write_predictions(url: str, predictions: Predictions) -> None:
    """Write predictions.npz."""
    files.write_npz(
        url,
        {
            "trial_id": np.array(predictions.trial_id),
            "rows": predictions.rows.astype(np.int64),
            "softmax": predictions.softmax.astype(np.float32),
            "test_softmax": predictions.test_softmax.astype(np.float32),
            "data": np.array(predictions.data),
            "split": np.array(predictions.split),
            "epoch": np.array(predictions.epoch),
            "config": np.array(json.dumps(predictions.config)),
        },
    )


def read_predictions(url: str, data: bytes | None = None) -> Predictions:
    """Read and check predictions.npz, of `data` where its content is known already.

    Raises:
        FileNotFoundError: there is none.
        StoredFileError: it is torn, an array is missing, or a softmax is none.
    """
    arrays = files.read_npz(url, data)
    missing = [name for name in ("rows", "softmax", "test_softmax", "data") if name not in arrays]
    if missing:
        raise StoredFileError(f"{url} must hold rows, softmax, test_softmax and data, and lacks {', '.join(missing)}")
    try:
        config = json.loads(str(arrays.get("config", "{}")))
        epoch = int(arrays.get("epoch", np.array(0)))
        if not isinstance(config, dict):
            raise TypeError("config is no object")
    except (ValueError, TypeError, RecursionError) as error:
        raise StoredFileError(f"{url}: config must be a JSON object and epoch a number: {error}") from error
    predictions = Predictions(
        trial_id=str(arrays.get("trial_id", url.rsplit("/", 1)[-1].removesuffix(".npz"))),
        rows=arrays["rows"],
        softmax=arrays["softmax"],
        test_softmax=arrays["test_softmax"],
        data=str(arrays["data"]),
        split=str(arrays.get("split", "")),
        epoch=epoch,
        config=config,
    )
    _check(url, predictions)
    return predictions


def read_labelled_softmax(url: str) -> tuple[np.ndarray, np.ndarray]:
    """Return row numbers and their softmax of a predictions.npz on this machine's disks; no other array is read.

    Raises:
        OSError, ValueError, KeyError, zipfile.BadZipFile: it is not there or torn. Nothing else is checked.
    """
    path = files.local_path(url)
    if path is None:
        raise ValueError(f"{url} must lie on this machine's disks to be read in part")
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["rows"], arrays["softmax"]


def _check(url: str, predictions: Predictions) -> None:
    """Raise StoredFileError where shapes, numbers or sums are not those of softmax."""
    rows, softmax, test = predictions.rows, predictions.softmax, predictions.test_softmax
    if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer):
        raise StoredFileError(
            f"{url}: rows must be one column of whole numbers, got {rows.dtype} of shape {rows.shape}"
        )
    if softmax.ndim != 2 or len(softmax) != len(rows):
        raise StoredFileError(
            f"{url}: softmax must have one row for each of {len(rows)} rows, got shape {softmax.shape}"
        )
    if test.ndim != 2 or test.shape[1] != softmax.shape[1]:
        raise StoredFileError(f"{url}: test_softmax must have {softmax.shape[1]} classes, got shape {test.shape}")
    for name, array in (("softmax", softmax), ("test_softmax", test)):
        if not np.issubdtype(array.dtype, np.floating):
            raise StoredFileError(f"{url}: {name} must be floating point, got {array.dtype}")
        is_bad = ~np.isfinite(array).all(axis=1) | (abs(array.sum(axis=1, dtype=np.float64) - 1) > SUM_TOLERANCE)
        is_bad |= (array < 0).any(axis=1)
        if is_bad.any():
            row = int(is_bad.argmax())
            raise StoredFileError(
                f"{url}: each row of {name} must be probabilities that sum to 1, got sum "
                f"{array[row].sum():.4g} in row {row} ({int(is_bad.sum())} such rows)"
            )
