import subprocess
import sys

import pytest

from search.silence import START_SECONDS, UNKNOWN_SECONDS, ended_when_silent, silence_limit, silence_trace


@pytest.mark.parametrize(
    ("own", "longest", "limit"),
    [
        ([], None, UNKNOWN_SECONDS),
        ([], 30.0, START_SECONDS + 300.0),
        ([], 0.1, START_SECONDS + 60.0),
        ([20.0, 30.0, 1000.0], 5.0, 300.0),
        ([0.5], 500.0, 60.0),
    ],
)
def test_silence_limit_is_ten_usual_epochs_and_a_minute_at_least(own, longest, limit):
    assert silence_limit(own, longest) == limit


def test_silence_limit_for_short_epochs_can_be_told():
    assert silence_limit([0.5], None, least=2.0) == 5.0


# the second never gives Python's lock back while it waits
@pytest.mark.parametrize(
    "hang", ["import time; time.sleep(600)", "import ctypes; ctypes.PyDLL(None).usleep(600_000_000)"]
)
def test_silent_process_is_ended_and_leaves_its_stacks(tmp_path, hang):
    trace = silence_trace(str(tmp_path), "t000003")
    code = f"from search.silence import ended_when_silent\nwith ended_when_silent(0.2, {trace!r}):\n    {hang}"
    ended = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert ended.returncode != 0
    assert [path.name for path in tmp_path.iterdir()] == ["silent-t000003.txt"]
    assert "most recent call first" in (tmp_path / "silent-t000003.txt").read_text()


def test_process_that_is_quick_enough_lives_on_also_where_the_folder_is_elsewhere(tmp_path):
    for folder in (tmp_path, tmp_path / "of another machine"):
        with ended_when_silent(60, silence_trace(str(folder), "t000000")):
            pass
