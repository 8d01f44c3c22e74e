"""Which configurations of a search are worth a committee: the best, and those that differ from them."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from core.errors import StoredFileError, StudyError
from core.metrics import LOG_LOSS
from core.store.bulk import Unread, read_each
from core.store.dataset import DataSummary
from core.store.predictions import Predictions, read_predictions
from core.store.records import TrialRecord
from core.store.study import StudyFolder
from ensemble.library import log_loss_of

BUDGET = ("precision", "views")
"""What does not make two configurations different."""
SCHEDULE = ("epochs", "schedule", "plateau_patience_epochs", "plateau_factor", "min_learning_rate")
"""Nor do these of its training: a committee sets them itself."""


def select_records(records: Sequence[TrialRecord], folder: StudyFolder, data: DataSummary, k: int) -> list[TrialRecord]:
    """Return the trials whose configurations a committee trains again, in that order.

    The trial that the search started from is the first, so that out-of-fold rows say what was gained over it (a
    committee of one is the best alone). Then come the best trial, and again and again the one with which the mean of
    softmax has the least holdout log-loss: a strong one that errs elsewhere goes before a stronger one that errs in
    the same places. Trials that were trained whole come before pruned ones, of which those that went further come
    first: what a trial predicts after an epoch says little of what it would predict in the end.

    Args:
        records: complete and pruned trials, best first.
        folder: theirs.
        data: the study's.
        k: configurations; where fewer differ, all of them.

    Raises:
        StudyError: there is no such trial.
    """
    candidates = different_records(records)
    if not candidates:
        raise StudyError(f"{folder.url} must have a complete or pruned trial for a committee, got none. Train some")
    first = min(candidates, key=lambda record: record.number)
    complete = [record for record in candidates if record.state == "complete"]
    pruned = [record for record in candidates if record.state != "complete"]
    in_order = itertools.chain(_forward(complete, folder, data), sorted(pruned, key=_how_far))
    ordered = list(itertools.islice(in_order, k))
    return ordered[:1] if k == 1 else [first, *(record for record in ordered if record is not first)][:k]


def different_records(records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return the records without those whose configuration an earlier one has."""
    different: dict[object, TrialRecord] = {}
    for record in records:
        different.setdefault(_hashable(essence_of(record.config)), record)
    return list(different.values())


def essence_of(config: dict[str, Any]) -> dict[str, Any]:
    """Return what of a configuration (`core.config.Config.to_json`) makes it another member than others are."""
    train = {name: value for name, value in config["train"].items() if name not in SCHEDULE}
    return {name: value for name, value in config.items() if name not in BUDGET} | {"train": train}


def _how_far(record: TrialRecord) -> tuple[float, float, int]:
    """Return what sorts pruned trials: those with more epochs first, then the better, then the lower number."""
    best = record.best
    assert best is not None, "ranked records have epochs"
    return -len(record.epochs), LOG_LOSS.sort_key(best.log_loss), record.number


def _hashable(value: object) -> object:
    """Return what is equal for equal values of JSON, and can be looked up."""
    if isinstance(value, dict):
        return frozenset((name, _hashable(item)) for name, item in value.items())
    return tuple(_hashable(item) for item in value) if isinstance(value, (list, tuple)) else value


def _forward(records: list[TrialRecord], folder: StudyFolder, data: DataSummary) -> Iterator[TrialRecord]:
    """Yield the records in the order in which the mean of softmax takes them in, each once.

    Log-loss reads what the true classes were given alone; so nothing else is kept of any trial.
    """
    labels = data.labels[data.holdout_rows]
    urls = [folder.trial(record.trial_id).predictions for record in records]
    votes = (
        _holdout_softmax(url, found, data)[np.arange(len(labels)), labels]
        for url, found in zip(urls, read_each(urls, read_predictions), strict=True)
    )
    left = {record.number: (record, of_true_class) for record, of_true_class in zip(records, votes, strict=True)}
    total = np.zeros(len(labels))
    for count in itertools.count(1):
        if not left:
            return
        scores = {number: log_loss_of((total + votes) / count) for number, (_, votes) in left.items()}
        number = min(scores, key=lambda number: (LOG_LOSS.sort_key(scores[number]), number))
        record, of_true_class = left.pop(number)
        total += of_true_class
        yield record


def _holdout_softmax(url: str, predictions: Predictions | Unread, data: DataSummary) -> np.ndarray:
    """Return a trial's softmax of the holdout rows, (num_holdout, num_classes) float32, from what was read."""
    if isinstance(predictions, FileNotFoundError):
        raise StoredFileError(f"{url} is missing. Start the same search again to have it trained") from predictions
    if isinstance(predictions, StoredFileError):
        raise predictions
    if not np.array_equal(predictions.rows, data.holdout_rows) or predictions.data != data.fingerprint:
        raise StoredFileError(f"{url} must be of the study's data and holdout rows. Move the trial out of the study")
    return predictions.softmax
