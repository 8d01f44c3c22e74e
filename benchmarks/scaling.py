"""Trials an hour on 1 to 32 simulated nodes against none lost, and the driver's share: `-m benchmarks.scaling`."""

import dataclasses
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.kills import PROC
from benchmarks.raylets import Raylets, raylets
from benchmarks.report import machine_line
from benchmarks.scaled_search import Order
from benchmarks.scaled_trials import Nap, read_spans
from benchmarks.scaling_figures import FIGURES, SizeFigures, extrapolation, figures_of
from benchmarks.settings import ROOT
from core.cli import run_command
from core.config import require
from core.errors import ConfigError
from core.progress import new_console, print_line

DESCRIPTION = "Run trials that sleep on clusters of more and more simulated nodes, through a whole search each."
NUM_TRAIN, NUM_TEST = 42_000, 28_000
"""Kaggle's; a fifth of the train rows is the holdout."""
MOST_SECONDS = 3600
NOTES = (
    "each size is a cluster of its own on this machine: so many raylets of one core each beside a head of none, and a "
    "whole search (sampler, pruner, records, journal, leaderboard, progress, vote) in a fresh process that joins it",
    "a trial sleeps and does nothing else but report each epoch and write predictions, at the rungs and at its end, of "
    "8,400 holdout and 28,000 test rows, synced; no trial is pruned, the knobs decide its last log-loss",
    "ideal: trials x seconds slept / nodes, over the time from the first trial's begin (all workers are there) to the "
    "last one's end; steady: until the last trial has begun; with start: from the loop's begin, workers' starts in it",
)


@dataclass(frozen=True, kw_only=True)
class ScalingSettings:
    """Settings of the benchmark."""

    nodes: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    """Nodes of each size, one after the other."""
    trials: int = 1000
    """Trials on the largest size; the smaller ones have as many a node."""
    seconds: float = 10.0
    """What a trial sleeps."""
    epochs: int = 5
    """Reports of a trial, its seconds shared out evenly."""
    quick: bool = False
    """1 and 2 nodes, few short trials, to see that it works."""

    def __post_init__(self) -> None:
        require(bool(self.nodes) and min(self.nodes) >= 1, "--nodes", "1 or more each", self.nodes)
        require(self.trials >= max(self.nodes), "--trials", "as many as --nodes or more", self.trials)
        require(self.seconds > 0, "--seconds", "more than 0", self.seconds)
        require(self.epochs >= 1, "--epochs", "1 or more", self.epochs)
        if not PROC.is_dir():
            raise ConfigError("this benchmark counts processor time in /proc, which this system does not have")

    def trials_on(self, num_nodes: int) -> int:
        """Return how many trials a size has."""
        return max(round(self.trials * num_nodes / max(self.nodes)), 2 * num_nodes)


QUICK = ScalingSettings(nodes=(1, 2), trials=16, seconds=1.0, epochs=2)


def main(settings: ScalingSettings) -> None:
    """Run the benchmark."""
    settings = QUICK if settings.quick else settings
    console = new_console()
    for line in (machine_line(), *NOTES):
        print_line(console, line)
    found: list[SizeFigures] = []
    with tempfile.TemporaryDirectory(prefix="softvote-", dir="/tmp") as folder:
        data = write_digits(Path(folder) / "digits.npz")
        for num_nodes in settings.nodes:
            found.append(run_size(settings, num_nodes, data, console))
            print_line(console, f"nodes {num_nodes}: {found[-1].in_words()}")
    _show(console, found)
    largest = found[-1]
    beyond = extrapolation(largest)
    for line in beyond.in_words():
        print_line(console, line)
    summary = {
        "benchmark": "scaling",
        "ratios": {"ideal": largest.ideal},
        "trial_seconds": settings.seconds,
        **dataclasses.asdict(beyond),
        "sizes": [dataclasses.asdict(size) for size in found],
    }
    print_line(console, json.dumps(summary))


def write_digits(path: Path) -> str:
    """Write made-up images of Kaggle's size and number, and return the path."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (NUM_TRAIN + NUM_TEST, 28, 28, 1), np.uint8)
    labels = generator.integers(0, 10, NUM_TRAIN)
    np.savez(path, x_train=images[:NUM_TRAIN], y_train=labels, x_test=images[NUM_TRAIN:])
    return str(path)


def run_size(settings: ScalingSettings, num_nodes: int, data: str, console: Console) -> SizeFigures:
    """Run one size on a cluster of its own."""
    with tempfile.TemporaryDirectory(prefix="softvote-", dir="/tmp") as folder, _cluster(folder, num_nodes) as nodes:
        order = Order(
            address=nodes.address,
            data=data,
            runs=f"{folder}/runs",
            study="scaling",
            trials=settings.trials_on(num_nodes),
            epochs=settings.epochs,
            nap=Nap(seconds=settings.seconds, num_workers=num_nodes, place=f"{folder}/workers"),
            mark=f"RAY_TMPDIR={folder}",
            found=f"{folder}/found.json",
        )
        print_line(console, f"nodes {num_nodes}: {order.trials} trials begin")
        _run_driver(order)
        vote_seconds = _time_vote(order)
        return figures_of(order, read_spans(order.folder), json.loads(Path(order.found).read_text()), vote_seconds)


@contextmanager
def _cluster(folder: str, num_nodes: int) -> Iterator[Raylets]:
    """Start the nodes, with a token and a temporary folder of their own, in which this process's searches are too."""
    os.environ |= {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_TMPDIR": folder,
        "RAY_USAGE_STATS_ENABLED": "0",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONPATH": str(ROOT),
    }
    with raylets(os.environ, num_nodes) as nodes:
        yield nodes


def _run_driver(order: Order) -> None:
    """Run the search in a process of its own, and show what it printed where it fails."""
    command = [sys.executable, "-m", "benchmarks.scaled_search", json.dumps(dataclasses.asdict(order))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=MOST_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the search must end by itself:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")


def _time_vote(order: Order) -> float:
    """Return what `python -m ensemble` takes over the whole study, its own start included."""
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "ensemble", order.folder.url], cwd=ROOT, capture_output=True, check=True)
    return time.monotonic() - started


def _show(console: Console, found: list[SizeFigures]) -> None:
    """Print a table with a column a size."""
    table = Table(title="trials that sleep, by nodes")
    table.add_column("")
    for size in found:
        table.add_column(str(size.nodes), justify="right")
    for key, words in FIGURES.items():
        table.add_row(words, *(f"{getattr(size, key):,.4g}" for size in found))
    console.print(table)


if __name__ == "__main__":
    run_command(ScalingSettings, main, prog="python -m benchmarks.scaling", description=DESCRIPTION)
