"""sample_submission.csv: the header and the ids that a submission must have."""

import csv
from typing import TextIO

from core.errors import DataError


def read_sample_submission(stream: TextIO, where: str, *, num_test: int) -> tuple[tuple[str, str], list[str]]:
    """Return the two column names and the ids, in the file's order.

    Args:
        stream: The file's text from its beginning.
        where: The file, for messages.
        num_test: Rows that the test file has.

    Raises:
        DataError: not two columns, doubled or missing ids, or another number of rows than `num_test`.
    """
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(stream) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DataError(f"{where} is no CSV: {error}") from error
    if not rows:
        raise DataError(f"{where} is empty: it must have a header and a row for each test row, or be removed")
    for number, row in enumerate(rows):
        if len(row) != 2:
            place = "header" if number == 0 else f"row {number:,}"
            raise DataError(f"{where} {place}: there must be two columns, id and label, got {len(row)}")
    ids = [row[0] for row in rows[1:]]
    if len(ids) != num_test:
        raise DataError(
            f"{where} must have a row for each of the {num_test:,} rows of test.csv, got {len(ids):,}. "
            "Take both from the same competition, or remove it to number the rows from 1"
        )
    _require_distinct(ids, where)
    first, second = rows[0]
    return (first, second), ids


def _require_distinct(ids: list[str], where: str) -> None:
    """Raise DataError where an id is missing or comes twice."""
    row_of: dict[str, int] = {}
    for number, row_id in enumerate(ids, start=1):
        if not row_id:
            raise DataError(f"{where} row {number:,}: each row must have an id, got nothing")
        if row_id in row_of:
            raise DataError(f"{where} row {number:,}: ids must differ, got {row_id!r} again (row {row_of[row_id]:,})")
        row_of[row_id] = number
