"""What `python -m search` can be told."""

import dataclasses
import re
from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from core.config import VIEW_COUNTS, require
from core.errors import ConfigError
from core.own_function import is_function_name, load_function
from core.settings import TrainingSettings, default_epochs

DEFAULT_TRIALS = 12
MOST_FOLDS = 98
MOST_REPEATS = 1000
DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")

PresetName = Literal["quick", "good", "best"]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """How much a search trains."""

    trials: int
    epochs_factor: float
    """Epochs of a training, as a multiple of the default."""
    committee: int = 0
    """Configurations that are trained again over folds."""
    committee_epochs_factor: float = 1.0
    """Epochs of each of these trainings, as a multiple of the default."""


PRESETS: dict[PresetName, Preset] = {
    "quick": Preset(trials=12, epochs_factor=0.5),
    "good": Preset(trials=40, epochs_factor=1.0),
    # out-of-fold log-loss falls most where different networks are averaged: a short search, then the time is theirs
    "best": Preset(trials=18, epochs_factor=0.5, committee=5, committee_epochs_factor=0.5),
}


@dataclass(frozen=True, kw_only=True)
class SearchSettings(TrainingSettings):
    """Settings of a search."""

    trials: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="")] = None
    """Trials of the study altogether, those of earlier starts included; 1 or more.
    Left out: the --preset's, else 12, or no limit where there is a --time-budget."""
    time_budget: Annotated[str | None, tyro.conf.arg(metavar="DURATION", help_behavior_hint="")] = None
    """Time for this start, vote and submission included, such as 90m or 1h30m; no epoch begins that would overrun it.
    A trial that it ends goes on in the next start; before a committee, the search takes a quarter of it.
    Left out: no limit."""
    max_cost: Annotated[float | None, tyro.conf.arg(metavar="USD", help_behavior_hint="")] = None
    """What the study's search may cost over all its starts, every machine of the cluster counted while it runs.
    It ends in time, vote included; what it ends goes on with a higher one. Wants --address and machines with prices.
    Left out: no limit."""
    dry_run: bool = False
    """Say what this search will take, in epochs, hours and money, and start nothing."""
    cluster: Annotated[str | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    """With --dry-run: the file of the cluster that is to run it, such as cluster/config.yaml.
    Left out: the cluster at --address, or this machine."""
    prices: Annotated[str | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    """With --max-cost or --dry-run, what machines cost: a table of cloud, region, machine, market, usd_per_hour, date,
    source.
    Left out: cluster/prices.csv."""
    preset: Annotated[PresetName | None, tyro.conf.arg(metavar="NAME", help_behavior_hint="")] = None
    """How much to train, for who does not want to choose: quick, good or best; options that are given go before it.
    With Kaggle's 42,000 digits on two cores: quick (12 trials of half the epochs) about 10 minutes;
    reckoned from that, good (40 trials) about 40 minutes.
    Best (18 trials of half the epochs, then a committee of 5 over 5 folds) about 2 hours."""
    start_from: Annotated[str | None, tyro.conf.arg(metavar="STUDY", help_behavior_hint="")] = None
    """Another study (its folder, or its name below --runs), whose best five configurations are tried here early on."""
    top_k: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="")] = None
    """Members of the vote: those of least log-loss; 1 or more.
    Left out: the vote chooses them, see `python -m ensemble --help`."""
    committee: Annotated[int | None, tyro.conf.arg(metavar="K", help_behavior_hint="")] = None
    """After the search, train its best and most different configurations again over folds, and let these vote; 0: none.
    Each then has out-of-fold predictions of every train row. --model's configuration is among them.
    Left out: 0, or 5 with --preset best."""
    folds: int = 5
    """Folds of the committee, stratified by class; each is scored by a training on the others; 2 to 98."""
    repeats: int = 1
    """Trainings of each of the committee's configurations on each fold, each with a seed of its own; 1 to 1000."""
    committee_epochs: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="")] = None
    """Epochs of each of the committee's trainings; the last one predicts, since nothing is chosen on a fold; 1 or more.
    Left out: --epochs, or else the default of a single training (half of it with --preset best)."""
    committee_views: int = 9
    """Views of an image (see --views) for second predictions of the committee, which vote where that helps; 1: none."""
    refit: bool = False
    """Train the committee's voting configurations once more on every row, for the test rows alone.
    No row is left that could score such a vote: the scores shown stay those of the folds."""
    cpus_per_trial: int = 1
    """Processor cores (threads) of one trial; 1 or more. As many trials run side by side as the cores allow."""
    gpus_per_trial: Annotated[float | None, tyro.conf.arg(metavar="FLOAT", help_behavior_hint="")] = None
    """Graphics cards of one trial: a share such as 0.25, or a whole number; 0 for none.
    A share is how many trials a card gets; each takes memory as it needs it, without a cap.
    Left out: 1 where the cluster has any, else 0."""
    max_concurrent: Annotated[int | None, tyro.conf.arg(metavar="N", help_behavior_hint="")] = None
    """Trials that may run side by side, 1 or more: leaves room for other searches, and bounds the machines asked for.
    Left out: as many as fit."""
    address: Annotated[str | None, tyro.conf.arg(metavar="ADDRESS", help_behavior_hint="")] = None
    """Ray cluster to run on: auto (the one this machine belongs to) or host:port.
    Left out: one is started here."""
    space: Annotated[str | None, tyro.conf.arg(metavar="MODULE:FUNCTION", help_behavior_hint="")] = None
    """Your own search space: package.module:function, from an Optuna trial and a configuration to a configuration.
    Left out: the space of search/space.py."""
    keep_models: int = 5
    """Trials whose model.keras stays on disk, best first; 0 or more. Predictions are kept of every trial.
    A committee keeps the models of all its trainings."""
    mlflow: Annotated[str | None, tyro.conf.arg(metavar="URI", help_behavior_hint="")] = None
    """Send trials and vote to this MLflow server (http://host:5000) or store (sqlite:///mlflow.db); extra mlflow.
    Left out: nowhere."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.trials is None or self.trials >= 1, "--trials", "1 or more", self.trials)
        require(self.top_k is None or self.top_k >= 1, "--top-k", "1 or more", self.top_k)
        require(self.committee is None or self.committee >= 0, "--committee", "0 or more", self.committee)
        require(2 <= self.folds <= MOST_FOLDS, "--folds", f"2 to {MOST_FOLDS}", self.folds)
        require(1 <= self.repeats <= MOST_REPEATS, "--repeats", f"1 to {MOST_REPEATS}", self.repeats)
        epochs = self.committee_epochs
        require(epochs is None or epochs >= 1, "--committee-epochs", "1 or more", epochs)
        require(self.committee_views in VIEW_COUNTS, "--committee-views", "1, 5 or 9", self.committee_views)
        require(not self.refit or self.committee_size > 0, "--refit", "used with --committee or --preset best", "alone")
        require(self.cpus_per_trial >= 1, "--cpus-per-trial", "1 or more", self.cpus_per_trial)
        require(self.keep_models >= 0, "--keep-models", "0 or more", self.keep_models)
        gpus = self.gpus_per_trial
        is_share = gpus is None or 0 <= gpus <= 1 or (float(gpus).is_integer() and gpus > 1)
        require(is_share, "--gpus-per-trial", "a share in 0..1 or a whole number", gpus)
        most = self.max_concurrent
        require(most is None or most >= 1, "--max-concurrent", "1 or more", most)
        is_client = self.address is not None and self.address.startswith("ray://")
        rule = "auto or host:port, on a machine of the cluster (Ray's client, ray://, cannot run a search)"
        require(not is_client, "--address", rule, self.address)
        is_place = self.mlflow is None or self.mlflow.strip() != ""
        rule = "a server (http://host:5000) or a database (sqlite:///mlflow.db)"
        require(is_place, "--mlflow", rule, repr(self.mlflow))
        parse_duration(self.time_budget)
        cap = self.max_cost
        require(cap is None or 0 < cap < float("inf"), "--max-cost", "more than 0 USD", cap)
        is_priced = cap is None or self.dry_run or self.address is not None
        rule = "used with --address, on a cluster whose machines have prices; this machine has none"
        require(is_priced, "--max-cost", rule, "no --address")
        require(self.cluster is None or self.dry_run, "--cluster", "used with --dry-run", "alone")
        is_used = self.prices is None or self.dry_run or cap is not None
        require(is_used, "--prices", "used with --max-cost or --dry-run", "alone")
        is_space = self.space is None or is_function_name(self.space)
        require(is_space, "--space", "of the form package.module:function", self.space)

    def require_own_functions(self) -> None:
        """Import what the settings name of one's own code."""
        super().require_own_functions()
        if self.space is not None:
            load_function(self.space, "--space")

    @property
    def num_trials(self) -> int | None:
        """Trials altogether, None for no limit (a time budget alone)."""
        if self.trials is not None:
            return self.trials
        if self.preset is not None:
            return PRESETS[self.preset].trials
        return DEFAULT_TRIALS if self.time_budget is None else None

    @property
    def committee_size(self) -> int:
        """Configurations of the committee, 0 for none."""
        if self.committee is not None:
            return self.committee
        return 0 if self.preset is None else PRESETS[self.preset].committee

    def epochs_of_committee(self, num_train_rows: int) -> int:
        """Return the epochs of each of the committee's trainings, before `with_preset_epochs` has set others."""
        if self.committee_epochs is not None:
            return self.committee_epochs
        if self.epochs is not None:
            return self.epochs
        factor = 1.0 if self.preset is None else PRESETS[self.preset].committee_epochs_factor
        return max(round(factor * default_epochs(self.model, num_train_rows)), 1)

    def with_preset_epochs(self, num_train_rows: int) -> "SearchSettings":
        """Return these settings with the preset's epochs where they have a preset and no epochs."""
        if self.preset is None or self.epochs is not None:
            return self
        factor = PRESETS[self.preset].epochs_factor
        return dataclasses.replace(self, epochs=round(factor * default_epochs(self.model, num_train_rows)))


def parse_duration(text: str | None) -> float | None:
    """Return the seconds of a duration such as 1h30m, or None where there is none.

    Raises:
        ConfigError: not of that form, or no time at all.
    """
    if text is None:
        return None
    match = DURATION.fullmatch(text)
    if match is None or not text:
        raise ConfigError(f"--time-budget must be hours, minutes and seconds such as 90m, 2h or 1h30m, got {text!r}")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + seconds
    require(total > 0, "--time-budget", "more than no time, such as 90m", repr(text))
    return float(total)
