"""Which trials ran side by side, reconstructed from when each began and ended; and what the time went into."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.store.records import TrialRecord

TOLERANCE_SECONDS = 0.05
"""A trial that begins so much before another's end has taken its place."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """One trial in the time that it took, on a lane of its machine."""

    record: TrialRecord
    start: float
    """Seconds since 1970."""
    end: float
    """As `start`; of a running trial the last moment that any record tells of."""
    node: str
    """The machine that trained it last; empty where it has no epoch."""
    lane: int
    """From 0 on each machine."""

    @property
    def seconds(self) -> float:
        """From its first suggestion to its end."""
        return self.end - self.start


@dataclass(frozen=True, kw_only=True)
class TimeSpent:
    """What a search's time went into, seconds."""

    span: float
    """From the first trial's start to the last one's end, pauses between starts of the search included."""
    num_lanes: int
    """Trials side by side at most, over all machines."""
    num_nodes: int
    training: float
    """In epochs: training and holdout prediction."""
    around: float
    """In trials, outside of their epochs: a worker starts, compiles, writes; or the search stood still."""

    @property
    def available(self) -> float:
        """Of all lanes over the whole span."""
        return self.span * self.num_lanes

    @property
    def idle(self) -> float:
        """Of lanes without a trial."""
        return max(self.available - self.training - self.around, 0.0)


def stretches_of(records: Iterable[TrialRecord]) -> list[Stretch]:
    """Return trials with the lanes that they must have had, by start; each takes the lane that is free the longest.

    A trial that has gone from one machine to another, or on after a pause, is one stretch on its last machine.
    """
    by_start = sorted(records, key=lambda record: (record.started, record.number))
    last = max((_least_end(record) for record in by_start), default=0.0)
    nodes = {record.node for record in by_start if record.node}
    only_node = next(iter(nodes)) if len(nodes) == 1 else ""
    free: dict[str, list[tuple[float, int]]] = {}
    found = []
    for record in by_start:
        node = record.node or only_node
        lanes = free.setdefault(node, [])
        end = max(_least_end(record), last if record.ended is None else 0.0)
        if lanes and lanes[0][0] <= record.started + TOLERANCE_SECONDS:
            lane = heapq.heapreplace(lanes, (end, lanes[0][1]))[1]
        else:
            lane = len(lanes)
            heapq.heappush(lanes, (end, lane))
        found.append(Stretch(record=record, start=record.started, end=end, node=node, lane=lane))
    return found


def time_spent(stretches: Sequence[Stretch]) -> TimeSpent:
    """Return what the time of these trials went into."""
    if not stretches:
        return TimeSpent(span=0.0, num_lanes=0, num_nodes=0, training=0.0, around=0.0)
    return TimeSpent(
        span=max(each.end for each in stretches) - min(each.start for each in stretches),
        num_lanes=_most_at_once(stretches),
        num_nodes=len({each.record.node for each in stretches if each.record.node}),
        training=sum(each.record.seconds for each in stretches),
        around=sum(max(each.seconds - each.record.seconds, 0.0) for each in stretches),
    )


def _least_end(record: TrialRecord) -> float:
    """Return when a trial ended, or until when it must have run at least."""
    return record.started + record.seconds if record.ended is None else max(record.ended, record.started)


def _most_at_once(stretches: Sequence[Stretch]) -> int:
    """Return how many trials there were at one moment at most."""
    changes = [(each.start + TOLERANCE_SECONDS, 1) for each in stretches] + [(each.end, -1) for each in stretches]
    most = current = 0
    for _, change in sorted(changes):
        current += change
        most = max(most, current)
    return max(most, 1)
