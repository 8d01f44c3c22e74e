"""The control: searches of the stock pieces, killed and restored in the same way, and what they lost or did twice."""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.killed_search import FIRST_LINE, TRIAL_END, Lengths, Tally, anywhere, cluster_start, lengths_of
from benchmarks.killed_study import Fault
from benchmarks.kills import Moment, Start, Starts

NUM_TRIALS = 12
NUM_EPOCHS = 9
EPOCH_SECONDS = 0.3
ENDED = "[ended] "


@dataclass(kw_only=True)
class StockSearch:
    """`benchmarks.stock_search` in a folder of its own."""

    starts: Starts
    seed: int
    num_workers: int
    num_trials: int = NUM_TRIALS
    _ended: set[float] = field(default_factory=set)
    """Configurations whose trial's end was told."""
    _epochs: Counter[tuple[float, int]] = field(default_factory=Counter)
    """How often each epoch of each configuration was trained."""
    _num_lines: int = 0
    _faults: list[Fault] = field(default_factory=list)
    _num_redone: int = 0

    def reference(self) -> Lengths:
        """Run the same search in another folder without a kill."""
        return lengths_of(self.starts.run(self._command("whole")), "^starting Ray", "^Ray is there")

    def draw_moment(self, generator: np.random.Generator, lengths: Lengths) -> Moment:
        """Return any moment of a start, every other time one that is aimed."""
        if generator.random() < 0.5:
            return anywhere(generator, lengths)
        aimed = (
            FIRST_LINE,
            cluster_start(generator, lengths, "^starting Ray"),
            Moment(name=TRIAL_END, line=r"^\[ended\]", occurrence=int(generator.integers(1, 4))),
        )
        return aimed[generator.integers(len(aimed))]

    def start(self, moment: Moment | None) -> Start:
        """Start the search or restore it, and count the epochs that it trained again."""
        start = self.starts.run(self._command("killed"), moment)
        self._take(self._new_epochs())
        self._ended |= {
            float(line.removeprefix(ENDED)) for _, line in start.printed if line.startswith(ENDED) and "\n" in line
        }
        return start

    def conclude(self, tally: Tally, end: Start) -> None:
        """Compare what the search has in the end with all that it was seen to do."""
        if end.code != 0:
            tally.restarts_raised += 1
            self._add("finished_lost", f"exit code {end.code}: {end.text[-2000:]}", max(len(self._ended), 1))
        else:
            self._compare(json.loads(end.printed[-1][1]))
        tally.processes_left += self.starts.num_surviving()
        tally.faults += self._faults
        tally.epochs_redone = (tally.epochs_redone or 0) + self._num_redone

    def _compare(self, found: dict[str, Any]) -> None:
        """Count what the last start's summary lacks or has twice."""
        configs = Counter(found["configs"])
        begun = {config for config, _ in self._epochs}
        self._add("finished_lost", "finished, and not among the results", len(self._ended - set(configs)))
        self._add("configs_lost", "begun, and not among the results", len(begun - self._ended - set(configs)))
        self._add("configs_duplicated", "results of one configuration", sum(n - 1 for n in configs.values()))
        num_beyond = max(sum(found["study"].values()) - self.num_trials, 0)
        self._add("configs_duplicated", "trials of the study beyond those asked for", num_beyond)
        self._add("left_running", "trials RUNNING in the study", found["study"].get("RUNNING", 0))

    def _take(self, epochs: Iterable[tuple[float, int]]) -> None:
        """Count the epochs of one start that were trained before; a trial may redo one, a finished one none."""
        redone: Counter[float] = Counter()
        for config, epoch in epochs:
            self._epochs[config, epoch] += 1
            redone[config] += self._epochs[config, epoch] > 1
        self._num_redone += sum(redone.values())
        self._add("finished_lost", "finished, and trained again", len(self._ended & set(redone)))
        self._add(
            "epochs_lost", "epochs redone beyond the one in progress", sum(max(n - 1, 0) for n in redone.values())
        )

    def _new_epochs(self) -> list[tuple[float, int]]:
        """Return the epochs that were trained since the last look."""
        log = self._folder("killed") / "log"
        lines = log.read_text().splitlines()[self._num_lines :] if log.exists() else []
        self._num_lines += len(lines)
        return [(line["x"], line["epoch"]) for line in map(json.loads, lines)]

    def _add(self, kind: Any, words: str, num: int) -> None:
        """Write a fault down as often as it was found."""
        self._faults += [Fault(kind=kind, words=words)] * num

    def _folder(self, name: str) -> Path:
        return self.starts.folder / f"stock-{name}-{self.num_workers}-{self.seed}"

    def _command(self, name: str) -> list[str]:
        """Return the command, the same for every start."""
        folder = self._folder(name)
        folder.mkdir(exist_ok=True)
        settings = {
            "folder": str(folder),
            "log": str(folder / "log"),
            "num_workers": self.num_workers,
            "num_trials": self.num_trials,
            "num_epochs": NUM_EPOCHS,
            "epoch_seconds": EPOCH_SECONDS,
            "seed": self.seed,
        }
        return [sys.executable, "-m", "benchmarks.stock_search", json.dumps(settings)]
