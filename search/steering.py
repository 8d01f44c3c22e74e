"""Between the study that decides and the cluster that runs: who trains next, who goes on, who has ended how.

Knows Optuna's study and the records, and nothing of Ray; `search.tune` calls it from Tune's own loop.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.seeds import derive_seed
from core.store.records import EpochReport, TrialRecord
from search.ledger import Ledger
from search.study import TrialStudy

MAX_FAILURES_IN_A_ROW = 3
"""When the first so many trials all fail, the search stops: the fault is not a configuration's."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """What a worker is to train."""

    record: TrialRecord
    num_recorded_epochs: int
    """Epochs that the record has already; the worker goes on after its checkpoint and reports the rest again."""


@dataclass(kw_only=True)
class Steering:
    """The state of one start of a search; all times are seconds since 1970."""

    study: TrialStudy
    ledger: Ledger
    num_trials: int | None
    seed: int
    epochs: int
    known: list[tuple[str, dict[str, Any]]]
    """(origin, knob values) that always compete, in order, before anything is drawn."""
    deadline: float | None = None
    on_change: Callable[[], None] = lambda: None
    """Called after each change, to redraw the progress."""
    stop_reason: str | None = None
    """Why no further trial starts and running ones are left: `interrupted` or `failing`."""
    running: set[int] = field(default_factory=set)
    _waiting: list[int] = field(default_factory=list)

    def resume(self) -> None:
        """Rebuild the study from the records; unfinished trials wait to go on."""
        self.study.rebuild(self.ledger.records)
        self._waiting = [record.number for record in self.ledger.records if not record.has_ended]

    @property
    def num_left(self) -> int | None:
        """Trials still to be started or gone on with, None for no limit."""
        if self.num_trials is None:
            return None
        return max(self.num_trials - len(self.ledger.ended) - len(self.running), 0)

    @property
    def is_time_up(self) -> bool:
        """True once the time budget is spent."""
        return self.deadline is not None and time.time() >= self.deadline

    def next_trial(self) -> Assignment | None:
        """Return what to train next, or None where nothing is left to start."""
        if self.stop_reason is not None or self.is_time_up or self.num_left == 0:
            return None
        record = self.ledger[self._waiting.pop(0)] if self._waiting else self._open_new()
        self.running.add(record.number)
        self.on_change()
        return Assignment(record=record, num_recorded_epochs=len(record.epochs))

    def report(
        self, number: int, epoch: EpochReport, *, node: str, has_predictions: bool, precision: str = "float32"
    ) -> bool:
        """Take one epoch's report; True where the trial has to stop, its end already recorded.

        A trial is only stopped after an epoch whose predictions are on disk. It goes on, whenever that is, in the
        precision that it began in.
        """
        self.study.report(number, epoch.epoch, epoch.log_loss)
        is_last = epoch.epoch >= self.epochs
        is_pruned = not is_last and self.study.should_prune(number)
        self.ledger.add_epoch(number, epoch, self.study.sampler_memory(number), node=node, precision=precision)
        if is_last:
            self._complete(number)
        elif has_predictions and is_pruned:
            self._prune(number, "pruner")
        elif has_predictions and self._ends_with(epoch):
            self._prune(number, "time budget")
        self.on_change()
        return number not in self.running

    def fail(self, number: int, error: str, trace: str = "") -> None:
        """Take the news that a trial ended in an error; `trace` is kept in the trial's folder."""
        if number not in self.running or self.stop_reason is not None:
            return
        self.running.discard(number)
        self.study.fail(number)
        self.ledger.keep_trace(number, trace)
        self.ledger.end(number, "failed", error=" ".join(error.split()))
        ended = self.ledger.ended
        if len(ended) >= MAX_FAILURES_IN_A_ROW and all(record.state == "failed" for record in ended):
            self.stop_reason = "failing"
        self.on_change()

    def interrupt(self) -> None:
        """Start nothing more; what runs is left as it is on disk, to go on with the same command."""
        self.stop_reason = "interrupted"

    def _open_new(self) -> TrialRecord:
        """Ask the study for a new trial; the known configurations come first."""
        number = self.study.next_number
        origin, params = self.known[number] if number < len(self.known) else ("sampler", None)
        number, config = self.study.ask(params)
        seed = derive_seed(self.seed, "training", number)
        return self.ledger.open(number, config, seed, self.study.sampler_memory(number), origin)

    def _ends_with(self, epoch: EpochReport) -> bool:
        """True where another epoch like this one would overrun the time budget."""
        return self.deadline is not None and time.time() + epoch.seconds > self.deadline

    def _complete(self, number: int) -> None:
        """Close a trial that ran all its epochs."""
        best = self.ledger[number].best
        assert best is not None, "a complete trial has epochs"
        self.running.discard(number)
        self.study.complete(number, best.log_loss)
        self.ledger.end(number, "complete")

    def _prune(self, number: int, reason: str) -> None:
        """Close a trial that is stopped early."""
        self.running.discard(number)
        self.study.prune(number)
        self.ledger.end(number, "pruned", reason=reason)
