import io

import pytest

from core.data.sample import read_sample_submission
from core.errors import DataError


def test_read_sample_submission_returns_header_and_ids_as_written() -> None:
    text = 'id,class\n"a,1",0\n007,0\n\n'
    header, ids = read_sample_submission(io.StringIO(text), "sample_submission.csv", num_test=2)
    assert header == ("id", "class")
    assert ids == ["a,1", "007"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,class\n1,0\n", "a row for each of the 2 rows of test.csv, got 1"),
        ("id,class\n1,0\n2,0\n3,0\n", "a row for each of the 2 rows of test.csv, got 3"),
        ("", "is empty: it must have a header"),
        ("id,class,x\n1,0,0\n2,0,0\n", "header: there must be two columns, id and label, got 3"),
        ("id,class\n1,0\n2\n", "row 2: there must be two columns, id and label, got 1"),
        ("id,class\n1,0\n1,0\n", r"row 2: ids must differ, got '1' again \(row 1\)"),
        ("id,class\n1,0\n,0\n", "row 2: each row must have an id"),
    ],
)
def test_read_sample_submission_says_what_must_hold(text: str, words: str) -> None:
    with pytest.raises(DataError, match=f"^sample_submission.csv.*{words}"):
        read_sample_submission(io.StringIO(text), "sample_submission.csv", num_test=2)
