"""Starts that are killed at a moment, and what is found of their processes."""

import os
import sys

import pytest

from benchmarks.kills import PROC, Moment, Starts, processes_of

pytestmark = pytest.mark.skipif(not PROC.is_dir(), reason="finds processes in /proc")

# prints a line, starts a child that outlives it, makes a folder, prints two more lines
COMMAND = """
import pathlib, subprocess, sys, time
print("one", flush=True)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdout=-3, stderr=-3)
pathlib.Path("made").mkdir()
print("two", flush=True)
print("two", flush=True)
time.sleep(float(sys.argv[1]))
child.kill()
child.wait()
"""


@pytest.fixture
def starts(tmp_path):
    starts = Starts(environment=os.environ, folder=tmp_path)
    yield starts
    starts.end_all()


def command(seconds: float) -> list[str]:
    return [sys.executable, "-c", COMMAND, str(seconds)]


@pytest.mark.parametrize(
    "moment",
    [
        Moment(name="any", delay_seconds=3),
        Moment(name="line", line="^two", occurrence=2),
        Moment(name="path", path="ma*"),
    ],
)
def test_start_is_killed_at_its_moment_and_its_processes_are_found_and_ended(starts, tmp_path, moment):
    start = starts.run(command(60), moment, study=tmp_path)
    assert (start.was_killed, start.code) == (True, -9)
    assert start.text.startswith("one\n")
    (mark,) = starts._marks
    assert len(processes_of(mark)) == 1, "the child lives on"
    starts.end_all()
    assert processes_of(mark) == {}


def test_start_that_ends_first_is_not_killed_and_leaves_no_process(starts):
    lines: list[str] = []
    start = starts.run(command(0), Moment(name="line", line="three"), on_line=lines.append)
    assert (start.was_killed, start.code) == (False, 0)
    assert lines == ["one\n", "two\n", "two\n"]
    assert start.seconds_of("two") is not None
    assert start.seconds_of("three") is None
    assert starts.num_surviving() == 0


def test_start_that_hangs_is_killed_in_the_end(starts):
    starts.max_seconds = 1.0
    assert starts.run(command(60)).was_killed


def test_one_killed_start_may_live_on_beside_the_next(starts):
    for _ in range(3):
        starts.run(command(60), Moment(name="line", line="^two"))
    first, second = starts._marks
    assert len(processes_of(first)) == len(processes_of(second)) == 1
