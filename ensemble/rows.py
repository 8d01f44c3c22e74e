"""The labelled rows on which candidates are compared and members are chosen."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import StoredFileError
from core.store.dataset import DataSummary
from core.store.predictions import Predictions


@dataclass(frozen=True, kw_only=True, eq=False)  # comparing arrays with == would be ambiguous
class ScoredRows:
    """Rows that every candidate of a vote predicted without having been trained on them."""

    kind: Literal["holdout", "out-of-fold"]
    """holdout: the search's, which also chose epochs, rates and configurations; out-of-fold: all, by a committee."""
    numbers: np.ndarray  # (num_rows,) int64 row numbers, ascending
    labels: np.ndarray  # (num_rows,) int32 class indices
    was_holdout: np.ndarray  # (num_rows,) bool: whether the search scored its trials on the row, or on its image
    groups: np.ndarray | None = None  # (num_rows,) int64, equal for rows of one image; None: all differ


def holdout_of(data: DataSummary) -> ScoredRows:
    """Return the search's holdout rows."""
    return _rows("holdout", data.holdout_rows, data)


def all_rows_of(data: DataSummary) -> ScoredRows:
    """Return every train row."""
    return _rows("out-of-fold", np.arange(len(data.labels)), data)


def softmax_in_order(url: str, predictions: Predictions, rows: ScoredRows) -> np.ndarray:
    """Return the softmax in the order of the scored rows, float32; the file may hold them in any order.

    Raises:
        StoredFileError: it does not hold each of these rows once.
    """
    order = np.argsort(predictions.rows, kind="stable")
    if not np.array_equal(predictions.rows[order], rows.numbers):
        num_shared = len(np.intersect1d(predictions.rows, rows.numbers))
        what = "holdout" if rows.kind == "holdout" else "train"
        advice = "the holdout_rows of its data.npz"
        if rows.kind == "out-of-fold":
            advice = "all rows, each by a model that had not seen it, or vote with --among trials"
        raise StoredFileError(
            f"{url} must hold each of the study's {len(rows.numbers)} {what} rows once, got "
            f"{len(predictions.rows)} rows, {num_shared} of them the study's. Predict {advice}"
        )
    return predictions.softmax[order].astype(np.float32)


def _rows(kind: Literal["holdout", "out-of-fold"], numbers: np.ndarray, data: DataSummary) -> ScoredRows:
    """Return the rows of these numbers."""
    groups = np.arange(len(data.labels)) if data.groups is None else data.groups
    return ScoredRows(
        kind=kind,
        numbers=numbers,
        labels=data.labels[numbers],
        was_holdout=np.isin(groups[numbers], groups[data.holdout_rows]),
        groups=None if data.groups is None else groups[numbers],
    )
