"""Two loops around trials that sleep: a search of ours, and Ray Tune's OptunaSearch with ASHA and reused workers."""

import functools
import io
from dataclasses import dataclass

from optuna.trial import BaseTrial
from rich.console import Console

from benchmarks.sleepers import Sleep, SleeperSettings, SleepingTrainable, Span, read_spans, sleeping_function
from core.config import Config, TrainConfig
from core.data.dataset import Dataset
from core.data.split import Split
from core.store.study import StudyFolder
from search.cluster.capacity import Resources
from search.domain import Domain
from search.journal import keep_journal
from search.ledger import Ledger
from search.models import ModelShelf
from search.progress import SearchProgress
from search.starts import known_starts
from search.steering import Steering
from search.study import TrialStudy, rung_epochs
from search.trainable import TrialTrainable, WorkerSettings

NUM_MODELS = 5


@dataclass(frozen=True, kw_only=True)
class Loop:
    """What both loops are given."""

    num_trials: int
    sleep: Sleep
    dataset: Dataset
    """For the search space, and ours hands it to the workers."""
    split: Split
    scratch: str
    """Folder for Tune's own files, new for each loop."""

    @property
    def domain(self) -> Domain:
        """The default search space, in trials of so many epochs."""
        train = TrainConfig(epochs=self.sleep.num_epochs)
        return Domain(
            base=Config(train=train),
            image_shape=self.dataset.image_shape,
            num_train_rows=len(self.split.train_rows),
        )


def run_ours(loop: Loop) -> list[Span]:
    """Search as `search.run` does, records, journal, progress and models' shelf included; return the trials' times."""
    folder = StudyFolder(loop.sleep.study)
    epochs = loop.sleep.num_epochs
    steering = Steering(
        study=TrialStudy(loop.domain.suggest, seed=0, epochs=epochs),
        ledger=Ledger(folder, generation=1),
        num_trials=loop.num_trials,
        seed=0,
        epochs=epochs,
        starts=known_starts("notebook", loop.domain),
    )
    worker = SleeperSettings(
        num_threads=1,
        use_gpu=False,
        generation=1,
        ending_epochs=rung_epochs(epochs),
        deadline=None,
        keeps_models=False,
        scratch=loop.scratch,
        sleep=loop.sleep,
    )
    run_search(steering, worker, loop.sleep.num_workers, loop.dataset, loop.split, SleepingTrainable)
    return read_spans(folder)


def run_search(
    steering: Steering,
    worker: WorkerSettings,
    num_workers: int,
    dataset: Dataset,
    split: Split,
    trainable: type[TrialTrainable],
) -> None:
    """Run trials as `search.run` does, with all that it does beside them; prints nothing."""
    from search.tune import run_tune

    ledger = steering.ledger
    plan = Resources(cpus_per_trial=1, gpus_per_trial=0.0, max_concurrent=num_workers)
    shelf = ModelShelf(ledger.folder, NUM_MODELS)
    journal = keep_journal(ledger.folder, "benchmark", ledger)
    with journal, SearchProgress(steering, Console(file=io.StringIO())) as progress:

        def on_change() -> None:
            progress.update()
            shelf.keep_best(ledger)

        steering.on_change = on_change
        run_tune(steering, ledger.folder, plan, worker, dataset, (split,), worker.scratch, progress.update, trainable)


def run_stock(loop: Loop) -> list[Span]:
    """Search with what Ray brings; return the trials' times."""
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search.optuna import OptunaSearch

    search = OptunaSearch(space=functools.partial(ask_all, loop.domain), metric="log_loss", mode="min", seed=0)
    function = tune.with_parameters(sleeping_function, sleep=loop.sleep)
    tune.Tuner(
        tune.with_resources(function, {"cpu": 1}),
        tune_config=tune.TuneConfig(
            metric="log_loss",
            mode="min",
            search_alg=search,
            scheduler=ASHAScheduler(),
            num_samples=loop.num_trials,
            max_concurrent_trials=loop.sleep.num_workers,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(name="stock", storage_path=f"{loop.scratch}/stock", verbose=0),
    ).fit()
    return read_spans(StudyFolder(loop.sleep.study))


def ask_all(domain: Domain, trial: BaseTrial) -> None:
    """Ask for the knobs of the search space, as OptunaSearch wants it; Tune's snapshots pickle this."""
    domain.suggest(trial)
