"""Three in ten trials of a search on a real cluster get an error, a NaN, a kill -9 or a hang."""

import json
import subprocess
import sys

import pytest

from benchmarks.kills import PROC
from benchmarks.saboteur import SABOTAGES, sabotage_of
from benchmarks.settings import ROOT


def test_three_in_ten_trials_are_sabotaged_in_all_ways():
    befell = [sabotage_of(number) for number in range(40)]
    assert [befell.count(sabotage) for sabotage in SABOTAGES] == [3, 3, 3, 3]
    assert [number for number in range(10) if befell[number]] == [3, 6, 8]


@pytest.mark.slow
@pytest.mark.skipif(not PROC.is_dir(), reason="finds the processes of a cluster in /proc")
def test_sabotaged_search_ends_with_every_trial_told_as_it_was():
    command = [sys.executable, "-m", "benchmarks.sabotage", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["sabotaged"] == 6
    assert found["budget_share"] == 1.0
    assert (found["left_running"], found["processes_left"], found["warm_processes_lost"]) == (0, 0, 0)
    assert "raylet" not in done.stdout + done.stderr, "one line a trial, in our own words"
