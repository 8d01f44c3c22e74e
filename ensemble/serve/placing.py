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
    rows = _shares(ink.shape[0], height, down, _within(framing.centre[0] - y * down, top * down, bottom * down, height))
    columns = _shares(
        ink.shape[1], width, across, _within(framing.centre[1] - x * across, left * across, right * across, width)
    )
    covered = (rows @ ink @ columns.T)[..., np.newaxis]
    inked = covered * framing.stroke if colours is None else _resample(ink[..., np.newaxis] * colours, rows, columns)
    image = framing.background * (1 - covered) + inked
    return np.asarray(np.clip(np.rint(image), 0, 255).astype(np.uint8))


def shrink(
    image: np.ndarray,  # (height, width, channels) float, 0..255
    height: int,
    width: int,
) -> np.ndarray:
    """Return the middle of an image in other proportions, resized to (height, width, channels) uint8."""
    scale = max(height / image.shape[0], width / image.shape[1])
    rows = _shares(image.shape[0], height, scale, (height - image.shape[0] * scale) / 2)
    columns = _shares(image.shape[1], width, scale, (width - image.shape[1] * scale) / 2)
    return np.asarray(np.clip(np.rint(_resample(image, rows, columns)), 0, 255).astype(np.uint8))


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


def _shares(num_from: int, num_to: int, scale: float, shift: float) -> np.ndarray:
    """Return (num_to, num_from) float32: the share of each pixel that each source pixel covers, scaled and shifted."""
    starts = np.arange(num_from) * scale + shift
    edges = np.arange(num_to)[:, np.newaxis]
    overlap = np.minimum(edges + 1, starts + scale) - np.maximum(edges, starts)
    return np.asarray(np.clip(overlap, 0, None), dtype=np.float32)


def _resample(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return (num_to, num_to, channels) float."""
    return np.asarray(np.einsum("ah,hwc,bw->abc", rows, image, columns, optimize=True))
