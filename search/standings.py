"""How the trials of a study stand: kept in order as records come in, so that no report sorts or goes over them all."""

import bisect

from core.metrics import LOG_LOSS
from core.store.records import TrialRecord


class Standings:
    """Records in memory: by number, those that have ended, and those by merit."""

    def __init__(self) -> None:
        """Start with none."""
        self._records: dict[int, TrialRecord] = {}
        self._numbers: list[int] = []
        self._ended: list[TrialRecord] = []
        self._failed: list[TrialRecord] = []
        self._ranked: list[TrialRecord] = []
        self.origins: set[str] = set()
        """Who chose the configurations of the records: known ones' names, or `sampler`."""
        self.longest_epoch_seconds: float | None = None
        """Of all recorded epochs."""

    def enter(self, record: TrialRecord) -> None:
        """Put a record, new or changed, where it belongs; a trial ends once, so that nothing is sorted again."""
        if record.number not in self._records:
            bisect.insort(self._numbers, record.number)
        self._records[record.number] = record
        self.origins.add(record.user_attrs.get("origin", ""))
        if record.epochs:
            longest = max(epoch.seconds for epoch in record.epochs)
            self.longest_epoch_seconds = max(longest, self.longest_epoch_seconds or 0.0)
        if not record.has_ended:
            return
        bisect.insort(self._ended, record, key=_number)
        if record.state == "failed":
            bisect.insort(self._failed, record, key=_number)
        elif record.best is not None:
            bisect.insort(self._ranked, record, key=_rank)

    def leave(self, number: int) -> None:
        """Take a failed record out again."""
        record = self._records.pop(number)
        for records in (self._ended, self._failed):
            records.remove(record)
        self._numbers.remove(number)

    def __getitem__(self, number: int) -> TrialRecord:
        """Return one record."""
        return self._records[number]

    @property
    def records(self) -> list[TrialRecord]:
        """All records by number."""
        return [self._records[number] for number in self._numbers]

    @property
    def ended(self) -> list[TrialRecord]:
        """Records of complete, pruned and failed trials, by number."""
        return list(self._ended)

    @property
    def num_ended(self) -> int:
        """Complete, pruned and failed trials."""
        return len(self._ended)

    @property
    def ranked(self) -> list[TrialRecord]:
        """Complete and pruned trials by best holdout log-loss; ties: the lower number first."""
        return list(self._ranked)

    @property
    def best(self) -> TrialRecord | None:
        """The first of `ranked`, if any."""
        return self._ranked[0] if self._ranked else None

    @property
    def failed(self) -> list[TrialRecord]:
        """Trials that ended in an error, by number."""
        return list(self._failed)

    @property
    def unranked(self) -> list[TrialRecord]:
        """All records that `ranked` leaves out, by number."""
        ranked = {record.number for record in self._ranked}
        return [record for record in self.records if record.number not in ranked]


def _number(record: TrialRecord) -> int:
    """Return the trial's number."""
    return record.number


def _rank(record: TrialRecord) -> tuple[float, int]:
    """Return what sorts the better first, by the best epoch of a record that has one; then the lower number."""
    best = record.best
    assert best is not None, "ranked records have epochs"
    return LOG_LOSS.sort_key(best.log_loss), record.number
