"""From the settings to a search that can begin: data, records and starts read and checked, nothing written."""

import dataclasses
import sys
from dataclasses import dataclass

from rich.console import Console

from core.config import Config
from core.data.dataset import Dataset
from core.data.folds import fold_splits
from core.data.load import load_dataset
from core.data.split import Split, split_rows
from core.errors import StudyError
from core.limits import require_config_fits_data
from core.own_function import require_named
from core.progress import print_line
from core.store import files
from core.store.committee import CommitteeFolder
from core.store.manifest import Manifest
from core.store.study import StudyFolder
from core.study import base_config, check_study, study_folder, with_epochs
from search.committee.plan import grown_plan, read_plan_if_any
from search.domain import Domain
from search.inherit import find_study, inherited_starts, starts_from_json, starts_to_json
from search.ledger import Ledger
from search.money.cap import MoneyCap, new_cap
from search.own_space import own_space
from search.settings import SearchSettings, parse_duration
from search.starts import Start, known_starts, with_inherited
from search.steering import Steering
from search.study import TrialStudy
from search.tracking.tracker import Tracker, new_tracker
from search.watch import Watch

VOTE_SECONDS = 15.0
"""Of a time budget, for what comes after training: Ray's end, and a vote with its honest estimate."""


@dataclass(frozen=True, kw_only=True)
class SearchStart:
    """All that one start of a search works with."""

    settings: SearchSettings
    dataset: Dataset
    split: Split
    manifest: Manifest
    steering: Steering
    domain: Domain
    console: Console
    began: float
    """Seconds since 1970 at which the command began."""
    base: Config
    """What the settings name, of which the search space is made."""
    cap: MoneyCap | None = None
    """--max-cost; None without."""
    fold_splits: tuple[Split, ...] = ()
    """The committee's; empty where none is asked for."""
    committee_epochs: int = 0
    """Of each of the committee's trainings."""
    tracker: Tracker | None = None
    """Of --mlflow; None without."""

    @property
    def folder(self) -> StudyFolder:
        """The study's."""
        return study_folder(self.settings)

    @property
    def ledger(self) -> Ledger:
        """The steering's."""
        return self.steering.ledger

    def deadline(self, share: float = 1.0) -> float | None:
        """Return when training has to end, seconds since 1970, so that the vote is within time budget and --max-cost.

        Args:
            share: of either; a stage that another one follows has less than all of it.
        """
        seconds = parse_duration(self.settings.time_budget)
        by_time = None if seconds is None else self.began + share * (seconds - VOTE_SECONDS)
        by_money = None if self.cap is None else self.cap.deadline(share)
        return min((moment for moment in (by_time, by_money) if moment is not None), default=None)

    def limit(self, watch: Watch, share: float = 1.0) -> None:
        """Tell a stage until when it may train; with --max-cost again and again, since machines come and go."""
        watch.deadline = self.deadline(share)
        if self.cap is not None:
            self.cap.limit(watch, share)

    @property
    def what_ends_it(self) -> str:
        """What a stage runs out of first."""
        is_money = self.cap is not None and self.cap.is_nearer
        return "the money of --max-cost (a higher one goes on)" if is_money else "the time budget"

    def require_money(self, share: float) -> None:
        """Raise ConfigError where it is the money that has not been enough for one trial."""
        if self.cap is not None and self.cap.is_nearer:
            raise self.cap.shortage(self.steering, share)

    def say(self, line: str) -> None:
        """Print one line as it is."""
        print_line(self.console, line)


def prepare(settings: SearchSettings, console: Console, began: float) -> SearchStart:
    """Read data and records and check everything that can be checked before a cluster is there; nothing stays written.

    Where an object store denies writing is told before the data is read.
    """
    settings.require_own_functions()
    files.require_writable(study_folder(settings).url)
    dataset = load_dataset(settings.data, image_shape=settings.image_shape)
    split = split_rows(dataset, settings.holdout, settings.split_seed)
    num_train = len(split.train_rows)
    committee_epochs = settings.epochs_of_committee(num_train)
    settings = with_epochs(settings.with_preset_epochs(num_train), num_train)
    base = base_config(settings, num_train)
    require_config_fits_data(base, image_shape=dataset.image_shape, num_train=num_train)
    manifest = check_study(settings, "search", sys.argv[1:], dataset, split)
    domain = Domain(base=base, image_shape=dataset.image_shape, num_train_rows=num_train)
    if settings.space is not None:
        domain = dataclasses.replace(domain, own_space=own_space(settings.space, domain))
    manifest = _with_inheritance(manifest, settings, domain)
    folds = _fold_splits(settings, dataset, committee_epochs)
    return SearchStart(
        settings=settings,
        dataset=dataset,
        split=split,
        manifest=manifest,
        steering=_steering(settings, manifest, domain),
        domain=domain,
        console=console,
        began=began,
        base=base,
        cap=new_cap(settings, study_folder(settings), manifest.generation, VOTE_SECONDS),
        fold_splits=folds,
        committee_epochs=committee_epochs,
        tracker=new_tracker(settings.mlflow, manifest),
    )


def _fold_splits(settings: SearchSettings, dataset: Dataset, epochs: int) -> tuple[Split, ...]:
    """Return the committee's folds, none where there is to be no committee; a contradicting plan is told now."""
    if settings.committee_size == 0:
        return ()
    earlier = read_plan_if_any(CommitteeFolder(study_folder(settings).url))
    grown_plan(earlier, [], settings, epochs)
    if settings.holdout == "tail":
        print("warning: a committee's folds are drawn at random; --holdout tail is the search's alone", file=sys.stderr)
    return fold_splits(dataset, settings.folds, settings.seed)


def _with_inheritance(manifest: Manifest, settings: SearchSettings, domain: Domain) -> Manifest:
    """Return the manifest with --start-from's configurations, as this start reads them or an earlier one did."""
    if settings.start_from is None or any(item.get("named") == settings.start_from for item in manifest.inherited):
        return manifest
    folder = find_study(settings.start_from, settings.runs)
    if files.absolute(folder.url) == files.absolute(study_folder(settings).url):
        raise StudyError(f"--start-from must be another study than --study, got {settings.start_from} for both")
    starts = inherited_starts(folder, domain, settings.start_from)
    items = [{"named": settings.start_from, **item} for item in starts_to_json(starts)]
    return dataclasses.replace(manifest, inherited=(*manifest.inherited, *items))


def _steering(settings: SearchSettings, manifest: Manifest, domain: Domain) -> Steering:
    """Return the search's state as the records tell it."""
    epochs = domain.base.train.epochs
    ledger = Ledger(study_folder(settings), manifest.generation)
    ledger.load()
    starts = with_inherited(known_starts(settings.model, domain), starts_from_json(manifest.inherited))
    _require_named_builders(settings, ledger, starts)
    steering = Steering(
        study=TrialStudy(domain.suggest, seed=settings.seed, epochs=epochs),
        ledger=ledger,
        num_trials=settings.num_trials,
        seed=settings.seed,
        epochs=epochs,
        starts=starts,
    )
    steering.resume()
    return steering


def _require_named_builders(settings: SearchSettings, ledger: Ledger, starts: list[Start]) -> None:
    """Raise ConfigError where the study's folder names a model of one's own that the settings do not."""
    for record in ledger.records:
        require_named(record.config.get("builder"), settings.builder, ledger.folder.trial(record.trial_id).record)
    for start in starts:
        if start.config is not None:
            require_named(start.config.builder, settings.builder, ledger.folder.manifest)
