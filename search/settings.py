"""What `python -m search` can be told."""

import dataclasses
import re
from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from core.config import require
from core.errors import ConfigError
from core.own_function import is_function_name, load_function
from core.settings import TrainingSettings, default_epochs

DEFAULT_TRIALS = 12
DEFAULT_TOP_K = 5
DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")

PresetName = Literal["quick", "good", "best"]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """How much a search trains."""

    trials: int
    epochs_factor: float
    """Epochs of a training, as a multiple of the default."""
    top_k: int
    """Members of the vote."""


PRESETS: dict[PresetName, Preset] = {
    "quick": Preset(trials=12, epochs_factor=0.5, top_k=DEFAULT_TOP_K),
    "good": Preset(trials=40, epochs_factor=1.0, top_k=DEFAULT_TOP_K),
    "best": Preset(trials=100, epochs_factor=1.5, top_k=10),
}


@dataclass(frozen=True, kw_only=True)
class SearchSettings(TrainingSettings):
    """Settings of a search."""

    trials: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="")] = None
    """Trials of the study altogether, those of earlier starts included; 1 or more.
    Left out: the --preset's, else 12, or no limit where there is a --time-budget."""
    time_budget: Annotated[str | None, tyro.conf.arg(metavar="DURATION", help_behavior_hint="")] = None
    """Time for this start, vote and submission included, such as 90m or 1h30m; no epoch begins that would overrun it.
    A trial that it ends goes on in the next start. Left out: no limit."""
    preset: Annotated[PresetName | None, tyro.conf.arg(metavar="NAME", help_behavior_hint="")] = None
    """How much to train, for who does not want to choose: quick, good or best; options that are given go before it.
    With Kaggle's 42,000 digits on two cores: quick (12 trials of half the epochs) about 10 minutes;
    reckoned from that, good (40 trials) about 40 minutes, best (100 trials, half as many epochs more) 2 hours."""
    start_from: Annotated[str | None, tyro.conf.arg(metavar="STUDY", help_behavior_hint="")] = None
    """Another study (its folder, or its name below --runs), whose best five configurations are tried here early on."""
    top_k: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="")] = None
    """Members of the vote: the trials of least holdout log-loss; 1 or more.
    Left out: 5, or 10 with --preset best."""
    cpus_per_trial: int = 1
    """Processor cores (threads) of one trial; 1 or more. As many trials run side by side as the cores allow."""
    gpus_per_trial: Annotated[float | None, tyro.conf.arg(metavar="FLOAT", help_behavior_hint="")] = None
    """Graphics cards of one trial: a share such as 0.25, or a whole number; 0 for none.
    A share is how many trials a card gets; each takes memory as it needs it, without a cap.
    Left out: 1 where the cluster has any, else 0."""
    address: Annotated[str | None, tyro.conf.arg(metavar="ADDRESS", help_behavior_hint="")] = None
    """Ray cluster to run on: auto (the one this machine belongs to) or host:port.
    Left out: one is started here."""
    space: Annotated[str | None, tyro.conf.arg(metavar="MODULE:FUNCTION", help_behavior_hint="")] = None
    """Your own search space: package.module:function, from an Optuna trial and a configuration to a configuration.
    Left out: the space of search/space.py."""
    keep_models: int = 5
    """Trials whose model.keras stays on disk, best first; 0 or more. Predictions are kept of every trial."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.trials is None or self.trials >= 1, "--trials", "1 or more", self.trials)
        require(self.top_k is None or self.top_k >= 1, "--top-k", "1 or more", self.top_k)
        require(self.cpus_per_trial >= 1, "--cpus-per-trial", "1 or more", self.cpus_per_trial)
        require(self.keep_models >= 0, "--keep-models", "0 or more", self.keep_models)
        gpus = self.gpus_per_trial
        is_share = gpus is None or 0 <= gpus <= 1 or (float(gpus).is_integer() and gpus > 1)
        require(is_share, "--gpus-per-trial", "a share in 0..1 or a whole number", gpus)
        is_client = self.address is not None and self.address.startswith("ray://")
        rule = "auto or host:port, on a machine of the cluster (Ray's client, ray://, cannot run a search)"
        require(not is_client, "--address", rule, self.address)
        parse_duration(self.time_budget)
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
    def num_members(self) -> int:
        """Members of the vote."""
        if self.top_k is not None:
            return self.top_k
        return DEFAULT_TOP_K if self.preset is None else PRESETS[self.preset].top_k

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
