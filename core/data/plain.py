"""The fast way through rows of plain numbers: one to three digits a cell, read by arithmetic on all characters at once.

A cell's value stands where the cell ends: ones one character before its comma, tens two, hundreds three. A pass of
numpy over uint8 runs at tens of GB/s in cache, so that 20 of them take a third of numpy.loadtxt's time. What is not
plain (quotes, spaces, points, text as labels, anything wrong) is left to others.
"""

import numpy as np

from core.data.header import Header

_ZERO = np.uint8(ord("0"))
_WIDEST = 3
"""Digits of 255."""


class PlainRows:
    """Reads blocks of whole lines of one CSV.

    It keeps the memory that it works in, five bytes a character: asking the system for it again for every block costs
    more than the arithmetic.
    """

    def __init__(self, header: Header) -> None:
        self._label_index = header.label_index
        self._num_columns = len(header.names)
        self._marks = np.frombuffer(b"," * (self._num_columns - 1) + b"\n", np.uint8)
        self._scratch = np.empty((5, 0), np.uint8)

    def parse(self, text: str) -> tuple[np.ndarray, list[str]] | None:
        """Return pixels, (num_rows, num_pixels) uint8, and labels as they are written; None where a cell is not plain.

        Args:
            text: Whole lines, of which the last may lack its newline.
        """
        text = text if text.endswith("\n") else text + "\n"
        characters = np.frombuffer(text.encode(), np.uint8)
        if len(characters) + _WIDEST > self._scratch.shape[1]:
            self._scratch = np.empty((5, len(characters) + _WIDEST), np.uint8)
        values, is_end = _values(characters, self._scratch[:, : len(characters) + _WIDEST])
        if values is None:
            return None
        ends = np.flatnonzero(is_end)
        is_ragged = len(ends) % self._num_columns
        if is_ragged or not (characters.take(ends).reshape(-1, self._num_columns) == self._marks).all():
            return None
        rows = values.take(ends).reshape(-1, self._num_columns)
        if self._label_index is None:
            return rows, []
        labels = _cells(text, ends.reshape(rows.shape), self._label_index)
        return np.delete(rows, self._label_index, axis=1), labels


def _values(
    characters: np.ndarray,  # (num_characters,) uint8
    scratch: np.ndarray,  # (5, 3 + num_characters) uint8, overwritten
) -> tuple[np.ndarray | None, np.ndarray]:
    """Return at each place the number that ends before it, and whether a cell ends there; both lie in `scratch`.

    None for the numbers where a cell is empty, has more than three digits or is above 255.
    """
    digits, is_digit, values, hundreds, flags = scratch
    digits[:_WIDEST], is_digit[:_WIDEST] = 0, 0  # what stands before the text is no digit
    np.subtract(characters, _ZERO, out=digits[_WIDEST:])
    np.less_equal(digits[_WIDEST:], 9, out=is_digit.view(np.bool_)[_WIDEST:])
    np.multiply(digits, is_digit, out=digits)
    here, one_before, two_before, three_before = (is_digit[_WIDEST - n : len(is_digit) - n] for n in range(4))
    ones, tens, third = (digits[_WIDEST - n : len(digits) - n] for n in range(1, 4))
    values, hundreds, flags = (row[_WIDEST:] for row in (values, hundreds, flags))
    is_true = flags.view(np.bool_)

    has_empty_cell = not np.bitwise_or(here, one_before, out=flags).all()
    np.bitwise_and(one_before, two_before, out=hundreds)
    np.bitwise_and(here, three_before, out=flags)
    has_wide_cell = np.bitwise_and(flags, hundreds, out=flags).any()

    np.multiply(tens, 10, out=values)
    np.add(values, ones, out=values)
    np.multiply(hundreds, third, out=hundreds)
    is_too_large = hundreds.max() > 2
    np.multiply(hundreds, 100, out=hundreds)
    np.add(values, hundreds, out=hundreds)
    has_wrapped = np.less(hundreds, values, out=is_true).any()  # 256 to 299 show as 0 to 43
    np.equal(here, 0, out=is_true)
    return None if has_empty_cell or has_wide_cell or is_too_large or has_wrapped else hundreds, is_true


def _cells(
    text: str,
    ends: np.ndarray,  # (num_rows, num_columns) where each cell ends
    column: int,
) -> list[str]:
    """Return the cells of a column as they are written."""
    before = ends[:, column - 1] if column else np.concatenate(([-1], ends[:-1, -1]))
    return [text[start + 1 : end] for start, end in zip(before.tolist(), ends[:, column].tolist(), strict=True)]
