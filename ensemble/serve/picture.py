"""An image file that someone dropped, decoded within bounds and made into an image like those of the data set."""

import io
import warnings

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from ensemble.serve.framing import FAINTEST, NEAR_BACKGROUND, Framing
from ensemble.serve.placing import place, shrink
from ensemble.serve.refused import RefusedError

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
MOST_PIXELS = 16_000_000
"""64 MB once decoded; a phone's photograph has 12 million."""
LARGEST_SIDE = 800
"""Pixels to which larger pictures are reduced before anything is measured."""
LEAST_CONTRAST = 16.0
"""Of 255, between what is drawn and its background."""


def place_picture(data: bytes, framing: Framing) -> tuple[np.ndarray, str]:
    """Return a picture as an image of the data set's shape, (height, width, channels) uint8, and how it was made.

    Raises:
        RefusedError: it is no picture, one that is too large, or there is nothing on it.
    """
    pixels = read_picture(data)
    height, width, channels = framing.shape
    if not framing.is_plain:
        return shrink(_in_channels(pixels, channels), height, width), "its middle, resized"
    as_it_is = _in_channels(pixels, channels)
    if as_it_is.shape == framing.shape and _has_background(as_it_is, framing):
        return as_it_is.astype(np.uint8), f"taken as it is: it has {height} x {width} pixels and their background"
    colours = pixels if channels == 3 else None
    return place(ink_of_picture(pixels), framing, colours), "found on its background, scaled and centred"


def read_picture(data: bytes) -> np.ndarray:
    """Decode a picture, (height, width, 3) float32, 0..255; the first of several, upright, no side above LARGEST_SIDE.

    Raises:
        RefusedError: it is no picture of our formats, torn, or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes, which are checked below before anything is decoded
            opened = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except Exception as error:  # what Pillow's readers raise on junk is of many kinds
        raise RefusedError("That file is no picture that can be read: PNG, JPEG, GIF, BMP or WebP.", 415) from error
    if opened.width * opened.height > MOST_PIXELS:
        raise _too_large()
    try:
        opened.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
        picture = ImageOps.exif_transpose(_eight_bits(opened)).convert("RGBA")
        picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    except Exception as error:
        raise RefusedError(f"That {opened.format or 'picture'} is damaged: it cannot be decoded.", 415) from error
    return _on_a_ground(np.asarray(picture, dtype=np.float32))


def ink_of_picture(pixels: np.ndarray) -> np.ndarray:
    """Return how far pixels (height, width, 3) are from the background at the edge, (height, width) in [0, 1].

    What varies at the edge, of paper say, is no ink; light on dark and dark on light are the same.

    Raises:
        RefusedError: there is nothing but background.
    """
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    background = np.median(border, axis=0)
    distance = _without_specks(abs(pixels - background).max(axis=2))
    at_edge = float(np.median(abs(border - background).max(axis=1)))  # a stroke may touch the edge, grain is everywhere
    floor = max(3 * at_edge, LEAST_CONTRAST / 2)
    above = distance[distance > floor + LEAST_CONTRAST / 2]
    if above.size == 0:
        raise RefusedError("There is nothing on that picture but its background.", 422)
    peak = float(np.percentile(above, 75))
    ink = np.clip((distance - floor) / (peak - floor), 0, 1)
    return np.asarray(np.where(ink > FAINTEST, ink, 0), dtype=np.float32)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return pictures of 16 bits and more scaled to eight; others as they are."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    values = np.nan_to_num(np.asarray(picture, dtype=np.float64))
    return Image.fromarray((255 * values / max(values.max(), 1e-9)).clip(0, 255).astype(np.uint8))


def _on_a_ground(rgba: np.ndarray) -> np.ndarray:
    """Return (height, width, 3): what is transparent becomes white, behind bright strokes black."""
    alpha = rgba[..., 3:] / 255
    opaque = rgba[..., :3][alpha[..., 0] > 0.5]
    ground = 0.0 if opaque.size and opaque.mean() > 170 else 255.0
    return np.asarray(rgba[..., :3] * alpha + ground * (1 - alpha))


def _without_specks(distance: np.ndarray) -> np.ndarray:
    """Return (height, width) without single pixels that differ from all around them, where there are many pixels."""
    if min(distance.shape) < 100:
        return distance
    grey = Image.fromarray(distance.clip(0, 255).astype(np.uint8))
    return np.asarray(grey.filter(ImageFilter.MedianFilter(3)), dtype=np.float32)


def _in_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """Return pixels (height, width, 3) in as many channels as the data set has."""
    if channels == 3:
        return pixels
    grey = np.rint(pixels @ np.array([0.299, 0.587, 0.114], dtype=np.float32))[..., np.newaxis]
    if channels == 4:
        return np.concatenate([pixels, np.full_like(grey, 255)], axis=2)
    return np.repeat(grey, channels, axis=2)


def _has_background(image: np.ndarray, framing: Framing) -> bool:
    """True where most of an image's edge is of the data set's background."""
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    return bool((abs(border - framing.background).max(axis=1) <= NEAR_BACKGROUND).mean() >= 0.5)


def _too_large() -> RefusedError:
    """Return what is said of a picture whose pixels are too many."""
    return RefusedError(f"A picture may have {MOST_PIXELS / 1e6:g} million pixels at most.", 413)
