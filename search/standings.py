"""How the trials of a study stand: kept in order as records come in, so that no report sorts or goes over them all."""

import bisect
from statistics import median

from core.metrics import LOG_LOSS
from core.store.records import TrialRecord


class Standings:
    """Records in memory: by number, those that have ended, and those by merit."""

    def __init__(self) -> None:
        """Start with none."""
        self._records: dict[int, TrialRecord] = {}
        self._numbers: list[int] = []
        self._ended: list[TrialRecord] = []
        self._endings: list[TrialRecord] = []
        self._failed: list[TrialRecord] = []
        self._ranked: list[TrialRecord] = []
        self._merits: list[tuple[float, int]] = []
        """Of `_ranked`, so that each is reckoned once."""
        self._builders: list[object] = []
        """Of `_ranked`, each once."""
        self._epoch_seconds: list[float] = []
        """Of each record's last epoch, ascending."""
        self.origins: set[str] = set()
        """Who chose the configurations of the records: known ones' names, or `sampler`."""
        self.longest_epoch_seconds: float | None = None
        """Of all recorded epochs."""

    def enter(self, record: TrialRecord) -> None:
        """Put a record, new or changed, where it belongs; a trial ends once, so that nothing is sorted again."""
        self._time(self._records.get(record.number), record)
        if record.number not in self._records:
            bisect.insort(self._numbers, record.number)
        self._records[record.number] = record
        self.origins.add(record.user_attrs.get("origin", ""))
        if not record.has_ended:
            return
        self._endings.append(record)
        bisect.insort(self._ended, record, key=_number)
        if record.state == "failed":
            bisect.insort(self._failed, record, key=_number)
        elif record.best is not None:
            self._rank(record)

    def leave(self, number: int) -> None:
        """Take a failed record out again."""
        record = self._records.pop(number)
        self._time(record, None)
        for records in (self._ended, self._endings, self._failed):
            records.remove(record)
        self._numbers.remove(number)

    def _time(self, before: TrialRecord | None, record: TrialRecord | None) -> None:
        """Take in how long the epochs of a record take, in place of what it was before."""
        if before is not None and before.epochs:
            del self._epoch_seconds[bisect.bisect_left(self._epoch_seconds, before.epochs[-1].seconds)]
        if record is not None and record.epochs:
            bisect.insort(self._epoch_seconds, record.epochs[-1].seconds)
            longest = max(epoch.seconds for epoch in record.epochs)
            self.longest_epoch_seconds = max(longest, self.longest_epoch_seconds or 0.0)

    def _rank(self, record: TrialRecord) -> None:
        """Put a complete or pruned record among its like."""
        merit = merit_of(record)
        place = bisect.bisect_right(self._merits, merit)
        self._merits.insert(place, merit)
        self._ranked.insert(place, record)
        builder = record.config.get("builder")
        if builder not in self._builders:
            self._builders.append(builder)

    def __getitem__(self, number: int) -> TrialRecord:
        """Return one record."""
        return self._records[number]

    def __contains__(self, number: int) -> bool:
        """True where there is a record of that number."""
        return number in self._records

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

    def ended_after(self, num_ended: int) -> list[TrialRecord]:
        """Return what has ended since so many had, in the order of their ends: what a report has not told yet."""
        return self._endings[num_ended:]

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

    @property
    def usual_epoch_seconds(self) -> float:
        """The median of the records' last epochs, 0 where none has one."""
        # of a sorted list the median of its middle is its median
        middle = len(self._epoch_seconds) // 2
        return median(self._epoch_seconds[max(middle - 1, 0) : middle + 1 + len(self._epoch_seconds) % 2] or [0.0])

    def has_ranked(self, builder: object) -> bool:
        """True where a complete or pruned trial's model was made by `builder`; None is ours."""
        return builder in self._builders


def merit_of(record: TrialRecord) -> tuple[float, int]:
    """Return what sorts the better first, by the best epoch of a record that has one; then the lower number."""
    best = record.best
    assert best is not None, "ranked records have epochs"
    return LOG_LOSS.sort_key(best.log_loss), record.number


def _number(record: TrialRecord) -> int:
    """Return the trial's number."""
    return record.number
