"""The driver's book of trial records: every change is on disk before the search goes on."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from core.config import Config
from core.errors import StoredFileError, StudyError
from core.harmless import in_a_line, warn
from core.store import files
from core.store.bulk import Listing, Unread, uncollected
from core.store.records import EpochReport, TrialRecord, TrialState, read_record, write_record
from core.store.study import StudyFolder, TrialFolder, trial_id_of
from search.rungs import RUNG_PREFIX
from search.standings import Standings
from search.study import check_memory

TIME_BUDGET = "time budget"
"""Reason of an end that is only for now: another start goes on with the trial."""
PREDICTED = ("rows", "softmax", "test_softmax")
"""Arrays without which a predictions file is no use."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a trial ends."""

    state: TrialState
    reason: str = ""
    """What pruned it: `pruner` or TIME_BUDGET."""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Who trained an epoch."""

    node: str
    precision: str


class Ledger(Standings):
    """All records of a study, in memory and in its folder."""

    def __init__(self, folder: StudyFolder, generation: int, *, more_views: int = 1) -> None:
        """Open the book of `folder` for this start of the driver.

        Args:
            folder: the trials' folders.
            generation: of this start.
            more_views: views of each trial's second predictions; 1 where it has none.
        """
        super().__init__()
        self.folder = folder
        self._generation = generation
        self._more_views = more_views
        self.damaged: list[str] = []
        """What could not be read, one line each; those trials' numbers are not used again."""
        self.num_taken = 0
        """The first number that no folder of the study has had."""
        self._as_ended: dict[int, TrialRecord] = {}
        self.followers: dict[str, Callable[[TrialRecord], None]] = {}
        """Views by what the user calls them: each is called with each record once it is on disk."""

    @uncollected()
    def load(self, trial_ids: Iterable[str] | None = None) -> None:
        """Read all records, or those of some trials; a torn one costs that trial alone.

        A trial that ended without predictions, or whose predictions are torn, is trained again: the same
        configuration and seed give the same ones. One that a time budget ended goes on.
        """
        ids = self.folder.trial_ids() if trial_ids is None else list(trial_ids)
        listing = Listing(self.folder.above_trials)
        urls = [self.folder.trial(trial_id).record for trial_id in ids]
        for trial_id, found in zip(ids, listing.read_each(urls, _sound_record), strict=True):
            if self._load_trial(trial_id, found, listing):
                self.num_taken = max(self.num_taken, self.folder.number_of(trial_id) + 1)

    def _load_trial(self, trial_id: str, record: TrialRecord | Unread, listing: Listing) -> bool:
        """Take in one record as it was read; False where there is none yet, so that its number is free."""
        folder = self.folder.trial(trial_id)
        if isinstance(record, FileNotFoundError):
            return not listing.is_empty(folder.url)  # empty where the driver was killed before the record was there
        if isinstance(record, StoredFileError):
            self.damaged.append(str(record))
            return True
        if record.trial_id != trial_id or record.number != self.folder.number_of(trial_id):
            self.damaged.append(f"{folder.record} must be the record of {trial_id}, got that of {record.trial_id}")
            return True
        is_scored = record.state in ("complete", "pruned")
        if is_scored and not self._has_predicted(folder, listing):
            record = _begun_again(record)
        elif record.user_attrs.get("reason") == TIME_BUDGET:
            self._as_ended[record.number] = record
            record = _reopened(record)
        self.enter(record)
        return True

    def _has_predicted(self, folder: TrialFolder, listing: Listing) -> bool:
        """True where all of a trial's predictions files are whole."""
        urls = [folder.predictions] + ([folder.predictions_of(self._more_views)] if self._more_views > 1 else [])
        return all(listing.has_whole_npz(url, PREDICTED) for url in urls)

    def close_untouched(self) -> None:
        """Let trials that were opened again, and got no further epoch, be what they are on disk: ended and scored."""
        for number, record in self._as_ended.items():
            if self[number].epochs == record.epochs and not self[number].has_ended:
                self.enter(record)
                self._show(record)
        self._as_ended.clear()

    @property
    def can_vote(self) -> bool:
        """True where a trial has an end and a score, or had before this start opened it again."""
        return bool(self.ranked or self._as_ended)

    def failures_in_words(self, what: str) -> str:
        """Return what the user has to know of failed trials, called `what`; there is one at least."""
        last = self.failed[-1]
        return (
            f"not all {what} may fail, and {len(self.failed)} did, the last one with: {last.error}. "
            f"See {self.folder.trial(last.trial_id).error}"
        )

    def reopen_failed(self) -> None:
        """Let failed trials be as before their first epoch, in memory alone until they are trained again."""
        for record in self.failed:
            self.leave(record.number)
            self.enter(dataclasses.replace(_begun_again(record), error=None))

    @property
    def cut_short(self) -> list[TrialRecord]:
        """Trials that the time budget ended, with which another start goes on, by number."""
        return [record for record in self.ended if record.user_attrs.get("reason") == TIME_BUDGET]

    def open(
        self,
        number: int,
        config: Config,
        seed: int,
        memory: dict[str, Any],
        origin: str,
        trial_id: str | None = None,
    ) -> TrialRecord:
        """Begin a trial's record.

        Args:
            number: the trial's.
            config: what it trains.
            seed: of its training.
            memory: `TrialStudy.sampler_memory`.
            origin: who chose the configuration: a known one's name, such as `notebook`, or `sampler`.
            trial_id: the trial's; that of its number by default.
        """
        return self._write(
            TrialRecord(
                number=number,
                trial_id=trial_id_of(number) if trial_id is None else trial_id,
                config=config.to_json(),
                seed=seed,
                generation=self._generation,
                started=time.time(),
                user_attrs={"origin": origin},
                **memory,
            )
        )

    def add_epoch(
        self, number: int, epoch: EpochReport, memory: dict[str, Any], *, ending: Ending | None, worker: Worker
    ) -> TrialRecord:
        """Append an epoch, and close the record where it is the trial's last: one write, never one without the other.

        Args:
            number: the trial's.
            epoch: as its worker reported it.
            memory: `TrialStudy.sampler_memory` after it.
            ending: how the trial ends with it, if it does.
            worker: who trained it.
        """
        record = self._records[number]
        grown = dataclasses.replace(
            record,
            config=record.config | {"precision": worker.precision},
            epochs=(*record.epochs, epoch),
            node=worker.node,
            generation=self._generation,
            **memory,
        )
        return self._write(grown) if ending is None else self._close(grown, ending)

    def count_move(self, number: int) -> None:
        """Note in a trial's record that it goes on on another node."""
        record = self._records[number]
        moved = record.user_attrs.get("moved", 0) + 1
        self._write(dataclasses.replace(record, user_attrs=record.user_attrs | {"moved": moved}))

    def fail(self, number: int, error: str, trace: str) -> TrialRecord:
        """Close the record of a trial that ended in an error, whose traceback stays in its folder."""
        record = self._records[number]
        if trace:
            files.write_bytes(self.folder.trial(record.trial_id).error, trace.encode())
        return self._close(dataclasses.replace(record, error=" ".join(error.split())), Ending(state="failed"))

    def _close(self, record: TrialRecord, ending: Ending) -> TrialRecord:
        """Write a record's end; its checkpoint goes, unless only the time was up."""
        attrs = record.user_attrs | ({"reason": ending.reason} if ending.reason else {})
        closed = self._write(dataclasses.replace(record, state=ending.state, user_attrs=attrs, ended=time.time()))
        if ending.reason != TIME_BUDGET:
            with contextlib.suppress(StudyError):  # a checkpoint that stays costs space, nothing else
                files.remove(self.folder.trial(record.trial_id).checkpoints)
        return closed

    def _write(self, record: TrialRecord) -> TrialRecord:
        """Put the record on disk, then into the book."""
        write_record(self.folder.trial(record.trial_id).record, record)
        self.enter(record)
        self._show(record)
        return record

    def _show(self, record: TrialRecord) -> None:
        """Let the views follow; one that raises is told of, and follows no more."""
        for name, follow in list(self.followers.items()):
            try:
                follow(record)
            except Exception as error:
                del self.followers[name]
                warn(f"{name} is not kept up from now on: {in_a_line(error)}. The search goes on without it")


def _sound_record(url: str, data: bytes | None) -> TrialRecord:
    """Read a record from which the study can be rebuilt."""
    record = read_record(url, data)
    check_memory(record)
    return record


def _begun_again(record: TrialRecord) -> TrialRecord:
    """Return the record as it was before its first epoch."""
    rungless = {name: value for name, value in record.system_attrs.items() if not name.startswith(RUNG_PREFIX)}
    return dataclasses.replace(_reopened(record), epochs=(), system_attrs=rungless)


def _reopened(record: TrialRecord) -> TrialRecord:
    """Return the record as it was before its end."""
    attrs = {name: value for name, value in record.user_attrs.items() if name != "reason"}
    return dataclasses.replace(record, state="running", ended=None, user_attrs=attrs)
