"""The configurations that a search starts from, before anything is drawn."""

from dataclasses import dataclass
from typing import Any

from core.config import Config
from core.known import KNOWN_CONFIGS
from search.domain import Domain
from search.space import most_blocks, params_of


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
    """Return the known configurations that fit the images, none twice, that of `model` first."""
    base = domain.base
    starts: dict[str, dict[str, Any]] = {}
    for name in (model, *KNOWN_CONFIGS):
        config = KNOWN_CONFIGS[name]
        params = params_of(config, base, num_train_rows=domain.num_train_rows)
        is_fitting = len(config.model.filters) <= most_blocks(base.model.pool_size, domain.image_shape)
        if is_fitting and params not in starts.values():
            starts[name] = params
    return [Start(origin=name, params=params) for name, params in starts.items()]


def with_inherited(known: list[Start], inherited: list[Start]) -> list[Start]:
    """Return all starts: the first known one, what was inherited and is not known, the other known ones."""
    what_is_known = [(start.params, start.config) for start in known]
    new = [start for start in inherited if (start.params, start.config) not in what_is_known]
    return [*known[:1], *new, *known[1:]]
