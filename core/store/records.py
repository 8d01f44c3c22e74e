"""trial.json: one trial's record, the truth from which a study is rebuilt. Written by the driver alone."""

import dataclasses
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.errors import StoredFileError
from core.store import files

FORMAT = 1
TrialState = Literal["running", "complete", "pruned", "failed"]
STATES: tuple[TrialState, ...] = ("running", "complete", "pruned", "failed")
ENDED: tuple[TrialState, ...] = ("complete", "pruned", "failed")


@dataclass(frozen=True, kw_only=True, slots=True)
class EpochReport:
    """What one epoch of training gave; accuracy and log_loss are the holdout's."""

    epoch: int
    """1 for the first."""
    loss: float
    """Mean training loss over the epoch's augmented rows, nats, label smoothing included."""
    train_accuracy: float
    """Share of the epoch's augmented train rows that were right when they were seen."""
    log_loss: float
    """Holdout log-loss, nats."""
    accuracy: float
    """Holdout accuracy."""
    learning_rate: float
    """Rate of the epoch's last step."""
    seconds: float
    """Wall time of training and holdout prediction."""


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """All that is known of one trial."""

    number: int
    """Position in the study, from 0; also the Optuna trial's number."""
    trial_id: str
    config: dict[str, Any]
    """`core.config.Config.to_json`."""
    params: dict[str, Any] = field(default_factory=dict)
    """What the sampler chose, by its own names; empty where no sampler took part."""
    distributions: dict[str, str] = field(default_factory=dict)
    """The ranges it chose from, each as Optuna's JSON."""
    system_attrs: dict[str, Any] = field(default_factory=dict)
    """The sampler's and the pruner's own attributes (a rung's values, say)."""
    user_attrs: dict[str, Any] = field(default_factory=dict)
    """Where the configuration came from, and the like."""
    seed: int
    """Seed of the trial's training."""
    state: TrialState = "running"
    epochs: tuple[EpochReport, ...] = ()
    node: str = ""
    """Host name of the machine that trained it last."""
    generation: int = 0
    """Which start of the driver wrote this, from 1."""
    started: float = 0.0
    """Seconds since 1970 of the first suggestion."""
    ended: float | None = None
    """Seconds since 1970 of the end; None while running."""
    error: str | None = None
    """One line: why it failed."""

    @property
    def best(self) -> EpochReport | None:
        """The epoch of least holdout log-loss (ties: the earlier); None before the first epoch."""
        return best_of(self.epochs)

    @property
    def seconds(self) -> float:
        """Training time over all epochs."""
        return sum(epoch.seconds for epoch in self.epochs)

    @property
    def has_ended(self) -> bool:
        """True for a complete, pruned or failed trial."""
        return self.state in ENDED


def best_of(epochs: Sequence[EpochReport]) -> EpochReport | None:
    """Return the epoch of least holdout log-loss (ties: the earlier); None where there is none."""
    return min(epochs, key=lambda e: (e.log_loss, e.epoch), default=None)


def write_record(url: str, record: TrialRecord) -> None:
    """Write trial.json."""
    files.write_json(url, {"format": FORMAT, **dataclasses.asdict(record)})


def read_record(url: str, data: bytes | None = None) -> TrialRecord:
    """Read trial.json, of `data` where its content is known already.

    Raises:
        FileNotFoundError: there is none.
        StoredFileError: it is torn, of a newer format, or not a record.
    """
    raw = files.read_json_of_format(url, FORMAT, "a trial record", data)
    try:
        raw["epochs"] = tuple(EpochReport(**epoch) for epoch in raw.pop("epochs"))
        # thousands of records name the same knobs and ranges: each text is kept once
        raw["distributions"] = {
            sys.intern(name): sys.intern(text) for name, text in raw.get("distributions", {}).items()
        }
        raw["params"] = {sys.intern(name): value for name, value in raw.get("params", {}).items()}
        record = TrialRecord(**raw)
        _check(record)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise StoredFileError(f"{url} is no trial record: {error}") from error
    return record


def _check(record: TrialRecord) -> None:
    """Raise ValueError where the record's parts do not fit together."""
    if type(record.number) is not int or not isinstance(record.config, dict):
        raise ValueError("number must be a whole number and config an object")
    if record.state not in STATES:
        raise ValueError(f"state must be one of {', '.join(STATES)}, got {record.state!r}")
    if record.state in ("complete", "pruned") and not record.epochs:
        raise ValueError(f"a {record.state} trial must have epochs")
    if [e.epoch for e in record.epochs] != list(range(1, len(record.epochs) + 1)):
        raise ValueError("epochs must be numbered 1, 2, 3, ...")
    if not all(math.isfinite(e.log_loss) for e in record.epochs):
        raise ValueError("log_loss must be finite in every epoch")
