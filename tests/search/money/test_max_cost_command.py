"""The command with --max-cost on a real cluster: what it prints and refuses; one small real search."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search.cluster.start import scratch_folder
from tests.search.commands import ENVIRONMENT, TIMEOUT_SECONDS, search_command

from .making import HEAD_LABELS, ROWS, price_file

pytestmark = pytest.mark.cluster

SMALL = ("--trials", "2", "--epochs", "2", "--keep-models", "0")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    with scratch_folder() as scratch, pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", ENVIRONMENT["PYTHONPATH"])  # of the workers
        head = {"num_cpus": 1, "include_dashboard": False, "temp_dir": scratch, "labels": HEAD_LABELS}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        yield cluster
        cluster.shutdown()


def run(cluster: Any, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        search_command("priced", "--address", cluster.address, *SMALL, *options),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        cwd=folder,
        env=ENVIRONMENT,
    )


def test_command_counts_what_it_costs_and_the_next_start_counts_on(cluster, tmp_path):
    other = run(cluster, tmp_path, "--max-cost", "5", "--prices", price_file(tmp_path, *ROWS[1:]))
    assert other.returncode == 2
    assert "must have a price of head.small on-demand in here" in other.stderr
    assert other.stderr.count("\n") == 1
    assert not (tmp_path / "runs").exists()

    prices = price_file(tmp_path)
    done = run(cluster, tmp_path, "--max-cost", "5", "--prices", prices)
    assert done.returncode == 0, done.stderr
    assert "counting 1 head.small on-demand: $0.36 an hour; spent by earlier starts: $0.00 of $5.00" in done.stdout
    assert re.search(r"^spent \$[\d.]+ of \$5\.00: 1 head\.small on-demand ", done.stdout, re.MULTILINE)
    assert "the head goes on costing $0.36 an hour until `ray down`" in done.stdout
    [cost] = json.loads((tmp_path / "runs/priced/cost.json").read_text())["starts"]
    assert 0 < cost["usd"] < 5

    more = ("--trials", "3", "--prices", prices)
    # below what is spent already: the epochs are known, so that it ends before it begins
    short = run(cluster, tmp_path, *more, "--max-cost", "0.001")
    assert short.returncode == 2
    assert short.stderr.startswith("python -m search: --max-cost must pay for one trial, got $0.001: $0.")
    assert short.stderr.count("\n") == 1

    asked = run(cluster, tmp_path, *more, "--dry-run")
    assert asked.returncode == 0, asked.stderr
    assert "1 machines of the cluster (head.small)" in asked.stdout
    assert "recorded epochs of this study" in asked.stdout

    again = run(cluster, tmp_path, *more, "--max-cost", "5")
    assert again.returncode == 0, again.stderr
    starts = json.loads((tmp_path / "runs/priced/cost.json").read_text())["starts"]
    generations = [start["generation"] for start in starts]
    assert generations == sorted(set(generations))
    assert starts[0] == cost
    assert len(starts) >= 2
    assert len(list((tmp_path / "runs/priced/trials").iterdir())) == 3
