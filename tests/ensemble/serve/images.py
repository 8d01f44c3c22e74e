"""Images of made-up data sets: bars and rings on a plain background, and photographs of nothing."""

import io

import numpy as np
from PIL import Image, ImageDraw


def framed_by_mass(num: int = 40) -> np.ndarray:
    """Return images (num, 28, 28, 1) as MNIST was made: the longer side 20 pixels, the centre of mass in the middle."""
    rng = np.random.default_rng(0)
    images = np.zeros((num, 28, 28, 1), np.uint8)
    for image in images:
        shape = np.zeros((20, int(rng.integers(6, 20))), np.uint8)
        shape[:, :3] = shape[:3] = 255
        shape[rng.integers(8, 17) :, -2:] = 255
        y, x = (round(13.5 - _mass(shape, axis)) for axis in (0, 1))
        y, x = min(max(y, 0), 8), min(max(x, 0), 28 - shape.shape[1])
        image[y : y + 20, x : x + shape.shape[1], 0] = shape
    return images


def photographs(num: int = 20, channels: int = 3) -> np.ndarray:
    """Return images (num, 16, 16, channels) without a background."""
    return np.random.default_rng(1).integers(0, 256, (num, 16, 16, channels), dtype=np.uint8)


def png(image: np.ndarray, kind: str = "PNG") -> bytes:
    """Return a picture file of (height, width) or (height, width, 3 or 4) uint8."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind)
    return file.getvalue()


def seven(
    width: int = 200, height: int = 300, *, at: tuple[int, int] = (0, 0), ink: int = 0, paper: int = 255
) -> np.ndarray:
    """Return a 7 somewhere on a sheet of 600 x 500 pixels, (600, 500) uint8."""
    sheet = Image.new("L", (500, 600), paper)
    y, x = at
    line = [(x + 20, y + 20), (x + width, y + 20), (x + width // 3, y + height)]
    ImageDraw.Draw(sheet).line(line, fill=ink, width=max(2, width // 8), joint="curve")
    return np.asarray(sheet)


def _mass(shape: np.ndarray, axis: int) -> float:
    along = shape.sum(axis=1 - axis, dtype=float)
    return float(along @ np.arange(len(along)) / along.sum())
