"""Our searches of the embedded digits, killed again and again until they end: what they lost or did twice."""

import dataclasses
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from benchmarks.killed_study import FAULT_KINDS, Fault, StudyWatch, leftovers
from benchmarks.kills import Moment, Start, Starts
from core.store.manifest import usable_cores
from core.store.study import StudyFolder

NUM_TRIALS = 6
NUM_EPOCHS = 6
"""Rungs after epochs 1 and 3: a trial of each length is likely among the six."""
FIRST_LINE = Moment(name="first line", line=".")
ANYWHERE = "anywhere"
CLUSTER_STARTS = "cluster starts"
TRIAL_END = "a trial's end line"


@dataclass(kw_only=True)
class Tally:
    """What became of all searches of one kind."""

    not_counted: tuple[str, ...] = ()
    """Figures that this kind does not have."""
    num_searches: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    """Kills by the moment that was aimed at."""
    faults: list[Fault] = field(default_factory=list)
    running_at_kills: int | None = None
    """Trials that ran when their driver was killed: each may redo the epoch in progress. None: not counted."""
    epochs_redone: int | None = None
    """Epochs that were trained to their end more than once. None: not counted."""
    restarts_raised: int = 0
    leftovers: list[str] = field(default_factory=list)
    """Files that nobody needs any more: half-written ones, and checkpoints of ended trials."""
    processes_left: int = 0
    """Processes that were there after a search had come to its end."""

    @property
    def num_kills(self) -> int:
        """Kills altogether."""
        return sum(self.moments.values())

    def counts(self) -> dict[str, int]:
        """Return the figures of the JSON line."""
        found = Counter(fault.kind for fault in self.faults)
        counts = {"searches": self.num_searches, "kills": self.num_kills}
        counts |= {kind: found[kind] for kind in FAULT_KINDS}
        counts |= {"restarts_raised": self.restarts_raised, "processes_left": self.processes_left}
        counts["leftovers"] = len(self.leftovers)
        some = {"running_at_kills": self.running_at_kills, "epochs_redone": self.epochs_redone}
        counts |= {name: count for name, count in some.items() if count is not None}
        return {name: count for name, count in counts.items() if name not in self.not_counted}


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Where the time of an uninterrupted search goes, in seconds."""

    whole: float
    cluster: float
    """From the last line before the cluster to the first one after it."""


def lengths_of(end: Start, before: str, after: str) -> Lengths:
    """Return how long a start took that nobody killed, and its cluster, between the first lines of two patterns."""
    begun, there = end.seconds_of(before), end.seconds_of(after)
    assert end.code == 0, end.text
    assert begun is not None, end.text
    assert there is not None, end.text
    return Lengths(whole=end.seconds, cluster=there - begun)


def anywhere(generator: np.random.Generator, lengths: Lengths) -> Moment:
    """Return any moment of a start."""
    return Moment(name=ANYWHERE, delay_seconds=generator.uniform(0, lengths.whole))


def cluster_start(generator: np.random.Generator, lengths: Lengths, line: str) -> Moment:
    """Return a moment while the cluster starts, after `line`."""
    return Moment(name=CLUSTER_STARTS, line=line, delay_seconds=generator.uniform(0, lengths.cluster))


class KillableSearch(Protocol):
    """A search that can be killed, started again, and checked."""

    def reference(self) -> Lengths:
        """Run the same search without a kill; return how long it takes."""

    def draw_moment(self, generator: np.random.Generator, lengths: Lengths) -> Moment:
        """Return when the next start is killed."""

    def start(self, moment: Moment | None) -> Start:
        """Start it, or start it again."""

    def conclude(self, tally: Tally, end: Start) -> None:
        """Check what it left, and add that up."""


def kill_until_it_ends(search: KillableSearch, tally: Tally, generator: np.random.Generator, most_kills: int) -> None:
    """Kill and start a search until it has ended by itself; once `most_kills` are spent it is left alone."""
    lengths = search.reference()
    num_kills = 0
    while True:
        moment = search.draw_moment(generator, lengths) if num_kills < most_kills else None
        start = search.start(moment)
        if not start.was_killed or moment is None:  # without a moment only a start that hangs is killed
            break
        num_kills += 1
        tally.moments[moment.name] += 1
    tally.num_searches += 1
    search.conclude(tally, start)


@dataclass(kw_only=True)
class OurSearch:
    """`python -m search` on the embedded digits, with one seed."""

    starts: Starts
    seed: int
    num_workers: int
    num_trials: int = NUM_TRIALS
    num_epochs: int = NUM_EPOCHS

    def __post_init__(self) -> None:
        self._name = f"killed-{self.num_workers}-{self.seed}"
        self._whole = f"whole-{self.num_workers}-{self.seed}"
        self.watch = StudyWatch(folder=self._folder(self._name))

    def reference(self) -> Lengths:
        """Run the same search in another study without a kill."""
        return lengths_of(self.starts.run(self._command(self._whole)), r"^holdout", r"^trials at once")

    def draw_moment(self, generator: np.random.Generator, lengths: Lengths) -> Moment:
        """Return any moment of a start, every other time one that is aimed."""
        if generator.random() < 0.5:
            return anywhere(generator, lengths)
        aimed = (
            FIRST_LINE,
            cluster_start(generator, lengths, r"^holdout"),
            Moment(name=TRIAL_END, line=r"^\[\d"),
            Moment(name="a trial's folder", path="trials/*"),
            Moment(name="a trial's first checkpoint", path="trials/*/checkpoint/*/state.npz"),
            Moment(name="a trial's first predictions", path="trials/*/predictions.npz"),
        )
        moment = aimed[generator.integers(len(aimed))]
        return dataclasses.replace(moment, occurrence=int(generator.integers(1, 3)))

    def start(self, moment: Moment | None) -> Start:
        """Start the search, and look at what it leaves when it is killed."""
        start = self.starts.run(self._command(self._name), moment, Path(self.watch.folder.url), self._on_line)
        if start.was_killed:
            self.watch.look_after_kill()
        return start

    def conclude(self, tally: Tally, end: Start) -> None:
        """Check the study, against the uninterrupted one too where one worker makes it repeatable."""
        if end.code != 0:
            tally.restarts_raised += 1
            tally.faults.append(Fault(kind="finished_lost", words=f"exit code {end.code}: {end.text[-2000:]}"))
        tally.processes_left += self.starts.num_surviving()
        self.watch.look_at_end(self.num_trials)
        tally.leftovers += leftovers(self.watch.folder)
        if self.num_workers == 1:
            self.watch.compare(self._folder(self._whole))
        tally.faults += self.watch.faults
        tally.running_at_kills = (tally.running_at_kills or 0) + self.watch.num_running_at_kills

    def _on_line(self, line: str) -> None:
        """Look at a trial as soon as its end is told."""
        if line.startswith("["):
            self.watch.look_at_ended()

    def _folder(self, name: str) -> StudyFolder:
        return StudyFolder(str(self.starts.folder / "runs" / name))

    def _command(self, name: str) -> list[str]:
        """Return the command, the same for every start of a study."""
        cores = max(usable_cores() // self.num_workers, 1)
        options = {
            "--study": name,
            "--seed": self.seed,
            "--trials": self.num_trials,
            "--epochs": self.num_epochs,
            "--cpus-per-trial": cores,
            "--top-k": 2,
            "--keep-models": 1,
        }
        return [sys.executable, "-m", "search", *(str(word) for option in options.items() for word in option)]


def search_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command that is run from another folder and read line by line."""
    root = str(Path(__file__).resolve().parent.parent)
    return {**environment, "PYTHONPATH": root, "PYTHONUNBUFFERED": "1", "CUDA_VISIBLE_DEVICES": "-1"}
