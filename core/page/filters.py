"""The first convolution's filters as pictures."""

import numpy as np

from core.html.blocks import prose
from core.html.images import tiles
from core.html.page import Section

MOST_FILTERS = 64
NEGATIVE, NONE, POSITIVE = (np.array(colour, float) for colour in ((196, 78, 0), (255, 255, 255), (0, 103, 177)))
"""Orange, white, blue: told apart by any eye."""


def filters_section(
    kernels: np.ndarray | None,  # (height, width, in_channels, num_filters) float32
    name: str,
    why_not: str | None,
) -> Section:
    """Return the section of filters.

    Args:
        kernels: of the first convolution.
        name: what it is called.
        why_not: what there is to say instead; None where there are kernels.
    """
    title, anchor = "First-layer filters", "filters"
    if kernels is None or why_not is not None:
        return Section(anchor=anchor, title=title, body=prose(why_not or "The model has no convolution."))
    height, width, num_in, num = kernels.shape
    shown = min(num, MOST_FILTERS)
    alt = f"{shown} filters of {height}x{width}, weights from {kernels.min():.3g} to {kernels.max():.3g}"
    pictures = [filter_picture(kernels[:, :, :, number]) for number in range(shown)]
    more = f", the first {shown} of which are shown" if shown < num else ""
    lead = f"The {num} filters of {name}, {height}x{width} weights each{more}. {_how_to_read(num_in)}"
    return Section(anchor=anchor, title=title, lead=lead, body=tiles(pictures, alt=alt, least_side=48))


def filter_picture(
    kernel: np.ndarray,  # (height, width, in_channels) float
) -> np.ndarray:
    """Return a filter as (height, width, 3) uint8, scaled by its own greatest weight.

    Of three input channels the weights are red, green and blue, grey is 0. Of any other number their mean is blue
    where positive, orange where negative, white at 0.
    """
    if kernel.shape[2] == 3:
        return np.asarray(np.round(127.5 + 127.5 * _to_one(kernel)), np.uint8)
    weights = _to_one(kernel.mean(axis=2))[:, :, None]
    ends = np.where(weights > 0, POSITIVE, NEGATIVE)
    return np.asarray(np.round(NONE + abs(weights) * (ends - NONE)), np.uint8)


def _to_one(weights: np.ndarray) -> np.ndarray:
    """Return weights in [-1, 1]."""
    finite = np.nan_to_num(weights.astype(np.float64))
    return np.asarray(finite / max(float(abs(finite).max(initial=0)), 1e-12))


def _how_to_read(num_in: int) -> str:
    """Return what the colours mean."""
    each = "each filter is scaled by its own greatest weight."
    if num_in == 3:
        return f"Red, green and blue are the weights of these channels, mid grey is 0; {each}"
    of_mean = "" if num_in == 1 else f" (means over {num_in} input channels)"
    return f"Blue is positive, orange negative, white 0{of_mean}; {each}"
