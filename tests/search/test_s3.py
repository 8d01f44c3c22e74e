"""A search, its data and its vote on moto's S3, by the commands that a user types; what breaks on the way goes on."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.killed_study import StudyWatch, read_records
from benchmarks.kills import PROC, Moment, Start, Starts, processes_of
from core.store import files
from core.store.study import StudyFolder
from search.scheduler import WORKER_DIED
from tests.s3 import S3, digits_npz, serve_s3

from .commands import ALL_CORES, ENVIRONMENT, TIMEOUT_SECONDS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROC.is_dir(), reason="finds the processes of a search in /proc"),
]
NUM_TRIALS = 6
RUNS, DATA = "s3://bucket/runs", "s3://bucket/digits.npz"
OPTIONS = ["--trials", str(NUM_TRIALS), "--epochs", "5", "--cpus-per-trial", ALL_CORES, "--keep-models", "1"]


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with serve_s3() as served:
        served.make_bucket("bucket")
        files.write_bytes(DATA, digits_npz())
        yield served


def environment_of(s3: S3) -> dict[str, str]:
    return ENVIRONMENT | s3.environment | {"PYTHONPATH": ENVIRONMENT["PYTHONPATH"]}


def command_of(study: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "search", "--runs", RUNS, "--data", DATA, "--study", study, *OPTIONS, *options]


def run(s3: S3, folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        cwd=folder,
        env=environment_of(s3) | environment,
    )


class WorkerKiller:
    """Kills the worker of a running search once, half a second after a line was printed."""

    def __init__(self, starts: Starts, after: str) -> None:
        self.num_killed = 0
        self._starts = starts
        self._after = after

    def __call__(self, line: str) -> None:
        if self._after in line and self.num_killed == 0:
            threading.Timer(0.5, self._kill).start()

    def _kill(self) -> None:
        for number, words in processes_of(self._starts._marks[-1]).items():
            if words.startswith("ray::") and "Trainable" in words:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
                    self.num_killed += 1


@pytest.fixture(scope="module")
def killed(s3: S3, tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyWatch, list[Start]]:
    """Kill a worker of a search, then its driver twice, then let it come to its end."""
    folder = tmp_path_factory.mktemp("s3")
    watch = StudyWatch(folder=StudyFolder(f"{RUNS}/killed"))
    starts = Starts(environment=environment_of(s3), folder=folder)
    killer = WorkerKiller(starts, after=f"[1/{NUM_TRIALS}]")
    moments = [
        Moment(name="two have ended", line=rf"\[3/{NUM_TRIALS}\]", delay_seconds=0.3),
        Moment(name="going on", line=rf"\[4/{NUM_TRIALS}\]", delay_seconds=0.6),
        None,
    ]
    went: list[Start] = []
    try:
        for moment in moments:
            went.append(starts.run(command_of("killed"), moment, on_line=killer))
            assert went[-1].was_killed == (moment is not None), went[-1].text
            if moment is not None:
                watch.look_after_kill()
    finally:
        starts.end_all()
    assert went[-1].code == 0, went[-1].text
    assert killer.num_killed == 1
    watch.look_at_end(num_trials=NUM_TRIALS)
    return watch, went


def test_a_killed_search_on_s3_loses_nothing_and_changes_no_finished_record(killed: Any) -> None:
    watch, _ = killed
    assert watch.faults == []
    assert watch.num_running_at_kills >= 1


def test_a_killed_worker_costs_its_trial_alone(killed: Any) -> None:
    watch, went = killed
    failed = [record for record in read_records(watch.folder) if record.state == "failed"]
    assert [record.error for record in failed] == [WORKER_DIED]
    assert any("going on with s3://bucket/runs/killed" in line for _, line in went[-1].printed)


def test_the_vote_reads_and_writes_s3(killed: Any, s3: S3, tmp_path: Path) -> None:
    study = killed[0].folder
    before = files.read_bytes(f"{study.ensemble}/submission.csv")
    done = run(s3, tmp_path, "ensemble", study.url)
    assert done.returncode == 0, done.stderr
    assert files.read_bytes(f"{study.ensemble}/submission.csv") == before
    elsewhere = run(
        s3, tmp_path, "ensemble", study.url, "--top-k", "1", "--out", f"{RUNS}-out", "--export", f"{RUNS}-x"
    )
    assert elsewhere.returncode == 0, elsewhere.stderr
    assert f"wrote {RUNS}-x/vote.keras" in elsewhere.stdout
    assert files.list_names(f"{RUNS}-x") == ["vote.json", "vote.keras"]
    assert files.exists(f"{RUNS}-out/submission.csv")


def test_a_study_on_s3_starts_from_another_and_has_a_committee(killed: Any, s3: S3, tmp_path: Path) -> None:
    options = ["--start-from", "killed", "--committee", "2", "--folds", "2", "--committee-epochs", "1", "--trials", "2"]
    command = [*command_of("second"), *options]
    done = run(s3, tmp_path, *command[2:])
    assert done.returncode == 0, done.stderr
    origins = [str(record.user_attrs["origin"]) for record in read_records(StudyFolder(f"{RUNS}/second"))]
    assert any(origin.startswith("killed/t") for origin in origins)
    assert files.exists(f"{RUNS}/second/committee/plan.json")
    again = run(s3, tmp_path, *command[2:])
    assert again.returncode == 0, again.stderr
    assert "has its 2 trials already; voting again" in again.stdout


def test_one_training_writes_to_s3(s3: S3, tmp_path: Path) -> None:
    words = ["core", "--runs", RUNS, "--data", DATA, "--study", "one", "--epochs", "1"]
    done = run(s3, tmp_path, *words)
    assert done.returncode == 0, done.stderr
    names = ["curves.tfevents", "model.keras", "predictions.npz", "trial.json"]
    assert files.list_names(f"{RUNS}/one/trials/t000000") == names
    again = run(s3, tmp_path, *words)
    assert (again.returncode, "must be unfinished to go on" in again.stderr) == (2, True)
