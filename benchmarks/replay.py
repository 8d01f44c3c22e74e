"""Searches replayed on known curves: two workers, each epoch as long as any other, nothing trained."""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Protocol

import optuna

from search.domain import Domain
from search.starts import Start
from search.study import TrialStudy, first_rung, rung_epochs

CurveOf = Callable[[Mapping[str, Any]], Sequence[float]]
"""From a configuration's knobs to its log-loss after each epoch."""
NUM_WORKERS = 2


class Searcher(Protocol):
    """What decides: opens trials, and ends them."""

    def ask(self) -> tuple[Any, Sequence[float]]:
        """Open a trial; return what names it, and the curve that its training would have to its end."""

    def tell(self, trial: Any, epoch: int, log_loss: float) -> bool:
        """Take one epoch's log-loss; True where the trial ends with it."""


def replay(searcher: Searcher, num_epochs: int, until: float = 0.0) -> list[float]:
    """Return the best log-loss so far after each of `num_epochs` epochs, counted over all workers.

    It ends earlier where `until` is reached.
    """
    best: list[float] = []
    running: dict[int, tuple[Any, Sequence[float], int]] = {}
    while len(best) < num_epochs and not (best and best[-1] <= until):
        worker = len(best) % NUM_WORKERS
        trial, curve, epoch = running.pop(worker) if worker in running else (*searcher.ask(), 0)
        best.append(min([curve[epoch], *best[-1:]]))
        if not searcher.tell(trial, epoch + 1, curve[epoch]):
            running[worker] = (trial, curve, epoch + 1)
    return best


class OurSearcher:
    """The search as it is, without records and Ray.

    Args:
        domain: what is searched.
        curve_of: the curve of what was drawn.
        seed: the study's.
        known: starts with their curves, tried first; the first of them is never pruned, none at the first rung.
    """

    def __init__(
        self, domain: Domain, curve_of: CurveOf, seed: int, known: Sequence[tuple[Start, Sequence[float]]] = ()
    ) -> None:
        self._epochs = domain.base.train.epochs
        self._study = TrialStudy(domain.suggest, seed=seed, epochs=self._epochs)
        self._curve_of = curve_of
        self._known = list(known)
        self._num_known = len(known)
        self._best: dict[int, float] = {}

    def ask(self) -> tuple[Any, Sequence[float]]:
        """Ask the study, with what is known first."""
        if self._known:
            start, curve = self._known.pop(0)
            return self._study.ask(start)[0], curve
        number, _ = self._study.ask()
        return number, self._curve_of(self._study.sampler_memory(number)["params"])

    def tell(self, trial: Any, epoch: int, log_loss: float) -> bool:
        """Report, and ask the pruner at the rungs, as `search.steering` does."""
        self._best[trial] = min(log_loss, self._best.get(trial, log_loss))
        self._study.report(trial, epoch, log_loss)
        if epoch == self._epochs:
            self._study.complete(trial, self._best[trial])
            return True
        is_pruned = self._study.should_prune(trial) and epoch in rung_epochs(self._epochs)
        is_spared = trial < self._num_known and (trial == 0 or epoch <= first_rung(self._epochs))
        if is_pruned and not is_spared:
            self._study.prune(trial)
            return True
        return False


class RandomSearcher:
    """Draws at random and trains each to its end."""

    def __init__(self, domain: Domain, curve_of: CurveOf, seed: int) -> None:
        self._domain = domain
        self._curve_of = curve_of
        self._study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))

    def ask(self) -> tuple[Any, Sequence[float]]:
        """Draw a configuration."""
        trial = self._study.ask()
        self._domain.suggest(trial)
        return trial, self._curve_of(trial.params)

    def tell(self, trial: Any, epoch: int, log_loss: float) -> bool:
        """Stop at the last epoch alone."""
        is_last = epoch == self._domain.base.train.epochs
        if is_last:
            self._study.tell(trial, log_loss)
        return is_last


class StockSearcher:
    """Ray Tune's OptunaSearch and ASHAScheduler at their defaults, as Tune calls them."""

    def __init__(self, domain: Domain, curve_of: CurveOf, seed: int) -> None:
        from ray.tune.schedulers import ASHAScheduler
        from ray.tune.search.optuna import OptunaSearch

        self._curve_of = curve_of
        self._epochs = domain.base.train.epochs

        def space(trial: optuna.Trial) -> None:
            domain.suggest(trial)

        self._search = OptunaSearch(space, metric="log_loss", mode="min", seed=seed)
        self._scheduler = ASHAScheduler(metric="log_loss", mode="min", max_t=self._epochs)
        self._num_trials = 0

    def ask(self) -> tuple[Any, Sequence[float]]:
        """Let the searcher suggest; the scheduler is told of the trial."""
        trial = SimpleNamespace(trial_id=f"t{self._num_trials}")
        self._num_trials += 1
        params = self._search.suggest(trial.trial_id)
        self._scheduler.on_trial_add(None, trial)
        return trial, self._curve_of(params)

    def tell(self, trial: Any, epoch: int, log_loss: float) -> bool:
        """Let the scheduler decide, then tell the searcher what Tune tells it."""
        result = {"training_iteration": epoch, "log_loss": log_loss}
        ends = epoch == self._epochs or self._scheduler.on_trial_result(None, trial, result) == "STOP"
        if ends:
            self._scheduler.on_trial_complete(None, trial, result)
            self._search.on_trial_complete(trial.trial_id, result)
        else:
            self._search.on_trial_result(trial.trial_id, result)
        return ends
