"""Two searches at once on one cluster, over the same data and holdout; then the vote over both, as a user types it."""

import csv
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from benchmarks.raylets import raylets
from core.store.dataset import read_data_summary
from core.store.study import StudyFolder

from .commands import ENVIRONMENT, TIMEOUT_SECONDS, search_command

pytestmark = pytest.mark.slow
SEEDS = {"first": "0", "second": "1"}
OPTIONS = ["--holdout-seed", "7", "--trials", "2", "--epochs", "3", "--keep-models", "2"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Search for two studies side by side; return the folder above them."""
    folder = tmp_path_factory.mktemp("side")
    environment = ENVIRONMENT | {"RAY_TMPDIR": tempfile.mkdtemp(prefix="side")}
    with raylets(environment) as cluster:
        searches = [
            subprocess.Popen(
                search_command(name, "--seed", seed, "--address", cluster.address, *OPTIONS),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=folder,
                env=environment,
            )
            for name, seed in SEEDS.items()
        ]
        printed = [search.communicate(timeout=TIMEOUT_SECONDS)[0] for search in searches]
    assert [search.returncode for search in searches] == [0, 0], "\n".join(printed)
    shutil.rmtree(environment["RAY_TMPDIR"], ignore_errors=True)
    return folder / "runs"


def vote(runs: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ensemble", "runs/first", "runs/second", *words],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        cwd=runs.parent,
        env=ENVIRONMENT,
    )


def test_the_vote_over_two_searches_writes_a_submission_that_reads_right(runs: Path) -> None:
    before = {name: (runs / name / "ensemble/submission.csv").read_bytes() for name in SEEDS}
    voted = vote(runs, "--top-k", "4")
    assert (voted.returncode, voted.stderr) == (0, ""), voted.stderr
    assert "first + second: 4 trials" in voted.stdout
    assert "wrote runs/first/ensemble-first+second/submission.csv (360 rows, read again and checked)" in voted.stdout
    out = runs / "first/ensemble-first+second"
    members = {member["member_id"] for member in json.loads((out / "ensemble.json").read_text())["members"]}
    assert members == {f"{name}/t00000{number}" for name in SEEDS for number in range(2)}
    data = read_data_summary(StudyFolder(str(runs / "second")).data)
    with (out / "submission.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == data.submission_header
    assert [row[0] for row in rows] == data.test_ids.tolist()
    assert data.test_labels is not None
    wrong = sum(row[1] != str(label) for row, label in zip(rows, data.test_labels, strict=True))
    assert wrong < 240, "guesses are wrong on 324 of 360 rows"
    assert voted.stdout.splitlines()[-1] == f"test accuracy {1 - wrong / 360:.4f} (360 rows set aside)"
    assert {name: (runs / name / "ensemble/submission.csv").read_bytes() for name in SEEDS} == before


def test_the_vote_over_two_searches_is_exported_as_one_model(runs: Path) -> None:
    exported = vote(runs, "--top-k", "4", "--export", "model", "--out", "out")
    assert exported.returncode == 0, exported.stderr
    assert (runs.parent / "model/vote.keras").exists()
    known = json.loads((runs.parent / "model/vote.json").read_text())
    assert {member["name"] for member in known["members"]} >= {"first/t000000", "second/t000000"}
