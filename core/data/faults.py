"""Where and what a CSV's fault is: the slow, exact way, taken only once a block of rows could not be read."""

import csv
import math

from core.data.header import Header
from core.errors import DataError

_LONGEST_SHOWN = 40


def find_fault(
    lines: list[str],
    header: Header,
    where: str,
    *,
    num_rows_before: int,
    num_lines_before: int,
) -> DataError:
    """Return the error that names the first fault among these lines.

    Args:
        lines: Lines of the file, blank ones included, of which at least one cannot be read.
        header: The file's columns.
        where: The file, for messages.
        num_rows_before: Rows of the file before these lines.
        num_lines_before: Lines of the file before these lines, header included.
    """
    reader = csv.reader(lines)
    row = num_rows_before
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells) and len(cells) <= 1:
                continue
            row += 1
            complaint = _complaint(cells, header, lines)
            if complaint is not None:
                return DataError(f"{where} row {row:,} (line {num_lines_before + reader.line_num:,}): {complaint}")
    except csv.Error as error:
        return DataError(f"{where} line {num_lines_before + reader.line_num:,} is no line of a CSV: {error}")
    first, last = num_rows_before + 1, max(row, num_rows_before + 1)
    return DataError(f"{where} rows {first:,} to {last:,} cannot be read. Quote no number, or write the file again")


def _complaint(cells: list[str], header: Header, lines: list[str]) -> str | None:
    """Return what is wrong with a row, or None."""
    if len(cells) != len(header.names):
        return (
            f"each row must have {len(header.names):,} values as the header has names, got {len(cells):,}. "
            "Is the file cut off or joined from others?"
        )
    for index, (cell, name) in enumerate(zip(cells, header.names, strict=True)):
        if index != header.label_index and not _is_pixel_text(cell):
            advice = _advice(cell, lines, header)
            return f"pixel values must be whole numbers 0..255, got {_show(cell)} in column {name}. {advice}"
    return None


def _number(cell: str) -> float | None:
    """Return the cell's number, or None for text; underscores, which only Python takes for digits, are text."""
    try:
        return float(cell) if "_" not in cell else None
    except ValueError:
        return None


def _is_pixel_text(cell: str) -> bool:
    """True for a whole number 0..255, also written 255.0."""
    value = _number(cell)
    return value is not None and 0 <= value <= 255 and value.is_integer()


def _show(cell: str) -> str:
    """Return the cell as a message shows it."""
    text = cell.strip()
    if not text:
        return "nothing (an empty cell)"
    if _number(text) is not None:
        return text[:_LONGEST_SHOWN]
    return f"the text {text[:_LONGEST_SHOWN]!r}"


def _advice(cell: str, lines: list[str], header: Header) -> str:
    """Return what to do about a cell that is no pixel."""
    value = _number(cell)
    if not cell.strip() or (value is not None and math.isnan(value)):
        return "Fill the gap or remove the row"
    if value is None:
        return "Write a number there, or remove the column"
    if _all_within_0_and_1(lines, header):
        return "Is the file normalised already? All its pixels lie within 0..1: multiply by 255 and round"
    return "Is the file normalised already, or of more than 8 bits a pixel? Give the raw pixels"


def _all_within_0_and_1(lines: list[str], header: Header) -> bool:
    """True where every pixel among the lines that is a number lies within 0..1."""
    for cells in csv.reader(lines):
        for index, cell in enumerate(cells):
            value = None if index == header.label_index else _number(cell)
            if value is not None and not 0 <= value <= 1:
                return False
    return True
