"""Kill a search's driver at any moment and start it again: `uv run -m benchmarks.kill_anywhere`."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.killed_search import KillableSearch, OurSearch, Tally, kill_until_it_ends, search_environment
from benchmarks.kills import PROC, Starts
from benchmarks.report import machine_line
from benchmarks.stock_kills import StockSearch
from core.cli import run_command
from core.config import require
from core.errors import ConfigError
from core.progress import new_console, print_line

DESCRIPTION = "Kill searches with SIGKILL at any moment, start them again, and count what was lost or done twice."
NUM_WORKERS = (1, 2)
"""Searches take turns: one worker, whose records must equal an uninterrupted search's, then two."""
MOST_KILLS_OF_A_SEARCH = 6
"""Then it is let go on to its end, and another seed takes over."""
NOTES = (
    "ours: `python -m search` on the embedded digits, 6 trials of 6 epochs at most",
    "control: OptunaSearch (study in memory, its default) + ASHAScheduler + Tuner.restore(resume_unfinished=True) "
    "around a trainable that only waits, 12 trials of 9 epochs of 0.3 s at most",
    "half of the kills at any moment, uniformly; half aimed at what the table names",
)
WORDS = {
    "searches": "searches, killed until they ended",
    "kills": "kills",
    "finished_lost": "finished trials lost, changed or trained again",
    "configs_lost": "configurations lost",
    "configs_duplicated": "configurations twice, or trials beyond the budget",
    "left_running": "trials RUNNING in the study at the end",
    "epochs_lost": "epochs redone beyond one a running trial and kill",
    "unequal": "records unlike an uninterrupted search's (one worker)",
    "restarts_raised": "searches whose restart raised",
    "processes_left": "processes left by a search that came to its end",
    "leftovers": "files left that nobody needs",
    "running_at_kills": "trials running at kills, over all kills",
    "epochs_redone": "epochs redone",
}


@dataclass(frozen=True, kw_only=True)
class KillSettings:
    """Settings of the kill benchmark."""

    kills: int = 30
    """Kills of each of the two, at least; 1 or more."""
    seed: int = 0
    """Of the kills' moments, and of the first search."""
    control: bool = True
    """Do the same with the stock pieces."""
    quick: bool = False
    """Two kills of each, to see that the benchmark works."""

    def __post_init__(self) -> None:
        require(self.kills >= 1, "--kills", "1 or more", self.kills)
        require(self.seed >= 0, "--seed", "0 or more", self.seed)
        if not PROC.is_dir():
            raise ConfigError("this benchmark finds its processes in /proc, which this system does not have")

    @property
    def num_kills(self) -> int:
        """Kills of each."""
        return 2 if self.quick else self.kills


def main(settings: KillSettings) -> None:
    """Run the benchmark."""
    console = new_console()
    print_line(console, machine_line())
    for note in NOTES:
        print_line(console, note)
    tallies = {"ours": Tally()} | ({"control": Tally(not_counted=("unequal", "leftovers"))} if settings.control else {})
    with tempfile.TemporaryDirectory(prefix="softvote-kills-") as folder:
        starts = Starts(environment=search_environment(os.environ), folder=Path(folder))
        try:
            kill_in_turns(settings, starts, tallies, lambda line: print_line(console, line))
        finally:
            starts.end_all()
    _show(console, tallies)
    counts = {name: tally.counts() for name, tally in tallies.items()}
    print_line(console, json.dumps({"benchmark": "kill_anywhere", **counts}))
    if tallies["ours"].faults or tallies["ours"].restarts_raised or tallies["ours"].processes_left:
        sys.exit(1)


def kill_in_turns(
    settings: KillSettings, starts: Starts, tallies: dict[str, Tally], say: Callable[[str], None]
) -> None:
    """Kill searches of ours and of the control in turns, until each has had its kills."""
    generator = np.random.default_rng(settings.seed)
    number = 0
    while any(tally.num_kills < settings.num_kills for tally in tallies.values()):
        num_workers = NUM_WORKERS[number % len(NUM_WORKERS)]
        seed = settings.seed + number
        searches: dict[str, KillableSearch] = {
            "ours": OurSearch(starts=starts, seed=seed, num_workers=num_workers),
            "control": StockSearch(starts=starts, seed=seed, num_workers=num_workers),
        }
        for name, tally in tallies.items():
            left = settings.num_kills - tally.num_kills
            if left > 0:
                started, before = time.perf_counter(), (tally.num_kills, len(tally.faults), len(tally.leftovers))
                kill_until_it_ends(searches[name], tally, generator, min(left, MOST_KILLS_OF_A_SEARCH))
                for fault in tally.faults[before[1] :] if name == "ours" else ():
                    say(f"FAULT {fault.kind}: {fault.words}")
                for path in tally.leftovers[before[2] :]:
                    say(f"left: {path}")
                say(
                    f"{name}, seed {seed}, workers {num_workers}: {tally.num_kills - before[0]} kills, "
                    f"{len(tally.faults) - before[1]} faults, {time.perf_counter() - started:.0f} s"
                )
        number += 1


def _show(console: Console, tallies: dict[str, Tally]) -> None:
    """Print both tables: what was counted, and when the kills were."""
    counts = {name: tally.counts() for name, tally in tallies.items()}
    table = Table(title="what killed searches lost or did twice")
    moments = Table(title="kills by moment")
    for each in (table, moments):
        each.add_column("what")
        for name in tallies:
            each.add_column(name, justify="right")
    for key, words in WORDS.items():
        table.add_row(words, *(str(counts[name].get(key, "not counted")) for name in tallies))
    for moment in sorted({moment for tally in tallies.values() for moment in tally.moments}):
        moments.add_row(moment, *(str(tally.moments[moment]) for tally in tallies.values()))
    console.print(table)
    console.print(moments)


if __name__ == "__main__":
    run_command(KillSettings, main, prog="python -m benchmarks.kill_anywhere", description=DESCRIPTION)
