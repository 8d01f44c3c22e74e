"""One's own search space: an Optuna define-by-run function, `function(trial, base)`, and what its answers must be."""

import dataclasses
from collections.abc import Callable

import optuna
from optuna.trial import BaseTrial

from core.config import Config
from core.errors import ConfigError
from core.limits import require_config_fits_data
from core.own_function import call_own, load_function


def own_space(
    name: str, base: Config, *, image_shape: tuple[int, int, int], num_train_rows: int
) -> Callable[[BaseTrial], Config]:
    """Return a space function that asks one's own and checks its answers.

    It is asked once here, of a trial that is thrown away, so that a mistake shows before anything is started.

    Args:
        name: `package.module:function`, called with an Optuna trial and a copy of `base`.
        base: what the settings name; most spaces return it with some fields replaced.
        image_shape: height, width, channels in pixels.
        num_train_rows: rows that a training sees.

    Returns:
        A function of an Optuna trial, which raises ConfigError where one's own raises anything, or returns what is no
        configuration that can be trained here.

    Raises:
        ConfigError: there is no such function, or that is what it does.
    """
    what = f"--space {name}"
    function = load_function(name, "--space")

    def suggest(trial: BaseTrial) -> Config:
        config = call_own(function, trial, dataclasses.replace(base), what=what)
        try:
            _check(config, base)
            require_config_fits_data(config, image_shape=image_shape, num_train=num_train_rows)
        except ConfigError as error:
            raise ConfigError(f"{what}: {error}") from error
        return config

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    suggest(optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask())
    return suggest


def _check(config: object, base: Config) -> None:
    """Raise ConfigError unless one's own function returned a configuration of this search."""
    if not isinstance(config, Config):
        raise ConfigError(f"the function must return a core.config.Config, got {type(config).__name__}")
    if config.train.epochs != base.train.epochs:
        raise ConfigError(
            f"train.epochs must stay {base.train.epochs} (--epochs), by which all trials are compared, "
            f"got {config.train.epochs}"
        )
    if config.builder not in (None, base.builder):
        raise ConfigError(f"builder must be None or that of --model ({base.builder}), got {config.builder!r}")
