"""A data set's images within a page, as PNG data URIs."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from PIL import Image

LEAST_SIDE = 56
"""CSS pixels of a picture's longer side at least: whole multiples of its own, so that pixels stay square."""
MOST_SIDE = 40
"""Pixels of a longer side of a picture of which a page has hundreds: 28x28 and 32x32 as they are."""


def data_uri(image: np.ndarray) -> str:
    """Return an image as a PNG data URI.

    Args:
        image: (height, width) or (height, width, channels) uint8; 1, 3 or 4 channels, of others the first one is shown.
    """
    if image.ndim == 3 and image.shape[2] not in (3, 4):
        image = image[:, :, 0]
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image, dtype=np.uint8)).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def picture(image: np.ndarray, *, alt: str, least_side: int = LEAST_SIDE) -> Markup:
    """Return an image, enlarged by a whole number where it is small.

    Args:
        image: as `data_uri`.
        alt: what it is, such as "row 17, a 7".
        least_side: CSS pixels.
    """
    height, width = image.shape[:2]
    scale = max(1, -(-least_side // max(height, width)))
    return Markup('<img class="pixels" src="{}" width="{}" height="{}" alt="{}">').format(
        data_uri(image), width * scale, height * scale, alt
    )


def shrunk(
    image: np.ndarray,  # (height, width) or (height, width, channels), any numbers
    most_side: int = MOST_SIDE,
) -> np.ndarray:
    """Return an image of the same dtype, its pixels averaged in squares where a side is longer than `most_side` pixels.

    The last pixels of a side that the squares do not divide are left out.
    """
    height, width = image.shape[:2]
    step = max(1, -(-max(height, width) // most_side))
    rows, columns = height // step, width // step
    if step == 1 or min(rows, columns) == 0:
        return image[::step, ::step]
    squares = image[: rows * step, : columns * step].reshape(rows, step, columns, step, *image.shape[2:])
    means = squares.mean(axis=(1, 3))
    return np.asarray((means.round() if image.dtype.kind in "iu" else means).astype(image.dtype))


def sheet(
    images: np.ndarray,  # (num_images, height, width, channels) uint8
    *,
    columns: int,
    gap: int = 1,
) -> np.ndarray:
    """Return images side by side as one, in rows of `columns`, with gaps of mid grey."""
    num, height, width, channels = images.shape
    num_rows = -(-num // columns)
    whole = np.full((num_rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 128, dtype=np.uint8)
    for place in range(num):
        top, left = (place // columns) * (height + gap), (place % columns) * (width + gap)
        whole[top : top + height, left : left + width] = images[place]
    return whole


def tiles(images: Sequence[np.ndarray], *, alt: str, least_side: int = LEAST_SIDE) -> Markup:
    """Return many small pictures that wrap, as one picture to who cannot see them.

    Args:
        images: each as `data_uri`.
        alt: what they are together.
        least_side: CSS pixels of each.
    """
    pictures = Markup("").join(picture(image, alt="", least_side=least_side) for image in images)
    return Markup('<div class="tiles" role="img" aria-label="{}">{}</div>').format(alt, pictures)


def gallery(tiles: Sequence[Markup], *, label: str, least_width: int = 150) -> Markup:
    """Return tiles as a list that wraps; each is a picture with what stands below it.

    Args:
        tiles: at least one.
        label: what they are.
        least_width: of a tile, CSS pixels.
    """
    items = Markup("").join(Markup("<li>{}</li>").format(tile) for tile in tiles)
    return Markup('<ul class="gallery" aria-label="{}" style="--tile:{}px">{}</ul>').format(label, least_width, items)
