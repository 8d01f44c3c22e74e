"""The command as a user types it, for the tests that run it."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

from core.store.manifest import usable_cores

# 5 epochs have rungs at 1 and 4; a trial that takes all cores leaves room for no other
ALL_CORES = str(usable_cores())
OPTIONS = ["--trials", "4", "--epochs", "5", "--cpus-per-trial", ALL_CORES, "--top-k", "2", "--keep-models", "1"]
TIMEOUT_SECONDS = 240
# the commands run in the folder above runs/, as a user's do, so that --runs keeps its default, a relative path
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"}


def search_command(study: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "search", "--study", study, *options]


def run_search(runs: Path, study: str, *options: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*prefix, *search_command(study, *options)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        cwd=runs.parent,
        env=ENVIRONMENT,
    )


def stop_after_line(runs: Path, study: str, pattern: str, number: int) -> tuple[int, str]:
    """Start a search, send a signal once it has printed a line, return its exit code and all it printed."""
    process = subprocess.Popen(
        search_command(study, *OPTIONS),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=runs.parent,
        env=ENVIRONMENT,
    )
    assert process.stdout is not None
    alarm = threading.Timer(TIMEOUT_SECONDS, process.kill)
    alarm.start()
    printed = []
    for line in process.stdout:
        printed.append(line)
        if re.search(pattern, line):
            process.send_signal(number)
            break
    rest, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    alarm.cancel()
    return process.returncode, "".join(printed) + rest
