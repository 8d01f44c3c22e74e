"""The first line of a CSV: which column is the label, which are pixels, and in which order."""

import csv
from dataclasses import dataclass
from typing import TextIO

from core.errors import DataError

LABEL = "label"
MAX_HEADER_CHARACTERS = 2**24
"""A first line longer than this is no header (a million pixels have 12 MB of names): it is not read further."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """The columns of one CSV."""

    names: tuple[str, ...]
    """All columns in the file's order, white space around them removed."""
    label_index: int | None
    """Position of the label column; None in a file without labels."""

    @property
    def pixel_names(self) -> tuple[str, ...]:
        """The pixel columns in the file's order."""
        return tuple(name for index, name in enumerate(self.names) if index != self.label_index)


def read_header(stream: TextIO, where: str, *, pixels_like: tuple[str, ...] | None) -> Header:
    """Read the first line of a CSV and check it.

    Args:
        stream: The file from its beginning; moved on to the first row.
        where: The file, for messages.
        pixels_like: None for a file with labels; the train file's pixel columns for one without.

    Raises:
        DataError: an empty file, no comma-separated header, doubled names, a missing or unwanted label column, or
            columns other than the train file's.
    """
    names = _split_first_line(stream, where)
    _require_distinct(names, where)
    found = [index for index, name in enumerate(names) if name.lower() == LABEL]
    if pixels_like is None:
        _require_label(names, found, where)
        return Header(names=names, label_index=found[0])
    if found:
        raise DataError(
            f"{where} must hold pixels only, and has a column {names[found[0]]!r}. Remove that column: "
            "the test rows are predicted, not scored"
        )
    _require_same_columns(names, pixels_like, where)
    return Header(names=names, label_index=None)


def _split_first_line(stream: TextIO, where: str) -> tuple[str, ...]:
    """Return the names in the first line, without white space around them and characters that show nothing."""
    line = stream.readline(MAX_HEADER_CHARACTERS)
    if not line.strip():
        what = "is empty" if not line and not stream.read(1) else "starts with a blank line"
        raise DataError(f"{where} {what}: its first line must name the columns, label and one a pixel, and rows follow")
    if len(line) == MAX_HEADER_CHARACTERS:
        raise DataError(f"{where} must be a CSV, and its first line has no end within {len(line):,} characters")
    try:
        names = next(csv.reader([line]))
    except csv.Error as error:
        raise DataError(f"{where} line 1 must name the columns, separated by commas: {error}") from error
    return tuple("".join(char for char in name if char.isprintable()).strip() for name in names)


def _require_distinct(names: tuple[str, ...], where: str) -> None:
    """Raise DataError where two columns have one name, or where one has none."""
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        key = name.lower() if name.lower() == LABEL else name
        if key in seen:
            raise DataError(
                f"{where}: column names must differ, got {name!r} twice (columns {seen[key] + 1} and {index + 1})."
                f"{_hint(names)}"
            )
        seen[key] = index
    if "" in seen and len(names) > 1:
        raise DataError(f"{where}: each column must have a name, and column {seen[''] + 1} has none.{_hint(names)}")


def _require_label(names: tuple[str, ...], found: list[int], where: str) -> None:
    """Raise DataError where no column is called label, or no other column is there."""
    if not found:
        shown = _first(list(names))
        raise DataError(f"{where} must have a column {LABEL!r}, and has {shown}.{_hint(names)}")
    if len(names) == 1:
        raise DataError(f"{where} must have a column for each pixel beside {LABEL!r}, and has none")


def _require_same_columns(names: tuple[str, ...], train: tuple[str, ...], where: str) -> None:
    """Raise DataError where the test file's pixels cannot be the train file's, or stand in another order."""
    if len(names) != len(train):
        only_here = [name for name in names if name not in set(train)]
        only_train = [name for name in train if name not in set(names)]
        raise DataError(
            f"{where} must have the {len(train):,} pixel columns of the train file, got {len(names):,} columns "
            f"(only here: {_first(only_here) or 'none'}; only there: {_first(only_train) or 'none'}).{_hint(names)}"
        )
    if names != train and set(names) == set(train):
        index = next(i for i, (name, other) in enumerate(zip(names, train, strict=True)) if name != other)
        raise DataError(
            f"{where}: pixel columns must stand in the train file's order, and column {index + 1} is {names[index]!r} "
            f"here and {train[index]!r} there. Put them in the same order"
        )
    if _all_numbers(names) and not _all_numbers(train):
        raise DataError(f"{where}: the first line must name the columns as the train file does.{_hint(names)}")


def _first(names: list[str]) -> str:
    """Return up to three of the names, and whether there are more."""
    return ", ".join(names[:3])[:120] + (" and more" if len(names) > 3 else "")


def _hint(names: tuple[str, ...]) -> str:
    """Return what most likely happened to a header that is not as it must be."""
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        return " Columns must be separated by commas"
    if _all_numbers(names):
        return " It looks as if the header line is missing: add one that names the columns"
    return ""


def _all_numbers(names: tuple[str, ...]) -> bool:
    """True where each name reads as a number, as in a file without a header."""
    try:
        for name in names:
            float(name)
    except ValueError:
        return False
    return True
