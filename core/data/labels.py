"""From labels as they are written to class indices and class names."""

import re
from collections.abc import Sequence

import numpy as np

from core.errors import DataError

# 300: int() refuses text of more than 4300 digits, and no class is called that
_WHOLE_NUMBER = re.compile(r"([+-]?[0-9]{1,300})(?:\.0*)?")
_MISSING = ("", "nan")


def encode_labels(
    raw_labels: Sequence[str],  # num_rows labels as text
    where: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Number the classes in the order of their names.

    If all labels are whole numbers ("7", "7.0"), they are named and sorted as numbers; otherwise every label is
    text, taken as it is without the white space around it, and sorted by code point.

    Args:
        raw_labels: One label a row.
        where: The file, for messages.

    Returns:
        labels (num_rows,) int32 and class_names (num_classes,) str.

    Raises:
        DataError: an empty or NaN label, one of several lines, or fewer than two classes.
    """
    spellings = {raw: raw.strip() for raw in dict.fromkeys(raw_labels)}
    _require_no_gap(raw_labels, spellings, where)
    numbers = {raw: _WHOLE_NUMBER.fullmatch(text) for raw, text in spellings.items()}
    if all(numbers.values()):
        values = {raw: int(match[1]) for raw, match in numbers.items() if match is not None}
        spellings = {raw: str(value) for raw, value in values.items()}
        names = [str(value) for value in sorted(set(values.values()))]
    else:
        names = sorted(set(spellings.values()))
    _require_two_classes(names, len(raw_labels), where)
    index_of_name = {name: index for index, name in enumerate(names)}
    index_of_raw = {raw: index_of_name[name] for raw, name in spellings.items()}
    labels = np.fromiter((index_of_raw[raw] for raw in raw_labels), np.int32, len(raw_labels))
    return labels, np.array(names, dtype=np.str_)


def _require_no_gap(raw_labels: Sequence[str], spellings: dict[str, str], where: str) -> None:
    """Raise DataError with the number of the first row that has no label, or more than a line of it."""
    bad = {raw for raw, text in spellings.items() if text.lower() in _MISSING or len(text.splitlines()) > 1}
    if bad:
        row = next(index for index, raw in enumerate(raw_labels) if raw in bad)
        text = spellings[raw_labels[row]]
        if len(text.splitlines()) > 1:
            raise DataError(
                f"{where} row {row + 1:,}: a label must be one line, got {text[:40]!r}. Is a quote missing?"
            )
        raise DataError(
            f"{where} row {row + 1:,}: each row must have a label, got {text or 'nothing'}. Label it or remove the row"
        )


def _require_two_classes(names: list[str], num_rows: int, where: str) -> None:
    """Raise DataError where there is nothing to tell apart."""
    if len(names) < 2:
        raise DataError(
            f"{where}: labels must be of two classes or more, got one class only ({names[0]!r} in all {num_rows:,} "
            "rows). Is this the whole file, and the right label column?"
        )
