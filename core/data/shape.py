"""Which image a row of pixels is: square unless the user says otherwise."""

import math

from core.errors import ConfigError, DataError

ImageShape = tuple[int, int, int]
"""Height, width, channels in pixels."""


def image_shape_of_row(num_pixels: int, asked: ImageShape | None, where: str) -> ImageShape:
    """Return the shape of an image stored as `num_pixels` numbers in a row (channels vary fastest).

    Args:
        num_pixels: Numbers in a row, 1 or more.
        asked: What --image-shape says, if anything.
        where: The file, for messages.

    Raises:
        ConfigError: --image-shape has another number of pixels.
        DataError: no --image-shape, and `num_pixels` is no square.
    """
    if asked is not None:
        if math.prod(asked) != num_pixels:
            raise ConfigError(
                f"--image-shape {show_shape(asked)} is {math.prod(asked):,} pixels, and {where} has {num_pixels:,} "
                f"a row. Try {_suggestion(num_pixels)}"
            )
        return asked
    side = math.isqrt(num_pixels)
    if side * side != num_pixels:
        raise DataError(
            f"{where}: an image must be square unless --image-shape says otherwise, got {num_pixels:,} pixels a row, "
            f"which is no square. If no column is missing or too many, name the shape, such as "
            f"{_suggestion(num_pixels)}"
        )
    return side, side, 1


def require_shape(found: ImageShape, asked: ImageShape | None, where: str) -> None:
    """Raise ConfigError where --image-shape contradicts images that have their own shape."""
    if asked is not None and asked != found:
        raise ConfigError(
            f"--image-shape {show_shape(asked)} contradicts {where}, whose images are {show_shape(found)}. "
            "Leave --image-shape out"
        )


def show_shape(shape: ImageShape) -> str:
    """Return the shape as --image-shape takes it: 28x28x1."""
    return "x".join(str(side) for side in shape)


def _suggestion(num_pixels: int) -> str:
    """Return the --image-shape that fits best: square, square in colour, else the squarest rectangle."""
    for channels in (1, 3):
        side = math.isqrt(num_pixels // channels)
        if side > 1 and side * side * channels == num_pixels:
            return f"--image-shape {show_shape((side, side, channels))}"
    height = next(side for side in range(math.isqrt(num_pixels), 0, -1) if num_pixels % side == 0)
    return f"--image-shape {show_shape((height, num_pixels // height, 1))}"
