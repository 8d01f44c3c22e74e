"""What a suggestion costs after thousands of trials: `uv run -m benchmarks.ask_tell`."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.history import made_up_records, write_study
from benchmarks.report import Benchmark, Finding, run_benchmark
from benchmarks.rounds import Comparison, Contender, Measurement
from benchmarks.settings import ROOT, RoundSettings
from core.cli import run_command
from core.store.study import StudyFolder

DESCRIPTION = "Time suggestions of our study and of Ray's OptunaSearch, each with the same thousands of ended trials."
NUM_TRIALS = 10_000
NUM_SUGGESTIONS = 15


def main(settings: RoundSettings) -> None:
    """Run the benchmark."""
    num_trials = settings.size(full=NUM_TRIALS, quick=200)
    num_suggestions = settings.size(full=NUM_SUGGESTIONS, quick=3)
    with tempfile.TemporaryDirectory(prefix="softvote-") as folder:
        write_study(StudyFolder(folder), made_up_records(num_trials))
        processes = {which: FreshProcesses(which, folder, num_suggestions) for which in ("ours", "stock")}
        names = {"ours": "ours", "stock": "Ray's OptunaSearch"}
        benchmark = Benchmark(
            name="ask_tell",
            contenders=tuple(Contender(name=names[which], measure=processes[which].measure) for which in names),
            comparisons=(
                Comparison(key="stock_cost", ours=names["ours"], baseline=names["stock"]),
                Comparison(key="stock_memory_cost", ours=names["ours"], baseline=names["stock"], of_memory=True),
            ),
            num_rounds=3,
            find=lambda _: findings(processes["ours"].found, processes["stock"].found),
            notes=(
                f"{num_trials:,} ended trials of the default space, most of them pruned; then {num_suggestions} "
                "suggestions, of which the median counts: asking, reporting its epochs, telling its end",
                "ours asks its pruner after each epoch; Ray's has none of its own (ASHA is not in its time)",
                "a fresh process for each, whose peak memory counts: imports, Ray's too, the records, from which "
                "both are filled, and the searcher",
            ),
        )
        run_benchmark(benchmark, settings)


class FreshProcesses:
    """Runs one searcher in process after process."""

    def __init__(self, which: str, folder: str, num_suggestions: int) -> None:
        """Remember the command."""
        self._command = [sys.executable, "-m", "benchmarks.one_study", which, folder, str(num_suggestions)]
        self.found: list[dict[str, Any]] = []
        """What each process said."""

    def measure(self) -> Measurement:
        """Run one process."""
        done = subprocess.run(self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        self.found.append(json.loads(done.stdout.splitlines()[-1]))
        return Measurement(seconds=self.found[-1]["seconds"], peak_megabytes=self.found[-1]["peak_megabytes"])


def findings(ours: Sequence[dict[str, Any]], stock: Sequence[dict[str, Any]]) -> list[Finding]:
    """Return what else the processes said, medians."""

    def of(found: Sequence[dict[str, Any]], key: str) -> float:
        return median(each[key] for each in found)

    figures = [
        Finding(
            key="seconds_to_resume",
            value=of(ours, "load") + of(ours, "resume"),
            words=f"{of(ours, 'load'):.2f} s to read and check all records, and {of(ours, 'resume'):.2f} s to rebuild "
            "the study from them",
        ),
        Finding(
            key="seconds_next_trial",
            value=of(ours, "next_trial"),
            words=f"{of(ours, 'next_trial'):.3f} s for the steering's next trial, its record on disk",
        ),
        Finding(
            key="seconds_report",
            value=of(ours, "report"),
            words=f"{of(ours, 'report'):.4f} s for the steering to take an epoch's report, the record on disk",
        ),
    ]
    if ours[0]["searcher_megabytes"] is None:
        return figures
    megabytes, of_stock = of(ours, "searcher_megabytes"), of(stock, "searcher_megabytes")
    words = f"{megabytes:.0f} MB more after filling and asking than before; Ray's: {of_stock:.0f} MB"
    return [*figures, Finding(key="searcher_megabytes", value=megabytes, words=words)]


if __name__ == "__main__":
    run_command(RoundSettings, main, prog="python -m benchmarks.ask_tell", description=DESCRIPTION)
