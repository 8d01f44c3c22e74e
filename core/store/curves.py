"""curves.tfevents: a trial's curves and configuration, for TensorBoard. A view of its record: nothing reads it here.

What a file says follows from the record alone, and a record that grows adds to its end, so that the file's length says
what it lacks, also after a kill in the middle of a write.
"""

import itertools
from typing import Any

from core.store import event_file
from core.store.records import EpochReport, TrialRecord

_ANY_END = event_file.session_end(0.0, is_failure=False)
END_BYTES = len(_ANY_END)
"""Of the last record in the file of a trial that is over."""
LENGTH_BYTES = 8
"""At a record's beginning."""


def curves_of(record: TrialRecord) -> bytes:
    """Return all that the file says of a record; nothing before its first epoch, where it has no more to say."""
    if not record.epochs and not is_over(record):
        return b""
    return _beginning(record) + curves_after(record, 0)


def curves_after(record: TrialRecord, num_epochs: int) -> bytes:
    """Return what the file says after the first so many epochs of a record."""
    moments = moments_of(record)
    found = b"".join(
        event_file.scalars(moments[epoch.epoch], epoch.epoch, values_of(epoch)) for epoch in record.epochs[num_epochs:]
    )
    return found + (_end(record, moments[-1]) if is_over(record) else b"")


def moments_of(record: TrialRecord) -> list[float]:
    """Return when a trial began and when each epoch would have ended without breaks, seconds since 1970."""
    # all are added up, from 0, so that the same epoch has the same moment to the bit in a longer record
    trained = itertools.accumulate((epoch.seconds for epoch in record.epochs), initial=0.0)
    return [record.started + seconds for seconds in trained]


def values_of(epoch: EpochReport) -> dict[str, float]:
    """Return an epoch's values by their curves' names."""
    return {
        "holdout/log_loss": epoch.log_loss,
        "holdout/accuracy": epoch.accuracy,
        "train/loss": epoch.loss,
        "train/accuracy": epoch.train_accuracy,
        "train/learning_rate": epoch.learning_rate,
        "train/seconds": epoch.seconds,
    }


def is_over(record: TrialRecord) -> bool:
    """True for a trial that no other start goes on with, unless its files are torn."""
    return record.has_ended and record.user_attrs.get("reason") in (None, "pruner")


def has_end(tail: bytes) -> bool:
    """True where some last bytes of a file, END_BYTES or more, are those of a trial that is over."""
    last = tail[-END_BYTES:]
    return last[:LENGTH_BYTES] == _ANY_END[:LENGTH_BYTES] and event_file.SESSION_END.encode() in last


def flat_config(config: dict[str, Any], prefix: str = "") -> dict[str, event_file.Knob]:
    """Return a configuration's fields by dotted names, such as `train.batch_size`; sequences become texts."""
    flat: dict[str, event_file.Knob] = {}
    for name, value in config.items():
        if isinstance(value, dict):
            flat |= flat_config(value, f"{prefix}{name}.")
        elif isinstance(value, (list, tuple)):
            flat[prefix + name] = ",".join(map(str, value)) or "none"
        elif value is not None:
            flat[prefix + name] = value
    return flat


def _beginning(record: TrialRecord) -> bytes:
    """Return what is known of a trial that has begun."""
    rows = "\n".join(f"| {name} | {value} |" for name, value in flat_config(record.config).items())
    table = f"| {record.trial_id} | {record.user_attrs.get('origin', '')} |\n|---|---|\n{rows}"
    return event_file.file_head(record.started) + event_file.text(record.started, "config", table)


def _end(record: TrialRecord, moment: float) -> bytes:
    """Return how a trial ended: its best epoch's scores, and the row of the table of hyperparameters."""
    found, best = b"", record.best
    if best is not None:
        scores = {"trial/best_log_loss": best.log_loss, "trial/best_accuracy": best.accuracy}
        found += event_file.scalars(moment, best.epoch, scores)
    if record.error is not None:
        found += event_file.text(moment, "error", record.error)
    knobs: dict[str, event_file.Knob] = {"state": record.state, "origin": record.user_attrs.get("origin", "")}
    knobs |= flat_config(record.config)
    found += event_file.session_start(moment, record.started, knobs)
    return found + event_file.session_end(moment, is_failure=record.state == "failed")
