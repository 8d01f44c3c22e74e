"""A drawing of any size made into an image like those of the data set: scaled, centred, averaged over its pixels."""

import math

import numpy as np

from ensemble.serve.framing import Framing, box_of, mass_centre

MOST_STRETCHED = 1.6
"""Between the scales of width and height, where the data set's widths hardly vary: a bar stays a bar."""


def place(
    ink: np.ndarray,  # (height, width) float in [0, 1], somewhere above FAINTEST
    framing: Framing,
    colours: np.ndarray | None = None,  # (height, width, channels) float, 0..255; None: those of the data set's strokes
) -> np.ndarray:
    """Return an image of the data set's shape, (height, width, channels) uint8.

    What is drawn gets the data set's size and place, whatever its own were; nothing of it is cut off. A pixel of the
    image is the mean over the part of the drawing that it covers, as the bits counted in a block.
    """
    top, bottom, left, right = box_of(ink)
    down, across = _scales(bottom - top, right - left, framing)
    mass, height, width = mass_centre(ink), framing.shape[0], framing.shape[1]
    middle = ((top + bottom) / 2, (left + right) / 2)
    y, x = (mass[axis] if framing.by_mass[axis] else middle[axis] for axis in (0, 1))
    from_top = _within(framing.centre[0] - y * down, top * down, bottom * down, height)
    from_left = _within(framing.centre[1] - x * across, left * across, right * across, width)

    def placed(values: np.ndarray) -> np.ndarray:
        return _blocks(_blocks(values, 0, height, down, from_top), 1, width, across, from_left)

    covered = placed(ink[..., np.newaxis])
    inked = covered * framing.stroke if colours is None else placed(ink[..., np.newaxis] * colours)
    image = framing.background * (1 - covered) + inked
    return np.asarray(np.clip(np.rint(image), 0, 255).astype(np.uint8))


def shrink(
    image: np.ndarray,  # (height, width, channels) float, 0..255
    height: int,
    width: int,
) -> np.ndarray:
    """Return the middle of an image in other proportions, resized to (height, width, channels) uint8."""
    scale = max(height / image.shape[0], width / image.shape[1])
    tall, wide = image.shape[0] * scale, image.shape[1] * scale
    small = _blocks(_blocks(image, 0, height, scale, (height - tall) / 2), 1, width, scale, (width - wide) / 2)
    return np.asarray(np.clip(np.rint(small), 0, 255).astype(np.uint8))


def _scales(height: int, width: int, framing: Framing) -> tuple[float, float]:
    """Return the factors for height and width of a box: alike, but for a data set whose widths are."""
    length = {"longer side": max(height, width), "height": height, "width": width}[framing.held]
    scale = min(framing.size / length, framing.shape[0] / height, framing.shape[1] / width)
    if framing.steady_width is None:
        return scale, scale
    # halfway, by factors, to the width that all have: of real digits that is classified best
    wanted = math.sqrt(scale * framing.steady_width / width)
    wanted = min(max(wanted, scale / MOST_STRETCHED), scale * MOST_STRETCHED)
    return scale, min(wanted, framing.shape[1] / width)


def _within(shift: float, start: float, end: float, length: int) -> float:
    """Return the shift nearest to `shift` that keeps start..end within 0..length."""
    return min(max(shift, -start), length - end)


def _blocks(image: np.ndarray, axis: int, length: int, scale: float, shift: float) -> np.ndarray:
    """Return an image scaled and shifted along one axis, of `length` there: each pixel the mean over what it covers.

    By running sums, so that no matrix product takes the cores that the models need.
    """
    moved = np.moveaxis(image, axis, 0)
    sums = np.concatenate([np.zeros_like(moved[:1], dtype=np.float64), np.cumsum(moved, axis=0, dtype=np.float64)])
    edges = np.clip((np.arange(length + 1) - shift) / scale, 0, len(moved))
    before = np.minimum(edges.astype(np.int64), len(moved) - 1)
    share = (edges - before).reshape(-1, *[1] * (moved.ndim - 1))
    at_edges = sums[before] + (sums[before + 1] - sums[before]) * share
    return np.moveaxis(np.diff(at_edges, axis=0) * scale, 0, axis)
