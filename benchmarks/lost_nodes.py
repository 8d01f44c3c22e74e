"""Kill a cluster's nodes under a search, and give one notice, and count what is redone: `-m benchmarks.lost_nodes`."""

import json
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.epochs_noted import EpochsNoted, read_epochs
from benchmarks.killed_study import read_records
from benchmarks.kills import PROC
from benchmarks.lost_search import LostSearch, unlike
from benchmarks.raylets import Raylets, raylets
from benchmarks.report import machine_line
from core.cli import run_command
from core.config import require
from core.data.load import load_dataset
from core.errors import ConfigError
from core.progress import new_console, print_line

DESCRIPTION = "Kill nodes under a search, then drain one with notice, and count the epochs that are trained again."
MOST_REDONE = 1.10
"""Epochs begun over epochs needed, at most."""
NOTES = (
    "two nodes of one core beside a head of none, raylets of this machine; Ray's own RayletKiller kills one at some "
    "moment of each period, a new node takes its place at once",
    "`python -m search --address` on scikit-learn's digits, three times as large and twice each; an epoch that a kill "
    "cuts short counts as a whole one",
    "from scratch: the same kills, each of which would have cost its trial all epochs so far (Tune's max_failures=-1 "
    "without checkpoints); an account of the same run, not a run of its own",
)


@dataclass(frozen=True, kw_only=True)
class LostNodesSettings:
    """Settings of the benchmark of lost nodes."""

    seconds: float = 20.0
    """Period of the kills."""
    trials: int = 12
    """Trials of the search under kills."""
    quick: bool = False
    """One kill and a few trials, to see that it works."""

    def __post_init__(self) -> None:
        require(self.seconds > 0, "--seconds", "more than 0", self.seconds)
        require(self.trials >= 1, "--trials", "1 or more", self.trials)
        if not PROC.is_dir():
            raise ConfigError("this benchmark finds its processes in /proc, which this system does not have")

    @property
    def num_trials(self) -> int:
        """Trials under kills."""
        return 3 if self.quick else self.trials

    @property
    def num_epochs(self) -> int:
        """Of a whole trial."""
        return 12 if self.quick else 40


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a search whose nodes went."""

    noted: EpochsNoted
    figures: dict[str, float]
    """Of the JSON line."""


def main(settings: LostNodesSettings) -> None:
    """Run the benchmark."""
    console = new_console()
    for line in (machine_line(), *NOTES):
        print_line(console, line)
    with tempfile.TemporaryDirectory(prefix="softvote-lost-", dir="/tmp") as folder:
        data = write_digits(Path(folder) / "digits.npz", num_times=1 if settings.quick else 2)
        with _cluster(folder) as nodes:
            killed = _search_under_kills(settings, Path(folder), data, nodes, console)
            noticed = _search_with_notice(settings, Path(folder), data, nodes, console)
        killed.figures["unlike"] = _num_unlike(settings, Path(folder), data, console)
    _show(console, killed, noticed)
    print_line(console, json.dumps({"benchmark": "lost_nodes", "killed": killed.figures, "noticed": noticed.figures}))
    is_well = (
        killed.figures["failed"] == killed.figures["unlike"] == 0 and killed.figures["begun_over_needed"] <= MOST_REDONE
    )
    if not is_well or noticed.figures["failed"] or noticed.figures["redone"]:
        sys.exit(1)


def write_digits(path: Path, num_times: int) -> str:
    """Write scikit-learn's digits, each pixel as three by three and each image some times, and return the path."""
    digits = load_dataset(None)
    images = np.kron(digits.x_train[..., 0], np.ones((1, 3, 3), np.uint8))[..., None]
    test = np.kron(digits.x_test[..., 0], np.ones((1, 3, 3), np.uint8))[..., None]
    labels = np.array([int(digits.class_names[label]) for label in digits.labels])
    np.savez(
        path, x_train=np.concatenate([images] * num_times), y_train=np.concatenate([labels] * num_times), x_test=test
    )
    return str(path)


