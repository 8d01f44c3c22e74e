"""Between the study that decides and the cluster that runs: who trains next, who goes on, who has ended how.

Knows Optuna's study and the records, and nothing of Ray; `search.tune` calls it from Tune's own loop.
"""

import time
from dataclasses import dataclass, field

from core.seeds import derive_seed
from core.store.records import EpochReport, TrialRecord
from search.ledger import TIME_BUDGET, Ending, Worker
from search.starts import Start
from search.study import TrialStudy, first_rung
from search.watch import Assignment, Watch

SAMPLER = "sampler"
"""Origin of a configuration that was drawn; known ones have names of their own."""


@dataclass(kw_only=True)
class Steering(Watch):
    """The state of one start of a search; all times are seconds since 1970."""

    study: TrialStudy
    seed: int
    epochs: int
    starts: list[Start]
    """What always competes, in order, before anything is drawn; the first is never pruned, none at the first rung."""
    _waiting: list[int] = field(default_factory=list)

    def resume(self) -> None:
        """Rebuild the study from the records; unfinished trials wait to go on."""
        self.study.rebuild(self.ledger.records, self.ledger.num_taken)
        self._waiting = [record.number for record in self.ledger.records if not record.has_ended]

    def next_trial(self) -> Assignment | None:
        """Return what to train next, or None where nothing is left to start."""
        if self.stop_reason is not None or self.is_time_up or self.num_left == 0:
            return None
        record = self.ledger[self._waiting.pop(0)] if self._waiting else self._open_new()
        return self._begin(record)

    def report(self, number: int, epoch: EpochReport, *, worker: Worker, has_predictions: bool) -> bool:
        """Take one epoch's report; True where the trial has to stop, its end already recorded.

        A trial is only stopped after an epoch whose predictions are on disk. It goes on, whenever that is, in the
        precision that it began in.
        """
        self.study.report(number, epoch.epoch, epoch.log_loss)
        ending = self._ending(number, epoch, has_predictions)
        record = self.ledger.add_epoch(number, epoch, self.study.sampler_memory(number), ending=ending, worker=worker)
        self._heard_from(record)
        if ending is not None:
            self.running.discard(number)
            self._tell(record)
        self.on_change()
        return ending is not None

    def fail(self, number: int, error: str, trace: str = "") -> None:
        """Take the news that a trial ended in an error; `trace` is kept in the trial's folder."""
        if number not in self.running or self.stop_reason is not None:
            return
        self.study.fail(number)
        self._lose(number, error, trace)

    @property
    def least_epochs(self) -> int:
        """Epochs until a trial has ended: the first one runs them all, later ones may end at the first rung."""
        if len(self.ledger.cut_short) < self.ledger.num_ended:
            return first_rung(self.epochs)
        begun = [self.epochs - len(record.epochs) for record in self.ledger.records if record.epochs]
        return max(min(begun, default=self.epochs), 1)

    def _requeue(self, number: int) -> None:
        """Let a trial that has begun be the next one that is handed out."""
        self._waiting.insert(0, number)

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

    def _tell(self, record: TrialRecord) -> None:
        """Tell the study how a trial ended."""
        self._failures_in_a_row.clear()
        best = record.best
        assert best is not None, "the record has just got an epoch"
        if record.state == "complete":
            self.study.complete(record.number, best.log_loss)
        else:
            self.study.prune(record.number)
