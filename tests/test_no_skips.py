import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

def test_that_skips():
    pytest.skip("a program is missing")

@pytest.mark.xfail
def test_that_is_known_to_fail():
    assert False

def test_that_passes():
    pass
"""


@pytest.mark.parametrize(("options", "code", "end"), [((), 0, "1 passed, 1 skipped"), (("--no-skips",), 1, "1 failed")])
def test_what_is_skipped_fails_where_nothing_may_be_missing(tmp_path, options, code, end):
    (tmp_path / "test_some.py").write_text(TESTS)
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", *options, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": root},
    )
    assert (done.returncode, end in done.stdout) == (code, True), done.stdout
    assert code == 0 or "--no-skips: Skipped: a program is missing" in done.stdout
