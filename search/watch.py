"""What both of a study's stages need while trials run: what runs, until when, what fell silent, why it stops."""

import re
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from core.store.records import EpochReport, TrialRecord
from search.ledger import Ledger, Worker
from search.silence import LEAST_SECONDS, START_SECONDS, silence_limit

MOST_FAILURES_AT_FIRST = 3
MOST_FAILURES_IN_A_ROW = 10
"""When the first 3 trials fail for one reason, or 10 one after the other, the search stops: no configuration is at
fault."""

MOST_NODES_LOST = 10
"""A trial fails under which so many nodes are lost, one after the other, before it has an epoch more. Fewer may be the
cluster's fault alone: nodes that live little longer than a worker takes to start."""
NODES_LOST = f"{MOST_NODES_LOST} nodes were lost under it before it had another epoch; it may be what takes them down"


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """What a worker is to train."""

    record: TrialRecord
    num_recorded_epochs: int
    """Epochs that the record has already; the worker goes on after its checkpoint and reports the rest again."""
    silence_seconds: float
    """What its first epoch may take before it is given up."""
    split: int = 0
    """Which of the stage's splits it trains on."""
    is_scored: bool = True
    """False where that split's holdout rows are trained on too."""
    attempt: int = 0
    """How often this start has taken the trial back from a node."""


