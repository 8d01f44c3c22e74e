"""One's own search space: an Optuna define-by-run function, `function(trial, base)`, and what its answers must be."""

import dataclasses
from collections.abc import Callable

import optuna
from optuna.trial import BaseTrial

from core.config import Config
from core.errors import ConfigError
from core.own_function import call_own, load_function
from search.domain import Domain


def own_space(name: str, domain: Domain) -> Callable[[BaseTrial], Config]:
    """Return a space function that asks one's own and checks its answers.

    It is asked once here, of a trial that is thrown away, so that a mistake shows before anything is started.

    Args:
        name: `package.module:function`, called with an Optuna trial and a copy of the domain's base; most return that
            with some fields replaced.
        domain: what can be trained.

    Returns:
        A function of an Optuna trial, which raises ConfigError where one's own raises anything, or returns what is no
        configuration that can be trained here.

    Raises:
        ConfigError: there is no such function, or that is what it does.
    """
    what = f"--space {name}"
    function = load_function(name, "--space")

    def suggest(trial: BaseTrial) -> Config:
        config = call_own(function, trial, dataclasses.replace(domain.base), what=what)
        try:
            return _checked(config, domain)
        except ConfigError as error:
            raise ConfigError(f"{what}: {error}") from error

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    suggest(optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask())
    return suggest


def _checked(config: object, domain: Domain) -> Config:
    """Return what one's own function returned.

    Raises:
        ConfigError: it is no configuration of this search.
    """
    if not isinstance(config, Config):
        raise ConfigError(f"the function must return a core.config.Config, got {type(config).__name__}")
    epochs = domain.base.train.epochs
    if config.train.epochs != epochs:
        raise ConfigError(
            f"train.epochs must stay {epochs} (--epochs), by which all trials are compared, got {config.train.epochs}"
        )
    domain.require(config)
    return config
