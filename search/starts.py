"""The configurations that a search starts from, before anything is drawn."""

from dataclasses import dataclass
from typing import Any

from core.config import Config
from core.known import KNOWN_CONFIGS
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


def known_starts(model: str, base: Config, *, image_shape: tuple[int, int, int], num_train_rows: int) -> list[Start]:
    """Return the known configurations that fit the images, none twice.

    Args:
        model: the one that comes first; `base` is made of it.
        base: gives all of them what is no knob: epochs, precision, views, and whether images are augmented.
        image_shape: height, width, channels in pixels.
        num_train_rows: rows that a training sees; bounds the batch size.

    Returns:
        A start for each, `model`'s first.
    """
    starts: dict[str, dict[str, Any]] = {}
    for name in (model, *KNOWN_CONFIGS):
        config = KNOWN_CONFIGS[name]
        params = params_of(config, base, num_train_rows=num_train_rows)
        is_fitting = len(config.model.filters) <= most_blocks(base.model.pool_size, image_shape)
        if is_fitting and params not in starts.values():
            starts[name] = params
    return [Start(origin=name, params=params) for name, params in starts.items()]