@contextmanager
def _cluster(folder: str) -> Iterator[Raylets]:
    """Start the nodes, with a token and a temporary folder of their own, in which this process's searches are too."""
    root = Path(__file__).resolve().parent
    os.environ |= {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_TMPDIR": folder,
        "RAY_USAGE_STATS_ENABLED": "0",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": f"{root / 'epoch_log'}{os.pathsep}{root.parent}",
        "SOFTVOTE_EPOCH_LOG": str(Path(folder) / "epochs.jsonl"),
    }
    with raylets(os.environ) as nodes:
        yield nodes


def _search_under_kills(
    settings: LostNodesSettings, folder: Path, data: str, nodes: Raylets, console: Console
) -> Outcome:
    """Search while nodes are killed, from the first epoch on."""
    search = LostSearch(folder=folder, name="killed", data=data, trials=settings.num_trials, epochs=settings.num_epochs)
    process = search.start(nodes.address)
    search.wait_for_epochs(process, 1)
    nodes.kill_every(3.0 if settings.quick else settings.seconds, 1 if settings.quick else None)
    code = search.wait(process, console)
    nodes.spare()
    outcome = _conclude(search, code)
    outcome.figures["nodes_killed"] = nodes.num_killed()
    return outcome


def _search_with_notice(
    settings: LostNodesSettings, folder: Path, data: str, nodes: Raylets, console: Console
) -> Outcome:
    """Search while one node is given notice, and ended once its trial has gone."""
    search = LostSearch(folder=folder, name="noticed", seed=1, data=data, trials=3, epochs=settings.num_epochs)
    process = search.start(nodes.address)
    search.wait_for_epochs(process, 2 * 3)
    node_id = nodes.give_notice()
    search.wait_for_line(process, r"drains \(notice\)")
    nodes.remove(node_id)
    return _conclude(search, search.wait(process, console))


def _conclude(search: LostSearch, code: int) -> Outcome:
    """Count what a search has left that came to its end."""
    records = read_records(search.study)
    seeds = {record.seed for record in records}
    noted = read_epochs(search.folder / "epochs.jsonl", seeds)
    num_needed = sum(len(record.epochs) for record in records)
    figures: dict[str, float] = {
        "exit_code": code,
        "trials": len(records),
        "failed": sum(record.state == "failed" for record in records),
        "moved": sum(record.user_attrs.get("moved", 0) for record in records),
        "needed": num_needed,
        "begun": noted.num_begun,
        "redone": noted.num_begun - num_needed,
        "ended_twice": noted.num_ended_twice,
        "begun_over_needed": round(noted.num_begun / num_needed, 3),
        "from_scratch": round((num_needed + noted.num_from_scratch) / num_needed, 3),
    }
    if code != 0 or len(records) != search.trials:
        figures["failed"] += 1
    return Outcome(noted=noted, figures=figures)


def _num_unlike(settings: LostNodesSettings, folder: Path, data: str, console: Console) -> int:
    """Return how many trials have other epochs or predictions than in the same search that nobody disturbed."""
    search = LostSearch(folder=folder, name="whole", data=data, trials=settings.num_trials, epochs=settings.num_epochs)
    del os.environ["SOFTVOTE_EPOCH_LOG"]
    search.wait(search.start(None), console)
    found = unlike(folder, "killed", "whole")
    for words in found:
        print_line(console, f"FAULT {words}")
    return len(found)


def _show(console: Console, killed: Outcome, noticed: Outcome) -> None:
    """Print what was counted."""
    table = Table(title="epochs of searches whose nodes went")
    for column in ("what", "nodes killed", "a node drained"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for key in killed.figures:
        table.add_row(key, f"{killed.figures[key]:g}", f"{noticed.figures[key]:g}" if key in noticed.figures else "")
    console.print(table)


if __name__ == "__main__":
    run_command(LostNodesSettings, main, prog="python -m benchmarks.lost_nodes", description=DESCRIPTION)
