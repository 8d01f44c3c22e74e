"""An .npz of arrays: x_train, y_train and optionally x_test. Pickled objects are refused."""

import math
import struct
import tokenize

import numpy as np

from core.data.archive import Archive, require_file
from core.data.dataset import Dataset, assemble_dataset
from core.data.shape import ImageShape, image_shape_of_row, require_shape
from core.data.table import is_pixel
from core.errors import DataError

_ROWS_A_BLOCK = 4096
_KINDS_OF_NUMBERS = "biuf"
_NO_ARRAY = (ValueError, TypeError, SyntaxError, tokenize.TokenError, struct.error, MemoryError)
"""What numpy raises for a header that is none, for pickled objects, and for a shape beyond the memory."""


def read_arrays(archive: Archive, image_shape: ImageShape | None) -> Dataset:
    """Read an .npz.

    Args:
        archive: The .npz, which is a zip. x_train is (n, height, width), (n, height, width, channels) or
            (n, pixels), whole numbers 0..255 of any type; x_test, if there, is of the same form; y_train is (n,)
            whole numbers or text.
        image_shape: What --image-shape says, if anything.

    Raises:
        ConfigError: `image_shape` contradicts the arrays.
        DataError: an array is missing, damaged, pickled, of another shape, or holds what is no pixel.
    """
    x_train = _as_pixels(_read_array(archive, "x_train"), archive, "x_train")
    labels = _as_text(_read_array(archive, "y_train"), archive, len(x_train))
    shape = _image_shape(x_train, image_shape, f"{archive.name}/x_train")
    x_test = np.empty((0, *x_train.shape[1:]), np.uint8)
    if archive.has("x_test.npy"):
        x_test = _as_pixels(_read_array(archive, "x_test"), archive, "x_test")
    if x_test.shape[1:] != x_train.shape[1:]:
        raise DataError(
            f"{archive.name}: x_test must have images as x_train has, {x_train.shape[1:]}, got {x_test.shape[1:]}"
        )
    return assemble_dataset(
        name=archive.name,
        x_train=x_train.reshape(-1, *shape),
        raw_labels=labels,
        labels_where=f"{archive.name}/y_train",
        x_test=x_test.reshape(-1, *shape),
    )


def _read_array(archive: Archive, array_name: str) -> np.ndarray:
    """Return one array of the .npz."""
    file_name = f"{array_name}.npy"
    require_file(archive, file_name)
    with archive.open(file_name) as stream:
        try:
            return np.lib.format.read_array(stream, allow_pickle=False)
        except _NO_ARRAY as error:
            raise DataError(
                f"{archive.name}/{array_name} must be a plain array of numbers or text: {error}. "
                "Save it with np.savez(..., allow_pickle=False)"
            ) from error


def _as_pixels(values: np.ndarray, archive: Archive, array_name: str) -> np.ndarray:
    """Return images as uint8, checked block by block so that no float copy of all is made."""
    where = f"{archive.name}/{array_name}"
    if values.ndim not in (2, 3, 4) or 0 in values.shape[1:]:
        raise DataError(
            f"{where} must be (images, height, width), (images, height, width, channels) or (images, pixels), "
            f"got shape {values.shape}"
        )
    if array_name == "x_train" and len(values) == 0:
        raise DataError(f"{where} must have images, got shape {values.shape}")
    if values.dtype.kind not in _KINDS_OF_NUMBERS:
        raise DataError(f"{where} must be numbers, got {values.dtype}")
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    pixels = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), _ROWS_A_BLOCK):
        block = values[start : start + _ROWS_A_BLOCK]
        if not is_pixel(block).all():
            raise _pixel_error(values, start, where)
        pixels[start : start + _ROWS_A_BLOCK] = block
    return pixels


def _pixel_error(values: np.ndarray, start: int, where: str) -> DataError:
    """Return the error that names the first image, from `start` on, with a value that is no pixel."""
    block = values[start : start + _ROWS_A_BLOCK]
    first = np.argwhere(~is_pixel(block))[0]
    advice = "or of more than 8 bits a pixel? Give the raw pixels"
    if block.min() >= 0 and block.max() <= 1:
        advice = "All pixels lie within 0..1: multiply by 255 and round"
    return DataError(
        f"{where} image {start + first[0] + 1:,}: pixel values must be whole numbers 0..255, got "
        f"{block[tuple(first)]}. Is it normalised already? {advice}"
    )


def _as_text(labels: np.ndarray, archive: Archive, num_train: int) -> list[str]:
    """Return y_train as one text a row."""
    where = f"{archive.name}/y_train"
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DataError(
            f"{where} must be one label an image, got shape {labels.shape}. One-hot? Take its argmax(axis=1)"
        )
    if len(labels) != num_train:
        raise DataError(
            f"{where} must have a label for each of the {num_train:,} images of x_train, got {len(labels):,}"
        )
    if labels.dtype.kind == "U":
        return _decoded(labels, where)
    if labels.dtype.kind == "S":
        return [label.decode(errors="replace") for label in labels.tolist()]
    if labels.dtype.kind not in _KINDS_OF_NUMBERS:
        raise DataError(f"{where} must be whole numbers or text, got {labels.dtype}")
    is_whole = np.isfinite(labels) & (labels == np.floor(labels))
    if not is_whole.all():
        row = int(is_whole.argmin())
        raise DataError(f"{where} image {row + 1:,}: labels must be whole numbers or text, got {labels[row]}")
    return [str(int(label)) for label in labels.tolist()]


def _decoded(labels: np.ndarray, where: str) -> list[str]:
    """Return an array of text as a list; DataError where it holds numbers that are no characters."""
    try:
        texts = [str(label) for label in labels.tolist()]
        "".join(texts).encode()
    except (SystemError, UnicodeEncodeError) as error:
        raise DataError(f"{where}: labels must be text that can be written as UTF-8: {error}") from error
    return texts


def _image_shape(x_train: np.ndarray, asked: ImageShape | None, where: str) -> ImageShape:
    """Return height, width, channels, by the array's own shape where it has one."""
    if x_train.ndim == 2:
        return image_shape_of_row(math.prod(x_train.shape[1:]), asked, where)
    height, width, *channels = x_train.shape[1:]
    found = (height, width, channels[0] if channels else 1)
    require_shape(found, asked, where)
    return found