@dataclass(kw_only=True)
class Watch(ABC):
    """The state of one start of a stage, the search or the committee; all times are seconds since 1970."""

    ledger: Ledger
    num_trials: int | None
    """Trials altogether, None for no limit."""
    deadline: float | None = None
    """When training has to end; one by --max-cost moves while machines come and go."""
    early_deadline: float | None = None
    """From when a trial that begins now predicts after every epoch, since the deadline may come nearer."""
    last_moment: float | None = None
    """When what still runs is left as it is on disk, without a grace; None for the grace."""
    is_too_late_for_machines: bool = False
    """Whether none is there, nor could one come and be of use before training has to end."""
    most_new_machines: int | None = None
    """How many more machines --max-cost allows to be asked for; None for as many as there may be."""
    spending: str = ""
    """What is spent of --max-cost, for the progress."""
    on_change: Callable[[], None] = lambda: None
    """Called after each change, to redraw the progress."""
    stop_reason: str | None = None
    """Why no further trial starts and running ones are left: `interrupted`, `failing` or `aborted`."""
    error: Exception | None = None
    """What aborted it."""
    least_silence_seconds: float = LEAST_SECONDS
    """Silence of a trial that is borne however short its epochs are."""
    running: set[int] = field(default_factory=set)
    notices: list[str] = field(default_factory=list)
    """What the user is told of the cluster's nodes, a line each."""
    machines: str = ""
    """How many machines there are, and may be, for the live line; nothing where their number is fixed."""
    _silent_at: dict[int, float] = field(default_factory=dict)
    """When each running trial will have been silent for too long."""
    _failures_in_a_row: list[str] = field(default_factory=list)
    _attempts: Counter[int] = field(default_factory=Counter)
    """How often each trial was released."""
    _nodes_lost: Counter[int] = field(default_factory=Counter)
    """How many nodes were lost under each trial since its last epoch."""

    @abstractmethod
    def next_trial(self) -> Assignment | None:
        """Return what to train next, or None where nothing is left to start."""

    @abstractmethod
    def report(self, number: int, epoch: EpochReport, *, worker: Worker, has_predictions: bool) -> bool:
        """Take one epoch's report; True where the trial has to stop."""

    @abstractmethod
    def fail(self, number: int, error: str, trace: str = "") -> None:
        """Take the news that a trial ended in an error; `trace` is kept in the trial's folder."""

    @abstractmethod
    def _requeue(self, number: int) -> None:
        """Let a trial that has begun be the next one that is handed out."""

    def release(self, number: int, *, with_notice: bool = False) -> None:
        """Take a running trial back from its node: it goes on elsewhere, before any other, from its checkpoint.

        Args:
            number: the trial's.
            with_notice: it left in time, which never counts against it; else its node was lost under it.
        """
        if number not in self.running or self.stop_reason is not None:
            return
        self._nodes_lost[number] += not with_notice
        if self._nodes_lost[number] >= MOST_NODES_LOST:
            self.fail(number, NODES_LOST)
            return
        self.running.discard(number)
        self._attempts[number] += 1
        self._requeue(number)
        self.ledger.count_move(number)
        self.on_change()

    @property
    def num_left(self) -> int | None:
        """Trials still to be started or gone on with, None for no limit."""
        if self.num_trials is None:
            return None
        return max(self.num_trials - self.ledger.num_ended - len(self.running), 0)

    @property
    def is_time_up(self) -> bool:
        """True once another epoch would overrun the time budget or --max-cost: nothing more is begun or asked for."""
        is_near = self.deadline is not None and time.time() + self.ledger.usual_epoch_seconds >= self.deadline
        return is_near or self.is_too_late_for_machines

    @property
    def least_epochs(self) -> int | None:
        """Epochs until a trial has ended, 1 or more; None where that is no matter."""
        return None

    @property
    def is_overtime(self) -> bool:
        """True where what still runs after the deadline is not about to report: it is left as it is on disk."""
        if self.last_moment is not None and time.time() >= self.last_moment:
            return True
        longest = self.ledger.longest_epoch_seconds
        grace = START_SECONDS if longest is None else max(self.least_silence_seconds / 2, 2 * longest)
        return self.deadline is not None and time.time() > self.deadline + grace

    def is_silent(self, number: int) -> bool:
        """True where a running trial has reported nothing for so long that its worker has ended itself."""
        return time.time() >= self._silent_at[number]

    def abort(self, error: Exception) -> None:
        """Stop over an error of the driver's own (a full disk, say), to be raised once Tune's loop has ended."""
        self.error = self.error or error
        self.stop_reason = "aborted"

    def interrupt(self) -> None:
        """Start nothing more; what runs is left as it is on disk, to go on with the same command."""
        self.stop_reason = "interrupted"

    def _begin(self, record: TrialRecord, *, split: int = 0, is_scored: bool = True) -> Assignment:
        """Note that a trial runs from now on."""
        self.running.add(record.number)
        limit = self._first_silence_limit(record)
        self._silent_at[record.number] = time.time() + limit
        self.on_change()
        return Assignment(
            record=record,
            num_recorded_epochs=len(record.epochs),
            silence_seconds=limit,
            split=split,
            is_scored=is_scored,
            attempt=self._attempts[record.number],
        )

    def has_begun(self, number: int) -> None:
        """Note that a worker has a running trial from now on: what it waited for a node is no silence."""
        if number in self.running:
            self._silent_at[number] = time.time() + self._first_silence_limit(self.ledger[number])

    def _heard_from(self, record: TrialRecord) -> None:
        """Note that a running trial has just reported."""
        self._nodes_lost.pop(record.number, None)
        self._silent_at[record.number] = time.time() + silence_limit(
            [epoch.seconds for epoch in record.epochs], None, least=self.least_silence_seconds
        )

    def _lose(self, number: int, error: str, trace: str) -> None:
        """Record a running trial's error, and stop where it is not the configurations that fail."""
        self.running.discard(number)
        self.ledger.fail(number, error, trace)
        self._failures_in_a_row.append(_reason_of(error))
        if self._is_failing(self.ledger[number].config.get("builder")):
            self.stop_reason = "failing"
        self.on_change()

    def _first_silence_limit(self, record: TrialRecord) -> float:
        """Return the seconds that a trial's first epoch of this start may take; a lost checkpoint costs them all."""
        longest = self.ledger.longest_epoch_seconds
        return silence_limit((), longest, least=self.least_silence_seconds) * (1 + len(record.epochs))

    def _is_failing(self, builder: object) -> bool:
        """True where what fails is not the configurations; `builder` made the last one's model, None is ours."""
        failures = self._failures_in_a_row
        is_one_reason = len(set(failures)) == 1 and not self.ledger.has_ranked(builder)
        return len(failures) >= (MOST_FAILURES_AT_FIRST if is_one_reason else MOST_FAILURES_IN_A_ROW)


def _reason_of(error: str) -> str:
    """Return an error's line without what differs from trial to trial: numbers and addresses."""
    return re.sub(r"0x[0-9a-fA-F]+|\d+(\.\d+)?", "#", error)
