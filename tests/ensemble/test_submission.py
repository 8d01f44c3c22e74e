import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from core.errors import DataError, StoredFileError
from core.store.dataset import DataSummary
from ensemble.submission import render_submission, write_submission
from tests.ensemble.conftest import DATA


def with_test_ids(*ids: str) -> DataSummary:
    return dataclasses.replace(DATA, test_ids=np.array(ids))


def test_submission_without_a_sample_is_image_id_and_label() -> None:
    assert render_submission(DATA, np.array([2, 0])) == b"ImageId,Label\n1,2\n2,0\n"


def test_submission_takes_header_and_ids_of_the_sample() -> None:
    data = dataclasses.replace(with_test_ids("img_b", "007"), submission_header=("id", "kind"))
    assert render_submission(data, np.array([1, 0])) == b"id,kind\nimg_b,1\n007,0\n"


def test_submission_quotes_names_that_need_it(tmp_path: Path) -> None:
    names = np.array(["boot, high", 'the "shoe"', "sandal\nopen"])
    data = dataclasses.replace(with_test_ids("a,1", "b", "c"), class_names=names)
    content = render_submission(data, np.array([0, 1, 2]))
    assert content == b'ImageId,Label\n"a,1","boot, high"\nb,"the ""shoe"""\nc,"sandal\nopen"\n'
    (tmp_path / "a.csv").write_bytes(content)
    with (tmp_path / "a.csv").open(newline="") as file:
        assert list(csv.reader(file))[1:] == [["a,1", names[0]], ["b", names[1]], ["c", names[2]]]


def test_submission_writes_names_of_any_language() -> None:
    data = dataclasses.replace(DATA, class_names=np.array(["あ", "い", "é"]))
    assert render_submission(data, np.array([0, 2])).decode() == "ImageId,Label\n1,あ\n2,é\n"


@pytest.mark.parametrize("num_test", [1, 2, 257])
def test_submission_has_every_test_row_exactly_once_and_in_order(num_test: int) -> None:
    ids = [str(number) for number in range(num_test, 0, -1)]
    lines = render_submission(with_test_ids(*ids), np.zeros(num_test, int)).decode().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ids


def test_submission_refuses_ids_that_repeat() -> None:
    with pytest.raises(DataError, match=r"each test row must have its own id, got 1 repeated\. Mend"):
        render_submission(with_test_ids("7", "7"), np.array([0, 0]))


def test_submission_written_is_what_was_rendered(tmp_path: Path) -> None:
    classes = np.array([1, 1])
    content = render_submission(DATA, classes)
    write_submission(str(tmp_path / "submission.csv"), content, DATA, classes)
    assert (tmp_path / "submission.csv").read_bytes() == content


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the header must be ImageId,Label"),
        (b"id,label\n1,2\n2,0\n", "the header must be ImageId,Label"),
        (b"ImageId,Label\n1,2\n", "there must be 2 rows, got 1"),
        (b"ImageId,Label\n1,2\n2,0\n2,0\n", "there must be 2 rows, got 3"),
        (b"ImageId,Label\n2,0\n1,2\n", r"row 1 must be \('1', '2'\), got \('2', '0'\)"),
        (b"ImageId,Label\n1,2\n2,1\n", r"row 2 must be \('2', '0'\), got \('2', '1'\)"),
        (b"ImageId,Label\n1,2\n2\n", r"row 2 must be \('2', '0'\), got \('2',\)"),
        (b'ImageId,Label\n1,2\n2,"0', "it must be a CSV file"),
        (b"ImageId,Label\n1,2\n2,\xff\n", "it must be a CSV file in UTF-8"),
    ],
)
def test_submission_that_reads_back_otherwise_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(StoredFileError, match=f"does not read back as it was written: {words}"):
        write_submission(str(tmp_path / "submission.csv"), content, DATA, np.array([2, 0]))
