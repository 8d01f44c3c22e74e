"""The search as a function: data in, trials on the cluster, the vote and its submission out."""

import sys
import time
from dataclasses import dataclass

from rich.console import Console

from core.data.dataset import Dataset
from core.data.describe import describe_dataset, describe_split
from core.data.load import load_dataset
from core.data.split import Split, split_rows
from core.errors import TrainingError
from core.limits import require_config_fits_data
from core.store.manifest import Manifest
from core.store.records import TrialRecord
from core.store.study import StudyFolder
from core.study import base_config, command_line, open_study, study_folder, with_study_name
from ensemble.report import print_vote
from ensemble.result import VoteResult
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings
from search.leaderboard import write_leaderboard
from search.ledger import Ledger
from search.models import ModelShelf
from search.progress import SearchProgress, new_console
from search.settings import SearchSettings, parse_duration
from search.signals import stop_on_signals
from search.space import params_of, suggest_config
from search.steering import Steering
from search.study import TrialStudy, rung_epochs


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """What a search leaves."""

    folder: StudyFolder
    records: tuple[TrialRecord, ...]
    """All trials of the study, best first, those without a score last."""
    vote: VoteResult


class SearchInterrupted(KeyboardInterrupt):
    """The user stopped the search; the message is the command that goes on."""


def search_study(settings: SearchSettings, console: Console | None = None) -> SearchResult:
    """Run or go on with a search, then vote.

    Args:
        settings: as on the command line.
        console: where to print; stdout by default.

    Returns:
        The study's folder, its trials and the vote, all of which are also on disk.

    Raises:
        DataError, ConfigError, StudyError, ClusterError: what the user can mend; nothing was trained.
        TrainingError: all first trials failed.
        SearchInterrupted: Ctrl-C or SIGTERM; what is finished is kept.
    """
    console = console or new_console()
    settings = with_study_name(settings)
    dataset = load_dataset(settings.data, image_shape=settings.image_shape)
    split = split_rows(dataset, settings.holdout, settings.seed)
    _check_config(settings, dataset, split)
    for line in (*describe_dataset(dataset), describe_split(split)):
        console.print(line, highlight=False, markup=False)
    manifest = open_study(settings, "search", sys.argv[1:], dataset, split)
    steering = _steering(settings, manifest, split)
    for line in steering.ledger.damaged:
        console.print(f"left out: {line}", highlight=False)
    _train(settings, steering, manifest, dataset, split, console)
    return _conclude(settings, steering, console)


def _check_config(settings: SearchSettings, dataset: Dataset, split: Split) -> None:
    """Raise ConfigError where not even the first configuration fits the images."""
    num_train = len(split.train_rows)
    require_config_fits_data(base_config(settings, num_train), image_shape=dataset.image_shape, num_train=num_train)


def _steering(settings: SearchSettings, manifest: Manifest, split: Split) -> Steering:
    """Return the search's state as the records tell it."""
    num_rows = len(split.train_rows)
    base = base_config(settings, num_rows)
    ledger = Ledger(study_folder(settings), manifest.generation)
    ledger.load()
    steering = Steering(
        study=TrialStudy(
            lambda trial: suggest_config(trial, base, num_rows), seed=settings.seed, epochs=settings.epochs
        ),
        ledger=ledger,
        num_trials=settings.num_trials,
        seed=settings.seed,
        epochs=settings.epochs,
        known=[("notebook", params_of(base, num_rows))],
    )
    steering.resume()
    return steering


def _train(
    settings: SearchSettings, steering: Steering, manifest: Manifest, dataset: Dataset, split: Split, console: Console
) -> None:
    """Train what is left of the budget; every result is on disk when this returns or raises."""
    num_ended = len(steering.ledger.ended)
    folder = study_folder(settings)
    if steering.num_left == 0:
        console.print(f"{folder.url} has its {num_ended} trials already; voting again", highlight=False)
        return
    if num_ended:
        console.print(f"going on with {folder.url}: {num_ended} trials are finished", highlight=False)
    seconds = parse_duration(settings.time_budget)
    steering.deadline = None if seconds is None else time.time() + seconds
    shelf = ModelShelf(folder, settings.keep_models)
    try:
        _run_on_cluster(settings, steering, manifest, dataset, split, console, shelf)
    finally:
        write_leaderboard(folder, steering.ledger.ranked, steering.ledger.records)
    if steering.stop_reason == "interrupted":
        raise SearchInterrupted(_how_to_go_on(settings, steering))
    if steering.stop_reason == "failing":
        first = steering.ledger.ended[0]
        raise TrainingError(
            f"the first trials must not all fail, and {len(steering.ledger.ended)} did: {first.error}. "
            f"See {folder.trial(first.trial_id).error}"
        )


def _run_on_cluster(
    settings: SearchSettings,
    steering: Steering,
    manifest: Manifest,
    dataset: Dataset,
    split: Split,
    console: Console,
    shelf: ModelShelf,
) -> None:
    """Start or join the cluster and run Tune's loop on it."""
    from search.cluster import plan_resources, ray_cluster, scratch_folder

    with scratch_folder() as scratch, ray_cluster(settings.address, scratch):
        from search.trainable import WorkerSettings
        from search.tune import run_tune

        plan = plan_resources(settings.cpus_per_trial, settings.gpus_per_trial)
        worker = WorkerSettings(
            num_threads=plan.cpus_per_trial,
            use_gpu=plan.gpus_per_trial > 0,
            generation=manifest.generation,
            ending_epochs=rung_epochs(settings.epochs),
            deadline=steering.deadline,
            keeps_models=settings.keep_models > 0,
        )
        with SearchProgress(steering, console) as progress, stop_on_signals(steering):

            def on_change() -> None:
                progress.update()
                shelf.keep_best(steering.ledger.ranked)

            steering.on_change = on_change
            run_tune(steering, study_folder(settings), plan, worker, dataset, split, scratch, progress.update)


def _conclude(settings: SearchSettings, steering: Steering, console: Console) -> SearchResult:
    """Vote, and return everything."""
    folder = study_folder(settings)
    vote = vote_study(EnsembleSettings(study=folder.url, top_k=settings.top_k))
    print_vote(vote, console)
    ranked = steering.ledger.ranked
    rest = [record for record in steering.ledger.records if record not in ranked]
    return SearchResult(folder=folder, records=(*ranked, *rest), vote=vote)


def _how_to_go_on(settings: SearchSettings, steering: Steering) -> str:
    """Return what Ctrl-C leaves the user with."""
    num_ended = len(steering.ledger.ended)
    num_open = len(steering.ledger.records) - num_ended
    return (
        f"stopped; finished trials: {num_ended}, to go on from their last epoch: {num_open}. "
        f"Go on with: {command_line(settings, 'search')}"
    )
