"""Searches whose driver is killed with SIGKILL: nothing lost, nothing twice, and in the end what nobody killed has."""

import os
from pathlib import Path

import pytest

from benchmarks.kill_anywhere import KillSettings, kill_in_turns
from benchmarks.killed_search import Tally, search_environment
from benchmarks.killed_study import StudyWatch
from benchmarks.kills import PROC, Moment, Starts
from core.store.study import StudyFolder

from .commands import ENVIRONMENT, OPTIONS, search_command

pytestmark = pytest.mark.skipif(not PROC.is_dir(), reason="finds the processes of a killed driver in /proc")

MOMENTS = (
    Moment(name="the first trial has a checkpoint", path="trials/*/checkpoint/*/state.npz"),
    Moment(name="a trial's predictions are there, its end is not", path="trials/*/predictions.npz", occurrence=2),
)


@pytest.fixture(scope="module")
def killed(runs) -> tuple[StudyWatch, int]:
    """Kill the search of `whole` twice and let it go on to its end; its watch, and how many processes it left."""
    study = runs / "killed"
    watch = StudyWatch(folder=StudyFolder(str(study)))
    starts = Starts(environment=ENVIRONMENT, folder=runs.parent)
    try:
        for moment in (*MOMENTS, None):
            start = starts.run(search_command(study.name, *OPTIONS), moment, study)
            assert start.was_killed == (moment is not None), start.text
            if start.was_killed:
                watch.look_after_kill()
        assert start.code == 0, start.text
        num_surviving = starts.num_surviving()
    finally:
        starts.end_all()
    watch.look_at_end(num_trials=4)
    return watch, num_surviving


def test_killed_search_loses_nothing_and_does_nothing_twice(killed):
    watch, _ = killed
    assert watch.faults == []
    assert watch.num_running_at_kills >= 1, "a kill hit a trial on its way"


def test_killed_search_has_the_records_and_predictions_of_an_uninterrupted_one(whole, killed, runs):
    watch, _ = killed
    watch.compare(StudyFolder(str(runs / "whole")))
    assert watch.faults == []


def test_killed_search_leaves_no_process_once_it_has_ended(killed):
    assert killed[1] == 0


@pytest.mark.slow
def test_thirty_kills_at_any_moment_lose_nothing(tmp_path: Path):
    tally = Tally()
    starts = Starts(environment=search_environment(os.environ), folder=tmp_path)
    try:
        kill_in_turns(KillSettings(kills=30, control=False), starts, {"ours": tally}, print)
    finally:
        starts.end_all()
    assert tally.faults == []
    assert tally.num_kills == 30
    assert (tally.restarts_raised, tally.processes_left) == (0, 0)
