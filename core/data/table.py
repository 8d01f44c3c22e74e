"""A CSV of pixels, read as a stream in blocks of lines, so that memory stays near the size of the result.

A block of plain numbers is read by `plain` (42,000 x 785 in 0.19 s, where numpy.loadtxt takes 0.5 s and pandas
0.7 s with ten times the memory). One that it leaves goes through numpy.loadtxt, first as whole numbers, then as
floats, which takes 255.0; one that is refused again is gone through cell by cell to say where the fault is (`faults`).
"""

import io
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np

from core.data.faults import find_fault
from core.data.header import Header, read_header
from core.data.plain import PlainRows
from core.errors import DataError

CHARACTERS_A_BLOCK = 2**18
"""Read at once, and on to the end of the line: a quarter of it and four times as many take a tenth longer."""


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
    plain = PlainRows(header)
    pixels = bytearray()  # grows in place by eighths, where a list of blocks would need the double at the end
    labels: list[str] = []
    num_rows, num_lines = 0, 1
    while text := stream.read(CHARACTERS_A_BLOCK) + stream.readline():
        block = plain.parse(text) or _parse_any(text, header)
        if block is None:
            lines = _lines(text)
            raise find_fault(lines, header, where, num_rows_before=num_rows, num_lines_before=num_lines)
        pixels += block[0].data
        labels += block[1]
        num_rows += len(block[0])
        num_lines += text.count("\n")
    if num_rows == 0:
        raise DataError(f"{where} must have rows below its header, and has only a header")
    names = header.pixel_names
    return Table(pixel_names=names, pixels=np.frombuffer(pixels, np.uint8).reshape(num_rows, len(names)), labels=labels)


def is_pixel(values: np.ndarray) -> np.ndarray:
    """Return True for each value that is a whole number 0..255 (False for NaN)."""
    return (values >= 0) & (values <= 255) & (values == np.floor(values))


def _parse_any(text: str, header: Header) -> tuple[np.ndarray, list[str]] | None:
    """Return pixels, (num_rows, num_pixels) uint8, and labels of lines; None where some cell is no pixel."""
    lines = [line for line in _lines(text) if not line.isspace()]
    if not lines:
        return np.empty((0, len(header.pixel_names)), np.uint8), []
    block = _parse(lines, header)
    if block is None:
        return None
    labels = block["label"].tolist() if header.label_index is not None else []
    return np.ascontiguousarray(_pixels(block)), labels


def _lines(text: str) -> list[str]:
    """Return lines as a file gives them: str.splitlines would also split at characters that a label may hold."""
    return list(io.StringIO(text))


def _parse(lines: list[str], header: Header) -> np.ndarray | None:
    """Return the rows as records of before, label and after (see `_record`), or None where some cell is no pixel."""
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
