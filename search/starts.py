"""The configurations that a search starts from, before anything is drawn."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from core.config import NO_AUGMENT, Config, ModelConfig
from core.known import KNOWN_CONFIGS
from core.limits import with_batch_that_fits
from search.domain import Domain
from search.space import most_blocks, params_of

BASE = "base"
"""Origin of one's own model as it comes first, with the notebook's numbers."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """A configuration that always competes."""

    origin: str
    """Whose it is, unlike any other start's: `notebook`, `fast`, or where it was inherited from."""
    params: dict[str, Any] | None = None
    """The knobs' values with which the search space gives it; knobs left out are drawn."""
    config: Config | None = None
    """Itself, where the space cannot give it: then the sampler learns nothing of it."""


def known_starts(model: str, domain: Domain) -> list[Start]:
    """Return the known configurations that fit the images, and before them what the settings name; none twice.

    Those that the study's space cannot give (it is one's own, or the model is) compete as they are.

    Args:
        model: the known one that comes first, or one's own; the domain's base is made of it.
        domain: the study's.
    """
    base, most = domain.base, most_blocks(ModelConfig.pool_size, domain.image_shape)
    fitting = {name: config for name, config in KNOWN_CONFIGS.items() if len(config.model.filters) <= most}
    if base.builder is None and domain.own_space is None:
        return _with_knobs(model, fitting, domain)
    starts = [_base_start(model, domain)]
    for name, known in fitting.items():
        config = with_batch_that_fits(with_budget_of(base, known), domain.num_train_rows)
        if config not in (base, *(start.config for start in starts)):
            starts.append(Start(origin=name, config=config))
    return starts


def with_budget_of(base: Config, config: Config) -> Config:
    """Return another configuration with what a search gives to all of its trials."""
    return dataclasses.replace(
        config,
        train=dataclasses.replace(config.train, epochs=base.train.epochs),
        augment=NO_AUGMENT if base.augment.is_identity else config.augment,
        precision=base.precision,
        views=base.views,
    )


def _with_knobs(model: str, known: dict[str, Config], domain: Domain) -> list[Start]:
    """Return known configurations by the knobs with which the default space gives them, `model`'s first, none twice."""
    starts: dict[str, dict[str, Any]] = {}
    for name in sorted(known, key=lambda name: name != model):
        params = params_of(known[name], domain.base, num_train_rows=domain.num_train_rows)
        if params not in starts.values():
            starts[name] = params
    return [Start(origin=name, params=params) for name, params in starts.items()]


def _base_start(model: str, domain: Domain) -> Start:
    """Return what the settings name: by its knobs where the space is the default one and has them."""
    base = domain.base
    origin = model if base.builder is None else BASE
    is_given = domain.own_space is None and len(base.model.filters) <= most_blocks(
        base.model.pool_size, domain.image_shape
    )
    if is_given:
        return Start(origin=origin, params=params_of(base, base, num_train_rows=domain.num_train_rows))
    return Start(origin=origin, config=base)


def with_inherited(known: list[Start], inherited: list[Start]) -> list[Start]:
    """Return all starts: the first known one, what was inherited and is not known, the other known ones."""
    what_is_known = [(start.params, start.config) for start in known]
    new = [start for start in inherited if (start.params, start.config) not in what_is_known]
    return [*known[:1], *new, *known[1:]]
