"""The driver's book of trial records: every change is on disk before anything else hears of it."""

import dataclasses
import time
from typing import Any

from core.config import Config
from core.errors import StoredFileError
from core.metrics import LOG_LOSS
from core.store import files
from core.store.records import EpochReport, TrialRecord, TrialState, read_record, write_record
from core.store.study import StudyFolder, trial_id_of


class Ledger:
    """All records of a study, in memory and in its folder."""

    def __init__(self, folder: StudyFolder, generation: int) -> None:
        """Open the book of `folder` for this start of the driver."""
        self._folder = folder
        self._generation = generation
        self._records: dict[int, TrialRecord] = {}
        self.damaged: list[str] = []
        """What could not be read, one line each; those trials are trained anew under other numbers."""

    def load(self) -> None:
        """Read all records; a torn one costs that trial alone."""
        for trial_id in self._folder.trial_ids():
            try:
                record = read_record(self._folder.trial(trial_id).record)
            except FileNotFoundError:
                continue
            except StoredFileError as error:
                self.damaged.append(str(error))
                continue
            self._records[record.number] = record

    @property
    def records(self) -> list[TrialRecord]:
        """All records by number."""
        return [self._records[number] for number in sorted(self._records)]

    @property
    def ended(self) -> list[TrialRecord]:
        """Records of complete, pruned and failed trials, by number."""
        return [record for record in self.records if record.has_ended]

    @property
    def ranked(self) -> list[TrialRecord]:
        """Complete and pruned trials by best holdout log-loss; ties: the lower number first."""
        scored = [r for r in self.ended if r.state != "failed" and r.best is not None]
        return sorted(scored, key=lambda r: (_log_loss(r), r.number), reverse=LOG_LOSS.mode == "max")

    def __getitem__(self, number: int) -> TrialRecord:
        """Return one record."""
        return self._records[number]

    def open(self, number: int, config: Config, seed: int, memory: dict[str, Any], origin: str) -> TrialRecord:
        """Begin a trial's record.

        Args:
            number: the trial's.
            config: what it trains.
            seed: of its training.
            memory: `TrialStudy.sampler_memory`.
            origin: who chose the configuration: `notebook` or `sampler`.
        """
        return self._write(
            TrialRecord(
                number=number,
                trial_id=trial_id_of(number),
                config=config.to_json(),
                seed=seed,
                generation=self._generation,
                started=time.time(),
                user_attrs={"origin": origin},
                **memory,
            )
        )

    def add_epoch(
        self, number: int, epoch: EpochReport, memory: dict[str, Any], *, node: str, precision: str
    ) -> TrialRecord:
        """Append an epoch that the trial's worker reported, and the precision that it chose, to go on with."""
        record = self._records[number]
        grown = dataclasses.replace(
            record,
            config=record.config | {"precision": precision},
            epochs=(*record.epochs, epoch),
            node=node,
            generation=self._generation,
            **memory,
        )
        return self._write(grown)

    def keep_trace(self, number: int, trace: str) -> None:
        """Leave a failed trial's traceback in its folder."""
        if trace:
            files.write_bytes(self._folder.trial(trial_id_of(number)).error, trace.encode())

    def end(
        self, number: int, state: TrialState, *, error: str | None = None, reason: str | None = None
    ) -> TrialRecord:
        """Close a trial's record; its checkpoint goes."""
        record = self._records[number]
        attrs = record.user_attrs | ({"reason": reason} if reason else {})
        ended = dataclasses.replace(record, state=state, error=error, user_attrs=attrs, ended=time.time())
        self._write(ended)
        files.remove(self._folder.trial(record.trial_id).checkpoints)
        return ended

    def _write(self, record: TrialRecord) -> TrialRecord:
        """Put the record on disk, then into the book."""
        write_record(self._folder.trial(record.trial_id).record, record)
        self._records[record.number] = record
        return record


def _log_loss(record: TrialRecord) -> float:
    """Return the best epoch's holdout log-loss of a record that has one."""
    best = record.best
    assert best is not None, "ranked records have epochs"
    return best.log_loss
