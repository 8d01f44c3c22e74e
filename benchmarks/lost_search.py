"""One `python -m search` on a cluster whose nodes go: started, watched, and compared with one that nobody disturbed."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from benchmarks.killed_study import essence, read_records
from core.progress import print_line
from core.store.predictions import read_predictions
from core.store.records import TrialRecord
from core.store.study import StudyFolder
from search.study import NUM_RANDOM_TRIALS

MOST_SECONDS = 1800
POLL_SECONDS = 0.05


@dataclass(kw_only=True)
class LostSearch:
    """A search and what it prints."""

    folder: Path
    name: str
    data: str
    trials: int
    epochs: int
    seed: int = 0
    """Searches of one cluster have seeds of their own, by which their epochs are told apart."""
    printed: list[str] = field(default_factory=list)

    @property
    def study(self) -> StudyFolder:
        """Where its records are."""
        return StudyFolder(str(self.folder / "runs" / self.name))

    def start(self, address: str | None) -> subprocess.Popen[str]:
        """Start it, on a cluster or on one of its own."""
        options = {
            "--study": self.name,
            "--runs": self.folder / "runs",
            "--data": self.data,
            "--seed": self.seed,
            "--trials": self.trials,
            "--epochs": self.epochs,
            "--gpus-per-trial": 0,
            "--precision": "float32",
            "--top-k": 2,
            "--keep-models": 1,
        } | ({"--address": address} if address else {})
        words = [str(word) for option in options.items() for word in option]
        process = subprocess.Popen(
            [sys.executable, "-m", "search", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env=dict(os.environ),
        )
        threading.Thread(target=self._read, args=(process,), daemon=True).start()
        return process

    def wait_for_epochs(self, process: subprocess.Popen[str], number: int) -> None:
        """Wait until so many epochs are on record."""
        self._wait_until(process, lambda: sum(len(record.epochs) for record in self._records()) >= number)

    def wait_for_line(self, process: subprocess.Popen[str], pattern: str) -> None:
        """Wait until it has printed a line that matches."""
        self._wait_until(process, lambda: any(re.search(pattern, line) for line in list(self.printed)))

    def wait(self, process: subprocess.Popen[str], console: Console) -> int:
        """Wait for its end, print what it said of nodes and failures, and return its exit code."""
        code = process.wait(timeout=MOST_SECONDS)
        for line in self.printed if code else [line for line in self.printed if re.search(r"^node | failed ", line)]:
            print_line(console, f"{self.name}: {line.rstrip()}")
        return code

    def _wait_until(self, process: subprocess.Popen[str], is_there: Callable[[], bool]) -> None:
        deadline = time.monotonic() + MOST_SECONDS
        while not is_there():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the search {self.name} ended, or waited for too long:\n" + "".join(self.printed))
            time.sleep(POLL_SECONDS)

    def _records(self) -> list[TrialRecord]:
        try:
            return read_records(self.study)
        except FileNotFoundError:  # the first record of a trial is on its way
            return []

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.printed.extend(process.stdout)


def unlike(folder: Path, name: str, other: str) -> list[str]:
    """Return in what two searches of one command differ that have nothing to do with the order of their reports.

    When two trials run at once, the one that reports first is compared with fewer: a trial may be pruned in one search
    and go on in the other. As far as both have trained it, it must be the same to the bit.
    """
    studies = [StudyFolder(str(folder / "runs" / each)) for each in (name, other)]
    faults = []
    for ours, theirs in zip(*map(read_records, studies), strict=True):
        one, another = essence(ours), essence(theirs)
        num_both = min(len(ours.epochs), len(theirs.epochs))
        is_drawn_blind = ours.number < NUM_RANDOM_TRIALS  # later ones are drawn from what had been reported by then
        if ours.seed != theirs.seed or (is_drawn_blind and one["config"] != another["config"]):
            faults.append(f"{ours.trial_id}: another trial than undisturbed")
        elif one["config"] != another["config"]:
            continue
        elif one["epochs"][:num_both] != another["epochs"][:num_both]:
            faults.append(f"{ours.trial_id}: other epochs than undisturbed")
        elif len(ours.epochs) == len(theirs.epochs) and not _predict_the_same(studies, ours.trial_id):
            faults.append(f"{ours.trial_id}: other predictions than undisturbed")
    return faults


def _predict_the_same(studies: list[StudyFolder], trial_id: str) -> bool:
    """True where a trial predicts the same to the bit in both studies."""
    one, other = (read_predictions(study.trial(trial_id).predictions) for study in studies)
    return (
        one.softmax.tobytes() == other.softmax.tobytes() and one.test_softmax.tobytes() == other.test_softmax.tobytes()
    )
