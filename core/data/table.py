"""A CSV of pixels, read as a stream in blocks of rows, so that memory stays near the size of the result.

numpy.loadtxt is the fast way for whole numbers 0..255 (0.65 s for 42,000 x 785 from the zip; pandas takes 0.85 s
and ten times the memory). A block that it refuses is read again as floats, which takes 255.0; one that is refused
again is gone through cell by cell to say where the fault is (`faults`).
"""

import itertools
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np

from core.data.faults import find_fault
from core.data.header import Header, read_header
from core.errors import DataError

CELLS_A_BLOCK = 1_000_000
"""Cells parsed at once, 2 to 4 MB of text: a quarter or four times as many take the same time."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A parsed CSV."""

    pixel_names: tuple[str, ...]
    pixels: np.ndarray  # (num_rows, num_pixels) uint8, columns in the file's order
    labels: list[str]
    """One text a row; empty for a file without labels."""


def read_table(stream: TextIO, where: str, *, pixels_like: tuple[str, ...] | None = None) -> Table:
    """Read a CSV with a header: a pixel a column, and anywhere among them the column `label`.

    Read without complaint: quotes, white space around numbers, whole floats (255.0), blank lines, CRLF, no newline
    at the end.

    Args:
        stream: The file's text from its beginning.
        where: The file, for messages.
        pixels_like: None for the train file; its pixel columns for the test file, which has no labels.

    Raises:
        DataError: anything that is no such table, naming row, line and column.
    """
    header = read_header(stream, where, pixels_like=pixels_like)
    rows_a_block = max(1, CELLS_A_BLOCK // len(header.names))
    pixels = bytearray()  # grows in place by eighths, where a list of blocks would need the double at the end
    labels: list[str] = []
    num_rows, num_lines = 0, 1
    while lines := list(itertools.islice(stream, rows_a_block)):
        filled = [line for line in lines if not line.isspace()]
        block = _parse(filled, header)
        if block is None:
            raise find_fault(lines, header, where, num_rows_before=num_rows, num_lines_before=num_lines)
        pixels += _pixels(block).tobytes()
        if header.label_index is not None:
            labels += block["label"].tolist()
        num_rows += len(block)
        num_lines += len(lines)
    if num_rows == 0:
        raise DataError(f"{where} must have rows below its header, and has only a header")
    names = header.pixel_names
    return Table(pixel_names=names, pixels=np.frombuffer(pixels, np.uint8).reshape(num_rows, len(names)), labels=labels)


def is_pixel(values: np.ndarray) -> np.ndarray:
    """Return True for each value that is a whole number 0..255 (False for NaN)."""
    return (values >= 0) & (values <= 255) & (values == np.floor(values))


def _parse(lines: list[str], header: Header) -> np.ndarray | None:
    """Return the rows as records of before, label and after (see `_record`), or None where some cell is no pixel."""
    if not lines:
        return np.empty(0, _record(header, np.uint8))
    # older numpy reads 12.5 as 12 into an integer column; a scan for the dot costs 5 ms
    if not any("." in line for line in lines):
        try:
            return _loadtxt(lines, _record(header, np.uint8))
        except ValueError:
            pass
    try:
        block = _loadtxt(lines, _record(header, np.float64))
    except ValueError:
        return None
    if not is_pixel(_pixels(block)).all():
        return None
    return block.astype(_record(header, np.uint8))


def _record(header: Header, pixel_type: type[np.generic]) -> np.dtype[Any]:
    """Return the dtype of one row: pixels before the label, the label as text, pixels after it.

    A record, unlike a plain table, makes loadtxt check the number of columns and keep any label.
    """
    num_columns = len(header.names)
    label = header.label_index
    if label is None:
        return np.dtype([("before", pixel_type, (num_columns,))])
    fields: list[Any] = [("label", object)]
    if label > 0:
        fields.insert(0, ("before", pixel_type, (label,)))
    if label < num_columns - 1:
        fields.append(("after", pixel_type, (num_columns - 1 - label,)))
    return np.dtype(fields)


def _loadtxt(lines: list[str], record: np.dtype[Any]) -> np.ndarray:
    """Parse comma-separated lines into records; ValueError where a line does not fit."""
    return np.loadtxt(lines, dtype=record, delimiter=",", quotechar='"', comments=None, ndmin=1)


def _pixels(block: np.ndarray) -> np.ndarray:
    """Return the pixels of records, (num_rows, num_pixels)."""
    names = block.dtype.names or ()
    parts = [block[name] for name in ("before", "after") if name in names]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
