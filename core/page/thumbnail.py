"""Images of any size as small ones: a page holds hundreds."""

import numpy as np

MOST_SIDE = 40
"""Pixels of a longer side that is shown."""


def thumbnail(
    image: np.ndarray,  # (height, width) or (height, width, channels), any numbers
    most_side: int = MOST_SIDE,
) -> np.ndarray:
    """Return an image, its pixels averaged in squares where a side is too long; of the same dtype.

    The last pixels of a side that the squares do not divide are left out.
    """
    height, width = image.shape[:2]
    step = -(-max(height, width) // most_side)
    rows, columns = height // step, width // step
    if step == 1 or min(rows, columns) == 0:
        return image[:: max(1, step), :: max(1, step)]
    squares = image[: rows * step, : columns * step].reshape(rows, step, columns, step, *image.shape[2:])
    return np.asarray(squares.mean(axis=(1, 3)).astype(image.dtype))
