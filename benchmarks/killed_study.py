"""Watches a study whose search is killed and started again, and writes down all that it lost or did twice."""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from optuna.trial import TrialState

from core.config import Config
from core.errors import StoredFileError
from core.store import files
from core.store.checkpoint import read_newest_checkpoint
from core.store.predictions import read_predictions
from core.store.records import EpochReport, TrialRecord, read_record
from core.store.study import StudyFolder, number_of
from search.study import TrialStudy

FaultKind = Literal["finished_lost", "configs_lost", "configs_duplicated", "left_running", "epochs_lost", "unequal"]
FAULT_KINDS: tuple[FaultKind, ...] = (
    "finished_lost",
    "configs_lost",
    "configs_duplicated",
    "left_running",
    "epochs_lost",
    "unequal",
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that a killed search must not do, and did."""

    kind: FaultKind
    words: str


@dataclass(kw_only=True)
class _Seen:
    """What was last seen of a trial."""

    identity: dict[str, Any]
    epochs: tuple[EpochReport, ...] = ()
    num_checkpointed: int = 0
    ended: tuple[str, str] | None = None
    """Digests of its record and of its predictions, from the moment that it ended."""


@dataclass(kw_only=True)
class StudyWatch:
    """What one study has been seen to hold, over all starts of its search."""

    folder: StudyFolder
    faults: list[Fault] = field(default_factory=list)
    num_running_at_kills: int = 0
    """Running trials over all kills: as many epochs were in progress, and may be redone."""
    _seen: dict[int, _Seen] = field(default_factory=dict)

    def look_at_ended(self) -> None:
        """Remember the trials that have ended by now; the search may be running."""
        for record in self._records():
            if record.has_ended:
                self._take_ended(record)

    def look_after_kill(self) -> None:
        """Compare everything with what was seen before; the driver is dead, its workers need not be."""
        records = self._records()
        for record in records:
            seen = self._take(record)
            if record.has_ended:
                self._take_ended(record)
                continue
            self.num_running_at_kills += 1
            self._take_running(record, seen)
        for number in sorted(set(self._seen) - {record.number for record in records}):
            self._add("configs_lost", f"trial {number} has no readable record any more")

    def look_at_end(self, num_trials: int) -> None:
        """Check what a search of `num_trials` trials has left once it came to its end."""
        records = self._records()
        for record in records:
            self._take(record)
            self._take_ended(record)
        numbers = [record.number for record in records]
        if numbers != list(range(num_trials)):
            self._add("configs_lost", f"trials 0 to {num_trials - 1} must be there, got {numbers}")
        for text, num in Counter(str(_without_precision(record.config)) for record in records).items():
            if num > 1:
                self._add("configs_duplicated", f"{num} trials have the configuration {text}")
        for number in running_in_study(records):
            self._add("left_running", f"trial {number} is running in the study, and no search is")

    def compare(self, whole: StudyFolder) -> None:
        """Check that the study equals another of the same command that nobody killed, but for times and places."""
        for ours, other in zip(self._records(), read_records(whole), strict=False):
            if essence(ours) != essence(other):
                self._add("unequal", f"{ours.trial_id}: {_first_difference(essence(ours), essence(other))}")
            elif not _same_predictions(self.folder, whole, ours.trial_id):
                self._add("unequal", f"{ours.trial_id}: other predictions than those of the uninterrupted search")

    def counts(self) -> dict[str, int]:
        """Return how many faults of each kind there were."""
        found = Counter(fault.kind for fault in self.faults)
        return {kind: found[kind] for kind in FAULT_KINDS}

    def _records(self) -> list[TrialRecord]:
        """Return what can be read; a torn record is a fault."""
        records = []
        for trial_id in self.folder.trial_ids():
            try:
                records.append(read_record(self.folder.trial(trial_id).record))
            except FileNotFoundError:
                continue  # killed while the folder was made
            except StoredFileError as error:
                seen = self._seen.get(number_of(trial_id))
                self._add("finished_lost" if seen and seen.ended else "configs_lost", str(error))
        return records

    def _take(self, record: TrialRecord) -> _Seen:
        """Check that a trial is still the one that it began as."""
        identity = _identity(record)
        seen = self._seen.setdefault(record.number, _Seen(identity=identity))
        if seen.identity != identity:
            difference = _first_difference(identity, seen.identity)
            self._add("configs_lost", f"{record.trial_id} is another trial than it was: {difference}")
            seen.identity = identity
        return seen

    def _take_running(self, record: TrialRecord, seen: _Seen) -> None:
        """Check that a running trial has lost no epoch, and will train none again but the one in progress."""
        if seen.ended is not None:
            self._add("finished_lost", f"{record.trial_id} had ended, and is running again")
        known = seen.epochs
        if record.epochs[: len(known)] != known:
            self._add("epochs_lost", f"{record.trial_id} had {len(known)} epochs on record, which changed or are gone")
        checkpoint = read_newest_checkpoint(self.folder.trial(record.trial_id), before_generation=1_000_000)
        num_checkpointed = len(checkpoint.epochs) if checkpoint else 0
        if num_checkpointed < max(len(record.epochs), seen.num_checkpointed):
            self._add(
                "epochs_lost",
                f"{record.trial_id} has {len(record.epochs)} epochs on record and had {seen.num_checkpointed} in its "
                f"checkpoint, which has {num_checkpointed} now",
            )
        seen.epochs, seen.num_checkpointed = record.epochs, num_checkpointed

    def _take_ended(self, record: TrialRecord) -> None:
        """Check that an ended trial is as it was when it ended."""
        seen, folder = self._take(record), self.folder.trial(record.trial_id)
        now = _digest(folder.record), _digest(folder.predictions)
        if seen.ended is None:
            seen.ended = now
            if record.epochs[: len(seen.epochs)] != seen.epochs:
                self._add("epochs_lost", f"{record.trial_id} has ended with other epochs than it had on record")
            if record.state != "failed" and now[1] == "":
                self._add("finished_lost", f"{record.trial_id} has ended without predictions")
        elif seen.ended != now:
            what = "record" if seen.ended[0] != now[0] else "predictions"
            self._add("finished_lost", f"{record.trial_id} had ended, and its {what} changed")
            seen.ended = now

    def _add(self, kind: FaultKind, words: str) -> None:
        """Write a fault down."""
        self.faults.append(Fault(kind=kind, words=words))


def read_records(folder: StudyFolder) -> list[TrialRecord]:
    """Return all records of a study by number."""
    return [read_record(folder.trial(trial_id).record) for trial_id in folder.trial_ids()]


def leftovers(folder: StudyFolder) -> list[str]:
    """Return what nobody needs in a study that is done: half-written files, checkpoints of ended trials."""
    temporary = [path for path in Path(folder.url).rglob(f"{files.TEMPORARY_PREFIX}*") if path.is_file()]
    ended = [folder.trial(record.trial_id).checkpoints for record in read_records(folder) if record.has_ended]
    return [*map(str, temporary), *(url for url in ended if files.exists(url))]


def essence(record: TrialRecord) -> dict[str, Any]:
    """Return what a repeated search must repeat: everything but times, node and generation."""
    fields = dataclasses.asdict(record) | dict.fromkeys(("node", "generation", "started", "ended"))
    fields["epochs"] = [epoch | {"seconds": 0} for epoch in fields["epochs"]]
    return fields


def running_in_study(records: Iterable[TrialRecord]) -> list[int]:
    """Return the numbers of the trials that the study, rebuilt from the records, takes for running."""
    study = TrialStudy(lambda trial: Config(), seed=0, epochs=1)
    study.rebuild(records)
    running = study._study.get_trials(deepcopy=False, states=[TrialState.RUNNING])  # what Optuna itself was told
    return [trial.number for trial in running]


def _identity(record: TrialRecord) -> dict[str, Any]:
    """Return what a trial keeps from its first moment on."""
    return {
        "number": record.number,
        "config": _without_precision(record.config),
        "params": record.params,
        "seed": record.seed,
        "origin": record.user_attrs.get("origin"),
        "started": record.started,
    }


def _without_precision(config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration without what its first epoch may make definite."""
    return {name: value for name, value in config.items() if name != "precision"}


def _digest(url: str) -> str:
    """Return the digest of a file, nothing where there is none."""
    try:
        return hashlib.sha256(files.read_bytes(url)).hexdigest()
    except FileNotFoundError:
        return ""


def _first_difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    """Return the first field in which the two differ, in words."""
    name = next((name for name in one if one[name] != other.get(name)), "nothing")
    return f"{name} is {one.get(name)!r}, and was {other.get(name)!r}"


def _same_predictions(one: StudyFolder, other: StudyFolder, trial_id: str) -> bool:
    """True where both studies' trial predicts the same to the bit."""
    a, b = (read_predictions(folder.trial(trial_id).predictions) for folder in (one, other))
    return a.test_softmax.tobytes() == b.test_softmax.tobytes() and a.softmax.tobytes() == b.softmax.tobytes()
