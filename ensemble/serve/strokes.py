"""Strokes of a pen as the page sends them, and as ink of the data set's own thickness."""

import json
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from ensemble.serve.framing import Framing, boldness_of
from ensemble.serve.placing import place, shrink
from ensemble.serve.refused import RefusedError

MOST_STROKES, MOST_POINTS = 300, 5_000
LEAST_EXTENT = 0.03
"""Of the sheet; what is smaller is a dot, and is not enlarged to a digit."""
MOST_RASTER, RASTER_PER_PIXEL = 400, 16
"""Pixels of the inked raster's longer side, and of each pixel of the image where that is less."""
WHOLE_PEN = 1 / 16
"""Thickness of a stroke on the whole sheet, for data sets whose images fill their frame."""
PATTERN = ([[0.2, 0.1], [0.8, 0.1], [0.3, 0.9]], [[0.3, 0.5], [0.7, 0.5]])
"""Strokes, a 7, whose boldness tells which pen is as bold as the data set's."""

Strokes = Sequence[np.ndarray]
"""Each (num_points, 2) float: x and y on the sheet, 0..1."""


def read_strokes(body: bytes) -> Strokes:
    """Return the strokes of {"strokes": [[[x, y], ...], ...]}.

    Raises:
        RefusedError: it is not of that form, or too much.
    """
    form = '{"strokes": [[[x, y], ...], ...]}, x and y from 0 to 1'
    try:
        raw = json.loads(body)["strokes"]
        if sum(len(one) for one in raw) > MOST_POINTS or len(raw) > MOST_STROKES:
            raise RefusedError(f"a drawing must have at most {MOST_STROKES} strokes of {MOST_POINTS:,} points in all")
        strokes = [np.array(one, dtype=float) for one in raw if len(one)]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        if isinstance(error, RefusedError):
            raise
        raise RefusedError(f"a drawing must be sent as {form}") from error
    if not all(one.ndim == 2 and one.shape[1] == 2 and np.isfinite(one).all() for one in strokes):
        raise RefusedError(f"a drawing must be sent as {form}")
    if not strokes:
        raise RefusedError("Nothing is drawn yet.")
    return [np.clip(one, 0, 1) for one in strokes]


def place_strokes(strokes: Strokes, framing: Framing, pen: float) -> np.ndarray:
    """Return the drawing as an image of the data set's shape, (height, width, channels) uint8.

    Args:
        strokes: one or more.
        framing: the data set's.
        pen: thickness in pixels of the image, of `fitting_pen`.
    """
    if framing.is_plain:
        return place(ink_of(strokes, framing, pen), framing)
    whole = 255 * (1 - _draw(strokes, (MOST_RASTER, MOST_RASTER), MOST_RASTER, WHOLE_PEN * MOST_RASTER))
    grey = np.repeat(whole[..., np.newaxis], framing.shape[2], axis=2)
    return shrink(grey, framing.shape[0], framing.shape[1])


def ink_of(strokes: Strokes, framing: Framing, pen: float) -> np.ndarray:
    """Return the strokes inked at `pen` pixels of the image once they are placed, (height, width) float32 0 or 1."""
    points = np.concatenate(list(strokes))
    start, extent = points.min(axis=0), np.ptp(points, axis=0)
    longest = min(MOST_RASTER, RASTER_PER_PIXEL * framing.size)
    thickness = pen * longest / framing.size
    scale = max(longest - thickness, 1.0) / max(float(extent.max()), LEAST_EXTENT)
    margin = thickness / 2 + 1
    size = (math.ceil(extent[0] * scale + 2 * margin), math.ceil(extent[1] * scale + 2 * margin))
    return _draw([(one - start) + margin / scale for one in strokes], size, scale, thickness)


def fitting_pen(framing: Framing) -> float:
    """Return the pen, in pixels of the image, whose strokes are as bold as the data set's."""
    if not framing.is_plain:
        return WHOLE_PEN * framing.shape[0]
    pattern = [np.array(one) for one in PATTERN]
    thin, bold = 0.3, framing.size / 3
    for _ in range(12):
        pen = (thin + bold) / 2
        image = place(ink_of(pattern, framing, pen), framing).astype(float)
        ink = abs(image - framing.background).max(axis=2) / max(abs(framing.stroke - framing.background).max(), 1.0)
        thin, bold = (pen, bold) if boldness_of(ink) < framing.boldness else (thin, pen)
    return (thin + bold) / 2


def _draw(strokes: Strokes, size: tuple[int, int], scale: float, thickness: float) -> np.ndarray:
    """Return strokes with round ends and corners, (height, width) float32 0 or 1."""
    sheet = Image.new("L", size)
    pen = ImageDraw.Draw(sheet)
    radius = thickness / 2
    for stroke in strokes:
        points = [(float(x), float(y)) for x, y in stroke * scale]
        pen.line(points, fill=255, width=max(1, round(thickness)))
        for x, y in points:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(sheet, dtype=np.float32) / 255
