"""The configurations that a search starts from, before anything is drawn."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from core.config import NO_AUGMENT, Config
from core.known import KNOWN_CONFIGS
from core.limits import with_batch_that_fits
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


def known_starts(
    model: str, base: Config, *, image_shape: tuple[int, int, int], num_train_rows: int, has_own_space: bool = False
) -> list[Start]:
    """Return the known configurations that fit the images, and before them what the settings name; none twice.

    Args:
        model: the known one that comes first, or one's own; `base` is made of it.
        base: gives all of them what is no knob: epochs, precision, views, and whether images are augmented.
        image_shape: height, width, channels in pixels.
        num_train_rows: rows that a training sees; bounds the batch size.
        has_own_space: the default space's knobs are none of the study's, so that all compete as they are.

    Returns:
        A start for each, `model`'s first.
    """
    fitting = {name: config for name, config in KNOWN_CONFIGS.items() if _fits(config, image_shape)}
    if base.builder is None and not has_own_space:
        return _with_knobs(model, fitting, base, num_train_rows)
    first = Start(origin=model if base.builder is None else BASE, config=base)
    if not has_own_space and _fits(base, image_shape):
        first = Start(origin=first.origin, params=params_of(base, base, num_train_rows=num_train_rows))
    starts = [first]
    for name, known in fitting.items():
        config = with_batch_that_fits(_with_budget_of(base, known), num_train_rows)
        if config not in (base, *(start.config for start in starts)):
            starts.append(Start(origin=name, config=config))
    return starts


def _fits(config: Config, image_shape: tuple[int, int, int]) -> bool:
    """True where the images survive the configuration's pools."""
    return len(config.model.filters) <= most_blocks(config.model.pool_size, image_shape)


def _with_knobs(model: str, known: dict[str, Config], base: Config, num_train_rows: int) -> list[Start]:
    """Return known configurations by what the default space is to draw, `model`'s first, none twice."""
    starts: dict[str, dict[str, Any]] = {}
    for name in (model, *known):
        params = params_of(known[name], base, num_train_rows=num_train_rows)
        if params not in starts.values():
            starts[name] = params
    return [Start(origin=name, params=params) for name, params in starts.items()]


def _with_budget_of(base: Config, known: Config) -> Config:
    """Return a known configuration with what a search gives to all of its trials."""
    return dataclasses.replace(
        known,
        train=dataclasses.replace(known.train, epochs=base.train.epochs),
        augment=NO_AUGMENT if base.augment.is_identity else known.augment,
        precision=base.precision,
        views=base.views,
    )
