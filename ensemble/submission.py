"""submission.csv: one line a test row, in the sample's form, checked before and after it is written."""

import csv
import io
from collections.abc import Sequence

import numpy as np

from core.errors import DataError, StoredFileError
from core.store import files
from core.store.dataset import DataSummary


def render_submission(
    data: DataSummary,
    classes: np.ndarray,  # (num_test,) int, class indices
) -> bytes:
    """Return the file's bytes: header, then id and class name of each test row; UTF-8, lines end with LF.

    Raises:
        DataError: two test rows share an id, or the result would not read back as what was meant.
    """
    repeated = len(data.test_ids) - len(np.unique(data.test_ids))
    if repeated:
        raise DataError(f"each test row must have its own id, got {repeated} repeated. Mend sample_submission.csv")
    text = io.StringIO()
    # quotes only where a comma, a quote or a line end makes them necessary, as Kaggle's own samples do
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(data.submission_header)
    writer.writerows(zip(data.test_ids.tolist(), data.class_names[classes].tolist(), strict=True))
    content = text.getvalue().encode()
    problem = _problem_of(content, data, classes)
    if problem:
        raise DataError(f"submission.csv cannot be written: {problem}. Mend the test ids or the labels' names")
    return content


def write_submission(
    url: str,
    content: bytes,  # what `render_submission` returned
    data: DataSummary,
    classes: np.ndarray,  # (num_test,) int
) -> None:
    """Write the file, read it again, and check that every test row has its id and class in it, once and in order.

    Raises:
        StudyError: it cannot be written.
        StoredFileError: it does not read back as it was written.
    """
    files.write_bytes(url, content)
    problem = _problem_of(files.read_bytes(url), data, classes)
    if problem:
        raise StoredFileError(f"{url} does not read back as it was written: {problem}. Do not submit it, vote again")


def _problem_of(content: bytes, data: DataSummary, classes: np.ndarray) -> str | None:
    """Return what is wrong with a submission's bytes, or None."""
    try:
        lines = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        return f"it must be a CSV file in UTF-8: {error}"
    if not lines or tuple(lines[0]) != data.submission_header:
        return f"the header must be {','.join(data.submission_header)}, got {lines[:1]}"
    rows = lines[1:]
    if len(rows) != len(data.test_ids):
        return f"there must be {len(data.test_ids)} rows, got {len(rows)}"
    expected = zip(data.test_ids.tolist(), data.class_names[classes].tolist(), strict=True)
    return _first_difference(rows, list(expected))


def _first_difference(rows: Sequence[Sequence[str]], expected: Sequence[tuple[str, str]]) -> str | None:
    """Return the first row that is not as expected, as words, or None."""
    for number, (got, must) in enumerate(zip(rows, expected, strict=True), start=1):
        if tuple(got) != must:
            return f"row {number} must be {must}, got {tuple(got)}"
    return None
