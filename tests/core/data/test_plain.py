import io

import numpy as np
import pytest

from core.data.header import Header
from core.data.plain import PlainRows
from core.data.table import read_table
from core.errors import DataError

HEADER = Header(names=("a", "label", "b"), label_index=1)
EVERY_VALUE = list(range(256))
OTHER_ROWS = [
    "1,2\n3\n",
    "1,2,3,4\n5,6\n",
    "1\n2,3,4,5,6\n",
    "1,2,3\n\n",
    "\n1,2,3\n",
    "1,2,3\n4,5",
    "1,2,\n",
    ",2,3\n",
    "1",
]
OTHER_CHARACTERS = ["1,2;3\n", "1,2,3/\n", "1,2,3:\n", "1,2,\u0663\n", "1,2,3\x00\n", "1,2,3\r\n", ",", "\n"]


def parse(text: str, header: Header = HEADER) -> tuple[list[list[int]], list[str]] | None:
    found = PlainRows(header).parse(text)
    return None if found is None else (found[0].tolist(), found[1])


def test_every_pixel_value_is_read_in_every_column() -> None:
    header = Header(names=("a", "b"), label_index=None)
    text = "".join(f"{value},{255 - value}\n" for value in EVERY_VALUE)
    assert parse(text, header) == ([[value, 255 - value] for value in EVERY_VALUE], [])


@pytest.mark.parametrize("index", [0, 1, 2])
def test_labels_are_cut_out_as_they_are_written_wherever_they_stand(index: int) -> None:
    rows = [["12", "255"], ["0", "7"]]
    for row, label in zip(rows, ["007", "3"], strict=True):
        row.insert(index, label)
    names = ["a", "b"]
    names.insert(index, "label")
    text = "\n".join(",".join(row) for row in rows)
    assert parse(text, Header(names=tuple(names), label_index=index)) == ([[12, 255], [0, 7]], ["007", "3"])


@pytest.mark.parametrize("cell", ["256", "299", "300", "999", "0000", "0255", "", "-1", "+1", "1.0", " 1", "1 ", '"1"'])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_cell_that_is_not_plain_leaves_the_block_to_others(cell: str, place: int) -> None:
    row = ["1", "2", "3"]
    row[place] = cell
    for rows in (f"{','.join(row)}\n", f"1,2,3\n{','.join(row)}\n4,5,6\n", f"1,2,3\n{','.join(row)}"):
        assert parse(rows) is None


@pytest.mark.parametrize("text", [*OTHER_ROWS, *OTHER_CHARACTERS])
def test_rows_of_other_lengths_and_other_characters_are_left_to_others(text: str) -> None:
    assert parse(text) is None


def test_a_parser_reads_blocks_of_any_length_one_after_the_other() -> None:
    rows = PlainRows(HEADER)
    for num_rows in (3, 50, 1, 200):
        found = rows.parse("25,1,255\n" * num_rows)
        assert found is not None
        assert found[0].tolist() == [[25, 255]] * num_rows
        assert found[1] == ["1"] * num_rows
        assert rows.parse("1,2,3000\n") is None


def test_table_is_the_same_by_the_fast_way_and_by_the_general_one(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = np.random.default_rng(5)
    alphabet = ["0", "7", "10", "99", "100", "199", "200", "255"] * 6 + ["256", "", "1.0", " 3", "0007", '"4"', "x"]

    def outcome(text: str) -> object:
        try:
            table = read_table(io.StringIO(text), "train.csv")
        except DataError as error:
            return str(error)
        return table.pixels.tolist(), table.labels

    def draw() -> str:
        rows = drawn.choice(alphabet, (drawn.integers(1, 5), 3)).tolist()
        return "a,label,b\n" + "".join(",".join(row) + "\n" for row in rows)

    texts = [draw() for _ in range(400)]
    by_the_fast_way = [outcome(text) for text in texts]
    monkeypatch.setattr(PlainRows, "parse", lambda self, text: None)
    assert by_the_fast_way == [outcome(text) for text in texts]
    assert len({isinstance(found, str) for found in by_the_fast_way}) == 2  # both tables and errors were drawn
