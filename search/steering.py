"""Between the study that decides and the cluster that runs: who trains next, who goes on, who has ended how.

Knows Optuna's study and the records, and nothing of Ray; `search.tune` calls it from Tune's own loop.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from core.seeds import derive_seed
from core.store.records import EpochReport, TrialRecord
from search.ledger import TIME_BUDGET, Ending, Ledger, Worker
from search.silence import LEAST_SECONDS, START_SECONDS, silence_limit
from search.starts import Start
from search.study import TrialStudy, first_rung

MOST_FAILURES_AT_FIRST = 3
MOST_FAILURES_IN_A_ROW = 10
"""When the first 3 trials fail for one reason, or 10 one after the other, the search stops: no configuration is at
fault."""
SAMPLER = "sampler"
"""Origin of a configuration that was drawn; known ones have names of their own."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """What a worker is to train."""

    record: TrialRecord
    num_recorded_epochs: int
    """Epochs that the record has already; the worker goes on after its checkpoint and reports the rest again."""
    silence_seconds: float
    """What its first epoch may take before it is given up."""


@dataclass(kw_only=True)
class Steering:
    """The state of one start of a search; all times are seconds since 1970."""

    study: TrialStudy
    ledger: Ledger
    num_trials: int | None
    seed: int
    epochs: int
    starts: list[Start]
    """What always competes, in order, before anything is drawn; the first is never pruned, none at the first rung."""
    deadline: float | None = None
    on_change: Callable[[], None] = lambda: None
    """Called after each change, to redraw the progress."""
    stop_reason: str | None = None
    """Why no further trial starts and running ones are left: `interrupted`, `failing` or `aborted`."""
    error: Exception | None = None
    """What aborted it."""
    least_silence_seconds: float = LEAST_SECONDS
    """Silence of a trial that is borne however short its epochs are."""
    running: set[int] = field(default_factory=set)
    _waiting: list[int] = field(default_factory=list)
    _silent_at: dict[int, float] = field(default_factory=dict)
    """When each running trial will have been silent for too long."""
    _failures_in_a_row: list[str] = field(default_factory=list)

    def resume(self) -> None:
        """Rebuild the study from the records; unfinished trials wait to go on."""
        self.study.rebuild(self.ledger.records, self.ledger.num_taken)
        self._waiting = [record.number for record in self.ledger.records if not record.has_ended]

    @property
    def num_left(self) -> int | None:
        """Trials still to be started or gone on with, None for no limit."""
        if self.num_trials is None:
            return None
        return max(self.num_trials - self.ledger.num_ended - len(self.running), 0)

    @property
    def is_time_up(self) -> bool:
        """True once another epoch would overrun the time budget."""
        return self.deadline is not None and time.time() + self._usual_epoch_seconds() >= self.deadline

    @property
    def is_overtime(self) -> bool:
        """True where what still runs after the time budget is not about to report: it is left as it is on disk."""
        longest = self.ledger.longest_epoch_seconds
        grace = START_SECONDS if longest is None else max(self.least_silence_seconds / 2, 2 * longest)
        return self.deadline is not None and time.time() > self.deadline + grace

    def next_trial(self) -> Assignment | None:
        """Return what to train next, or None where nothing is left to start."""
        if self.stop_reason is not None or self.is_time_up or self.num_left == 0:
            return None
        record = self.ledger[self._waiting.pop(0)] if self._waiting else self._open_new()
        self.running.add(record.number)
        limit = self._first_silence_limit(record)
        self._silent_at[record.number] = time.time() + limit
        self.on_change()
        return Assignment(record=record, num_recorded_epochs=len(record.epochs), silence_seconds=limit)

    def report(self, number: int, epoch: EpochReport, *, worker: Worker, has_predictions: bool) -> bool:
        """Take one epoch's report; True where the trial has to stop, its end already recorded.

        A trial is only stopped after an epoch whose predictions are on disk. It goes on, whenever that is, in the
        precision that it began in.
        """
        self.study.report(number, epoch.epoch, epoch.log_loss)
        ending = self._ending(number, epoch, has_predictions)
        record = self.ledger.add_epoch(number, epoch, self.study.sampler_memory(number), ending=ending, worker=worker)
        self._silent_at[number] = time.time() + silence_limit(
            [epoch.seconds for epoch in record.epochs], None, least=self.least_silence_seconds
        )
        if ending is not None:
            self.running.discard(number)
            self._tell(record)
        self.on_change()
        return ending is not None

    def fail(self, number: int, error: str, trace: str = "") -> None:
        """Take the news that a trial ended in an error; `trace` is kept in the trial's folder."""
        if number not in self.running or self.stop_reason is not None:
            return
        self.running.discard(number)
        self.study.fail(number)
        self.ledger.fail(number, error, trace)
        self._failures_in_a_row.append(_reason_of(error))
        if self._is_failing(self.ledger[number].config.get("builder")):
            self.stop_reason = "failing"
        self.on_change()

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

    def _open_new(self) -> TrialRecord:
        """Ask the study for a new trial; the known configurations come first."""
        untried = (start for start in self.starts if start.origin not in self.ledger.origins)
        start = next(untried, Start(origin=SAMPLER))
        number, config = self.study.ask(start)
        seed = derive_seed(self.seed, "training", number)
        return self.ledger.open(number, config, seed, self.study.sampler_memory(number), start.origin)

    def _ending(self, number: int, epoch: EpochReport, has_predictions: bool) -> Ending | None:
        """Return how the trial ends with this epoch, or None where it goes on."""
        if epoch.epoch >= self.epochs:
            return Ending(state="complete")
        is_pruned = self.study.should_prune(number)  # asked of every trial: the answer notes its value at the rung
        if not has_predictions:
            return None
        if is_pruned and not self._is_spared(number, epoch.epoch):
            return Ending(state="pruned", reason="pruner")
        if self.deadline is not None and time.time() + epoch.seconds > self.deadline:
            return Ending(state="pruned", reason=TIME_BUDGET)
        return None

    def _is_spared(self, number: int, epoch: int) -> bool:
        """True for the first start, and for every start at the first rung, where a warm-up looks worse than it is."""
        origin = self.ledger[number].user_attrs.get("origin")
        return origin == self.starts[0].origin or (origin != SAMPLER and epoch <= first_rung(self.epochs))

    def _first_silence_limit(self, record: TrialRecord) -> float:
        """Return the seconds that a trial's first epoch of this start may take; a lost checkpoint costs them all."""
        longest = self.ledger.longest_epoch_seconds
        return silence_limit((), longest, least=self.least_silence_seconds) * (1 + len(record.epochs))

    def _usual_epoch_seconds(self) -> float:
        """Return what an epoch takes as a rule, 0 where none has ended."""
        return median([record.epochs[-1].seconds for record in self.ledger.records if record.epochs] or [0.0])

    def _is_failing(self, builder: object) -> bool:
        """True where what fails is not the configurations; `builder` made the last one's model, None is ours."""
        failures = self._failures_in_a_row
        has_succeeded = any(record.config.get("builder") == builder for record in self.ledger.ranked)
        is_one_reason = len(set(failures)) == 1 and not has_succeeded
        return len(failures) >= (MOST_FAILURES_AT_FIRST if is_one_reason else MOST_FAILURES_IN_A_ROW)

    def _tell(self, record: TrialRecord) -> None:
        """Tell the study how a trial ended."""
        self._failures_in_a_row.clear()
        best = record.best
        assert best is not None, "the record has just got an epoch"
        if record.state == "complete":
            self.study.complete(record.number, best.log_loss)
        else:
            self.study.prune(record.number)


def _reason_of(error: str) -> str:
    """Return an error's line without what differs from trial to trial: numbers and addresses."""
    return re.sub(r"0x[0-9a-fA-F]+|\d+(\.\d+)?", "#", error)
