"""The command's own function with --max-cost on a real cluster: what it prints and refuses; one small real search."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from core.cli import run_command
from search.__main__ import main
from search.cluster.start import scratch_folder
from search.settings import SearchSettings
from tests.search.commands import ENVIRONMENT

from .making import HEAD_LABELS, ROWS, price_file

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    with scratch_folder() as scratch, pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", ENVIRONMENT["PYTHONPATH"])  # of the workers
        head = {"num_cpus": 1, "include_dashboard": False, "temp_dir": scratch, "labels": HEAD_LABELS}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        yield cluster
        cluster.shutdown()


@pytest.fixture
def run(cluster, tmp_path, monkeypatch, capsys):
    """Run the command in this process, where Ray and all else is loaded once; return its exit code and its words."""

    def run(trials: int, *options: str) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        size = ("--trials", str(trials), "--epochs", "1", "--keep-models", "0")
        monkeypatch.setattr("sys.argv", ["search", "--study", "priced", "--address", cluster.address, *size, *options])
        code = 0
        try:
            run_command(SearchSettings, main, prog="python -m search", description="")
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return run


def test_command_counts_what_it_costs_and_the_next_start_counts_on(run, tmp_path):
    code, _, line = run(1, "--max-cost", "5", "--prices", price_file(tmp_path, *ROWS[1:]))
    assert code == 2
    assert "must have a price of head.small on-demand in here" in line
    assert line.count("\n") == 1
    assert not (tmp_path / "runs").exists()

    prices = price_file(tmp_path)
    code, said, line = run(1, "--max-cost", "5", "--prices", prices)
    assert code == 0, line
    assert "counting 1 head.small on-demand: $0.36 an hour; spent by earlier starts: $0.00 of $5.00" in said
    assert re.search(r"^spent \$[\d.]+ of \$5\.00: 1 head\.small on-demand ", said, re.MULTILINE)
    assert "the head goes on costing $0.36 an hour until `ray down`" in said
    costs = tmp_path / "runs/priced/cost.json"
    [cost] = json.loads(costs.read_text())["starts"]
    assert 0 < cost["usd"] < 5

    code, said, line = run(2, "--dry-run", "--prices", prices)
    assert code == 0, line
    assert "1 machines of the cluster (head.small)" in said
    assert "recorded epochs of this study" in said

    # below what is spent already: the epochs are known, so that it ends before it begins
    code, said, line = run(2, "--max-cost", "0.001", "--prices", prices)
    assert code == 2
    assert line.startswith("python -m search: --max-cost must pay for one trial, got $0.001: $0.")
    assert line.count("\n") == 1
    assert re.search(r"spent by earlier starts: \$0\.0*[1-9]\d* of \$0\.001;", said)
    first, second = json.loads(costs.read_text())["starts"]
    assert first == cost, "what an earlier start has cost stays"
    assert second["generation"] > first["generation"]
