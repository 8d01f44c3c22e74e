"""What `python -m search` can be told."""

import re
from dataclasses import dataclass
from typing import Annotated

import tyro

from core.config import require
from core.errors import ConfigError
from core.own_function import is_function_name, load_function
from core.settings import TrainingSettings

DEFAULT_TRIALS = 12
DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@dataclass(frozen=True, kw_only=True)
class SearchSettings(TrainingSettings):
    """Settings of a search."""

    trials: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="")] = None
    """Trials of the study altogether, those of earlier starts included; 1 or more.
    Left out: 12, or no limit where there is a --time-budget."""
    time_budget: Annotated[str | None, tyro.conf.arg(metavar="DURATION", help_behavior_hint="")] = None
    """Time for this start, vote and submission included, such as 90m or 1h30m; no epoch begins that would overrun it.
    A trial that it ends goes on in the next start. Left out: no limit."""
    top_k: int = 5
    """Members of the vote: the trials of least holdout log-loss; 1 or more."""
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
        require(self.top_k >= 1, "--top-k", "1 or more", self.top_k)
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
        if self.trials is None and self.time_budget is None:
            return DEFAULT_TRIALS
        return self.trials


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
