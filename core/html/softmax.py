"""One row's softmax as bars, coloured by one rule on all pages."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from core.html.blocks import bars

MOST_BARS = 4
LEAST_SHARE = 0.005
"""A class that gets less has no bar, unless it is the true one."""
WIDTH, WIDTH_OF_LONG_NAMES = 150, 210
"""Of a tile with such bars at least, CSS pixels."""
SHORT_NAME = 5
"""Letters of a class."""
COLOURS_IN_WORDS = "green is the true class, red what was said instead, grey all others"


def softmax_bars(
    softmax: np.ndarray,  # (num_classes,) float
    names: Sequence[str],
    *,
    truth: int | None,
    label: str,
) -> Markup:
    """Return the most probable classes and the true one as bars.

    Args:
        softmax: of one row.
        names: of the classes, short enough to stand beside a bar.
        truth: class index; None where it is unknown, so that nothing is right or wrong.
        label: whose softmax it is.
    """
    ranked = np.argsort(-softmax, kind="stable")[:MOST_BARS].tolist()
    said, shown = ranked[0], [one for one in ranked if softmax[one] >= LEAST_SHARE]
    if truth is not None and truth not in shown:
        shown.append(truth)
    kinds = {one: verdict(one, truth) for one in (said, truth) if one is not None}
    return bars(((names[one], float(softmax[one]), kinds.get(one, "")) for one in shown), label=label)


def tile_width(names: Sequence[str]) -> int:
    """Return the CSS pixels that a tile with bars of these classes needs at least."""
    return WIDTH if max(map(len, names)) <= SHORT_NAME else WIDTH_OF_LONG_NAMES


def verdict(said: int, truth: int | None) -> str:
    """Return the kind of what was said: `right`, `wrong`, or nothing where the truth is unknown."""
    return "" if truth is None else "right" if said == truth else "wrong"
