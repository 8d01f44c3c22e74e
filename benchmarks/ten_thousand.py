"""What a study of 10,000 trials costs, and how that grows with its trials: `uv run -m benchmarks.ten_thousand`."""

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.large_study import KAGGLE, SMALL, Rows, write_large_study
from benchmarks.report import Finding, json_line, machine_line
from benchmarks.rounds import Ratio
from benchmarks.settings import ROOT, RoundSettings
from core.cli import run_command
from core.progress import new_console, print_line

DESCRIPTION = "Time what is done with a whole study, and what is done at each event of it, for 1,000 to 10,000 trials."
WHOLE = ("resume", "journal", "journal_again", "leaderboard", "inherit", "vote", "vote_top_k", "vote_greedy")
"""Operations on all trials, which may take as many times as long as there are trials."""
QUICK = ("resume", "journal", "leaderboard", "inherit", "vote_top_k")
EVENTS = ("rung", "epoch", "end", "failure", "look")
"""What happens to one trial, which is to take as long however many there are."""
NUM_KAGGLE = 500
"""Trials with predictions of Kaggle's size: more than a vote reads."""
NOTES = (
    "processor seconds, so that a busy machine says the same; each operation in a process of its own, whose imports "
    "are in its memory, not in its time",
    f"records of 10 epochs and 25 knobs; {SMALL.train // 4:,} holdout rows and {SMALL.test:,} test rows, in 200 files "
    "to which the trials have links",
)
MEANINGS = {
    "linear": "the time a trial among the most trials over that among the fewest, of the operation that grows fastest",
    "per_event": "the time of one event of each kind among the most trials over that among the fewest",
    "per_suggestion": "the same of a suggestion, for which the sampler weighs all trials",
}

Found = dict[str, float]
"""What one process said."""


def main(settings: RoundSettings) -> None:
    """Run the benchmark."""
    console = new_console()
    for line in (machine_line(), *NOTES):
        print_line(console, line)
    with tempfile.TemporaryDirectory(prefix="softvote-") as folder:
        sizes = (300, 1_200) if settings.quick else (1_000, 3_000, 10_000)
        studies = {size: Study(f"{folder}/{size}") for size in sizes}
        for size, study in studies.items():
            study.write(size, SMALL)
        for _ in range(1 if settings.quick else 3):
            for name in ("events", *(QUICK if settings.quick else WHOLE)):
                for study in studies.values():
                    study.measure(name)
        show(console, studies)
        for key, ratio in ratios_of(studies).items():
            print_line(console, f"{key}: {ratio.value:.2f}, {MEANINGS[key]}")
        findings = [] if settings.quick else of_kaggles_size(Study(f"{folder}/kaggle"))
    findings = [*costs(studies), *findings]
    for finding in findings:
        print_line(console, f"{finding.key}: {finding.words}")
    print_line(console, json_line("ten_thousand", ratios_of(studies), findings))


@dataclass
class Study:
    """A study in a folder, and what was measured of it."""

    folder: str
    found: dict[str, list[Found]] = field(default_factory=dict)

    def write(self, num_records: int, rows: Rows) -> None:
        """Make the study."""
        Path(self.folder).mkdir()
        write_large_study(self.folder, num_records, rows)

    def measure(self, name: str) -> None:
        """Do one operation in a fresh process."""
        command = [sys.executable, "-m", "benchmarks.one_operation", name, self.folder]
        environment = os.environ | {"SOFTVOTE_CACHE": f"{self.folder}/cache"}
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        self.found.setdefault(name, []).append(json.loads(done.stdout.splitlines()[-1]))

    def of(self, name: str, key: str) -> float:
        """Return the median of a figure of an operation."""
        return median(each[key] for each in self.found[name])

    @property
    def figures(self) -> dict[str, float]:
        """Processor seconds of all that was measured: whole operations, then events."""
        whole = {name: self.of(name, "seconds") for name in self.found if name != "events"}
        return whole | {name: self.of("events", name) for name in ("suggestion", *EVENTS)}

    @property
    def event_seconds(self) -> float:
        """One event of each kind."""
        return sum(self.figures[name] for name in EVENTS)


def ratios_of(studies: Mapping[int, Study]) -> dict[str, Ratio]:
    """Return how the largest study's figures stand to the smallest's."""
    (few, small), (many, large) = min(studies.items()), max(studies.items())
    growth = [large.figures[name] / small.figures[name] for name in small.found if name != "events"]
    linear = [each / (many / few) for each in growth]
    suggestion = large.figures["suggestion"] / small.figures["suggestion"]
    per_event = large.event_seconds / small.event_seconds
    return {
        "linear": Ratio(value=max(linear), least=min(linear), most=max(linear)),
        "per_event": Ratio(value=per_event, least=per_event, most=per_event),
        "per_suggestion": Ratio(value=suggestion, least=suggestion, most=suggestion),
    }


def costs(studies: Mapping[int, Study]) -> list[Finding]:
    """Return what the largest study takes."""
    (few, small), (many, large) = min(studies.items()), max(studies.items())
    peaks = {name: large.of(name, "peak_megabytes") for name in large.found}
    most = max(peaks, key=peaks.__getitem__)
    a_record = 1000 * (peaks[most] - small.of(most, "peak_megabytes")) / (many - few)
    resume = large.figures["resume"]
    seconds = sum(large.figures[name] for name in large.found if name.startswith("vote"))
    return [
        Finding(key="seconds_to_resume", value=resume, words=f"{resume:.2f} s of {many:,} trials"),
        Finding(key="seconds_to_vote", value=seconds, words=f"{seconds:.2f} s for all kinds of vote measured"),
        Finding(
            key="peak_megabytes",
            value=peaks[most],
            words=f"{peaks[most]:,.0f} MB at most ({most}), {a_record:.0f} kB more a trial",
        ),
    ]


def of_kaggles_size(study: Study) -> list[Finding]:
    """Return what a vote takes where predictions have Kaggle's size."""
    study.write(NUM_KAGGLE, KAGGLE)
    study.measure("vote")
    seconds, megabytes = study.of("vote", "seconds"), study.of("vote", "peak_megabytes")
    rows = f"{KAGGLE.train // 4:,} and {KAGGLE.test:,} rows"
    return [
        Finding(key="kaggle_vote_seconds", value=seconds, words=f"{seconds:.1f} s among {NUM_KAGGLE} trials of {rows}"),
        Finding(key="kaggle_vote_megabytes", value=megabytes, words=f"{megabytes:,.0f} MB at most in that vote"),
    ]


def show(console: Console, studies: Mapping[int, Study]) -> None:
    """Print a row an operation or event: seconds by number of trials, and the exponent of their growth."""
    table = Table(title="ten_thousand: processor seconds by number of trials")
    table.add_column("what")
    for size in studies:
        table.add_column(f"{size:,}", justify="right")
    for name in ("exponent", "peak MB"):
        table.add_column(name, justify="right")
    for name in next(iter(studies.values())).figures:
        seconds = [study.figures[name] for study in studies.values()]
        peak = max(studies.items())[1].of(name if name in WHOLE else "events", "peak_megabytes")
        table.add_row(
            name, *(f"{each:.4f}" for each in seconds), f"{exponent(list(studies), seconds):.2f}", f"{peak:,.0f}"
        )
    console.print(table)


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return e of seconds proportional to size ** e, from the first to the last: 1 is linear, 2 is quadratic."""
    return math.log(seconds[-1] / seconds[0]) / math.log(sizes[-1] / sizes[0])


if __name__ == "__main__":
    run_command(RoundSettings, main, prog="python -m benchmarks.ten_thousand", description=DESCRIPTION)
