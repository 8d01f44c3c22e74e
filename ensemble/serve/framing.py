"""How a data set's images were made, measured from them: background, strokes, size and place of what they show.

Of MNIST it finds the rule by which it was made (LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to
document recognition, 1998; http://yann.lecun.com/exdb/mnist/): the longer side 20 of 28 pixels, the centre of mass in
the middle. Of scikit-learn's digits (UCI: Optical recognition of handwritten digits, 1998; NIST's bitmaps of 32x32,
ink counted in blocks of 4x4) it finds the height of all 8 pixels, and widths that hardly vary.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

MOST_MEASURED = 5_000
"""Images, evenly spaced: their medians are those of all within a tenth of a pixel."""
NEAR_BACKGROUND = 0.08 * 255
PLAIN_SHARE, PLAIN_BORDER = 0.3, 0.5
"""Of all pixels and of those at the edge, that a plain background has at least; photographs have far less."""
FAINTEST = 0.1
"""Share of a stroke's full ink from which a pixel belongs to what is drawn."""
STEADY = 0.15
"""Spread over mean below which all widths count as one: MNIST's is 0.25, that of the stretched UCI digits 0.10."""

Side = Literal["longer side", "height", "width"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Framing:
    """What a drawing has to become, in pixels of the data set's images."""

    shape: tuple[int, int, int]
    """Height, width, channels."""
    is_plain: bool
    """Whether images are strokes on a plain background; else they fill their frame, and nothing is centred."""
    background: np.ndarray  # (channels,) float, 0..255
    stroke: np.ndarray  # (channels,) float, 0..255, of full ink
    held: Side
    """Which size varies least."""
    size: float
    """Its median."""
    steady_width: float | None
    """The median width where widths hardly vary; None where the proportions were kept."""
    centre: tuple[float, float]
    """Median from the top and from the left of what is centred."""
    by_mass: tuple[bool, bool]
    """Vertically and horizontally: whether the centre of mass is centred, else the middle of the box."""
    boldness: float
    """Median of `boldness_of`."""
    num_measured: int


def measure_framing(images: np.ndarray) -> Framing:
    """Measure how the images were made.

    Args:
        images: (num_images, height, width, channels) uint8, one or more.
    """
    some = images[:: -(-len(images) // MOST_MEASURED)].astype(np.float32)
    _, height, width, channels = some.shape
    border = np.concatenate([some[:, 0], some[:, -1], some[:, :, 0], some[:, :, -1]], axis=1)
    background = np.median(border, axis=(0, 1))
    distance = abs(some - background).max(axis=3)
    strongest = distance.reshape(len(some), -1).argmax(axis=1)
    stroke = np.median(some.reshape(len(some), -1, channels)[np.arange(len(some)), strongest], axis=0)
    ink = np.clip(distance / max(float(abs(stroke - background).max()), 1.0), 0, 1)
    ink = ink[ink.max(axis=(1, 2)) > FAINTEST]
    at_edge = abs(border - background).max(axis=2) <= NEAR_BACKGROUND
    is_plain = (distance <= NEAR_BACKGROUND).mean() >= PLAIN_SHARE and at_edge.mean() >= PLAIN_BORDER and len(ink) > 0
    if not is_plain:
        ink = np.ones((1, height, width), np.float32)
    boxes = np.array([box_of(one) for one in ink], dtype=float)
    heights, widths = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]
    sides: dict[Side, np.ndarray] = {"longer side": np.maximum(heights, widths), "height": heights, "width": widths}
    held = min(sides, key=lambda name: _spread(sides[name]))
    masses = np.array([mass_centre(one) for one in ink])
    middles = np.stack([boxes[:, :2].mean(axis=1), boxes[:, 2:].mean(axis=1)], axis=1)
    by_mass = tuple(bool(masses[:, axis].std() <= middles[:, axis].std()) for axis in (0, 1))
    centres = np.where(by_mass, masses, middles)
    return Framing(
        shape=(height, width, channels),
        is_plain=bool(is_plain),
        background=background,
        stroke=stroke,
        held=held,
        size=float(np.median(sides[held])),
        steady_width=float(np.median(widths)) if max(_spread(heights), _spread(widths)) < STEADY else None,
        centre=(float(np.median(centres[:, 0])), float(np.median(centres[:, 1]))),
        by_mass=(by_mass[0], by_mass[1]),
        boldness=float(np.median([boldness_of(one) for one in ink])),
        num_measured=len(some),
    )


def box_of(ink: np.ndarray) -> tuple[int, int, int, int]:
    """Return top, bottom, left, right of what is drawn, bottom and right outside.

    Args:
        ink: (height, width) float in [0, 1], somewhere above FAINTEST.
    """
    rows, columns = np.flatnonzero(ink.max(axis=1) > FAINTEST), np.flatnonzero(ink.max(axis=0) > FAINTEST)
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def mass_centre(ink: np.ndarray) -> tuple[float, float]:
    """Return how far from the top and from the left the ink (height, width) has its centre of mass, in pixels."""
    of_rows, of_columns = ink.sum(axis=1, dtype=float), ink.sum(axis=0, dtype=float)
    middle = np.arange(max(ink.shape)) + 0.5
    total = of_rows.sum()
    return float(of_rows @ middle[: len(of_rows)] / total), float(of_columns @ middle[: len(of_columns)] / total)


def boldness_of(ink: np.ndarray) -> float:
    """Return twice the ink over the length of its outline: about the strokes' thickness in pixels.

    Args:
        ink: (height, width) float in [0, 1].
    """
    padded = np.pad(ink, 1)
    across, down = np.diff(padded, axis=1)[1:], np.diff(padded, axis=0)[:, 1:]
    return float(2 * ink.sum() / max(np.hypot(across, down).sum(), 1e-9))


def _spread(lengths: np.ndarray) -> float:
    """Return standard deviation over mean."""
    return float(lengths.std() / lengths.mean())
