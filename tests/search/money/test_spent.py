import pytest

from core.errors import StoredFileError
from core.store import files
from core.store.study import StudyFolder
from search.money.spent import StartCost, cost_file, read_costs, write_costs


def cost(generation: int, usd: float) -> StartCost:
    machine = {"machine": "m", "market": "spot", "region": "r", "num_machines": 1, "hours": 0.5, "usd": usd}
    return StartCost(generation=generation, began=1.0, until=2.0, usd=usd, machines=(machine,))


def test_costs_written_then_read_are_the_same(tmp_path):
    folder = StudyFolder(str(tmp_path))
    assert read_costs(folder) == ()
    costs = (cost(1, 0.25), cost(2, 1.5))
    write_costs(folder, costs)
    assert read_costs(folder) == costs


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"format": 2, "starts": []}, "must be what a study's search has cost of format 1, got 2"),
        ({"format": 1}, "must say what each start has cost, and does not"),
        ({"format": 1, "starts": [{"generation": 1}]}, "must say what each start has cost"),
        ({"format": 1, "starts": [{**vars(cost(1, 1)), "usd": -1}]}, "usd must be 0 or more, got -1"),
        ({"format": 1, "starts": [{**vars(cost(1, 1)), "usd": "much"}]}, "must say what each start has cost"),
    ],
)
def test_costs_that_are_none_are_refused_naming_the_file(tmp_path, raw, words):
    folder = StudyFolder(str(tmp_path))
    files.write_json(cost_file(folder), raw)
    with pytest.raises(StoredFileError, match=words) as error:
        read_costs(folder)
    assert "cost.json" in str(error.value)
