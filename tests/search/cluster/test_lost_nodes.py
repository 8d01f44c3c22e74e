"""Nodes of a real cluster are killed, and drained, under `python -m search`."""

import json
import subprocess
import sys

import pytest

from benchmarks.epochs_noted import read_epochs
from benchmarks.kills import PROC
from benchmarks.settings import ROOT


def test_epochs_noted_count_what_is_begun_again_and_what_would_be_from_scratch(tmp_path):
    notes = [(7, 1, "p"), (7, 2, "p"), (7, 2, "q"), (7, 3, "q"), (8, 1, "r"), (9, 1, "p")]
    lines = [
        json.dumps({"seed": seed, "epoch": epoch, "event": event, "process": process})
        for seed, epoch, process in notes
        for event in (["begun"] if (epoch, process) == (2, "p") else ["begun", "ended"])
    ]
    (tmp_path / "log").write_text("\n".join(lines))
    noted = read_epochs(tmp_path / "log", {7, 8})
    assert (noted.num_begun, noted.num_ended_twice, noted.num_from_scratch) == (5, 0, 2)


@pytest.mark.cluster
@pytest.mark.skipif(not PROC.is_dir(), reason="finds the processes of a cluster in /proc")
def test_search_whose_nodes_are_killed_and_drained_loses_no_trial_and_redoes_next_to_nothing():
    command = [sys.executable, "-m", "benchmarks.lost_nodes", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    found = json.loads(done.stdout.splitlines()[-1])
    killed, noticed = found["killed"], found["noticed"]
    assert (killed["nodes_killed"], killed["failed"], killed["unlike"]) == (1, 0, 0)
    assert killed["moved"] == 1
    assert killed["begun_over_needed"] <= 1.10
    assert (noticed["moved"], noticed["failed"], noticed["redone"]) == (1, 0, 0)
    assert "is lost: trials to go on elsewhere: 1" in done.stdout
    assert "drains (notice): trials to go on elsewhere: 1" in done.stdout
