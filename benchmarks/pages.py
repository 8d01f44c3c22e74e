"""What search.html costs beside the records that it is made from: `uv run -m benchmarks.pages`."""

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import optuna
from optuna import visualization

from benchmarks.large_study import Rows, settings_of, write_large_study
from benchmarks.report import Benchmark, Finding, run_benchmark
from benchmarks.rounds import Comparison, Contender, Measurement
from benchmarks.settings import ROOT, RoundSettings
from core.cli import run_command
from core.store import files
from core.store.study import StudyFolder
from search.page.page import write_search_page
from search.page.records import read_search
from search.study import frozen_trial

DESCRIPTION = "Time the page of a search of 50 trials and of 2,000 against Optuna's own plots of the same records."
ROWS = Rows(train=160, test=8)
"""The page does not look at them."""
ONCE = """
import json, sys, time
from benchmarks.fresh import peak_megabytes
from search.page.page import write_search_page, StudyFolder
write_search_page(StudyFolder(sys.argv[1]))
print(json.dumps({"seconds": time.process_time(), "peak_megabytes": peak_megabytes()}))
"""
"""What the command does, in a process of its own."""
OPTUNAS = (
    visualization.plot_optimization_history,
    visualization.plot_intermediate_values,
    visualization.plot_param_importances,
    visualization.plot_parallel_coordinate,
    visualization.plot_slice,
    visualization.plot_timeline,
)


def main(settings: RoundSettings) -> None:
    """Run the benchmark."""
    few, many = settings.size(full=50, quick=20), settings.size(full=2_000, quick=60)
    most = settings.size(full=10_000, quick=100)
    with tempfile.TemporaryDirectory(prefix="softvote-") as elsewhere:
        studies = {num: made_up_study(f"{elsewhere}/{num}", num) for num in (few, many, most)}
        benchmark = Benchmark(
            name="pages",
            num_rounds=3,  # the writing of what they measure takes longer
            contenders=tuple(contender for num in (few, many) for contender in _pair(studies[num], num)),
            comparisons=(
                Comparison(key="few_cost", ours=_page(few), baseline=_plots(few)),
                Comparison(key="many_cost", ours=_page(many), baseline=_plots(many)),
                Comparison(key="many_reading_cost", ours=_page(many), baseline=_reading(many)),
            ),
            find=lambda _: _findings(studies, few, most),
            notes=(
                "processor seconds; records of 10 epochs and 25 knobs on a local disk; from the records to the written "
                "file, on both sides",
                "Optuna's are its six plots of a study in one file: history, learning curves, importance, parallel "
                "coordinates, slices, timeline",
                "the command's time has its start and imports in it, the ratios have not",
            ),
        )
        run_benchmark(benchmark, settings)


def made_up_study(folder: str, num_trials: int) -> StudyFolder:
    """Write a study of so many trials."""
    Path(folder).mkdir()
    os.environ["SOFTVOTE_CACHE"] = f"{folder}/cache"
    write_large_study(folder, num_trials, ROWS)
    return StudyFolder(f"{folder}/{settings_of(folder).study}")


def _pair(folder: StudyFolder, num: int) -> tuple[Contender, ...]:
    """Return the page, Optuna's plots of the same records, and the reading alone."""
    return (
        Contender(name=_page(num), measure=lambda: _processor_time(write_search_page, folder)),
        Contender(name=_plots(num), measure=lambda: _processor_time(write_optunas_plots, folder)),
        Contender(name=_reading(num), measure=lambda: _processor_time(read_search, folder)),
    )


def _processor_time(work: Callable[[StudyFolder], object], folder: StudyFolder) -> Measurement:
    """Return what the work takes of the processor, which a busy machine does not change much."""
    began = time.process_time()
    work(folder)
    return Measurement(seconds=time.process_time() - began)


def write_optunas_plots(folder: StudyFolder) -> None:
    """Write what Optuna draws of a study, from the same records into one file: what one would write otherwise."""
    study = optuna.create_study()
    study.add_trials([frozen_trial(record) for record in read_search(folder).trials])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plots = [draw(study) for draw in OPTUNAS]
    parts = [plot.to_html(full_html=False, include_plotlyjs=place == 0) for place, plot in enumerate(plots)]
    Path(files.join(folder.url, "optuna.html")).write_text("".join(parts))


def _plots(num: int) -> str:
    """Return the name of a baseline."""
    return f"Optuna's plots of {num:,}"


def _page(num: int) -> str:
    """Return the name of a contender."""
    return f"page of {num:,}"


def _reading(num: int) -> str:
    """Return the name of the other baseline."""
    return f"records of {num:,} read"


def _findings(studies: dict[int, StudyFolder], few: int, most: int) -> list[Finding]:
    """Return what the whole command takes for few trials and for most of all, and how large its page is."""
    seconds, _ = _command(studies[few])
    most_seconds, megabytes = _command(studies[most])
    size = Path(studies[most].search_page).stat().st_size / 1e6
    return [
        Finding(key="seconds_of_command", value=seconds, words=f"{seconds:.2f} s for {few} trials, imports included"),
        Finding(key="seconds_of_most", value=most_seconds, words=f"{most_seconds:.2f} s for {most:,} trials"),
        Finding(key="megabytes", value=megabytes, words=f"{megabytes:,.0f} MB of memory at most for {most:,} trials"),
        Finding(key="page_megabytes", value=size, words=f"{size:.1f} MB is the page of {most:,} trials"),
    ]


def _command(folder: StudyFolder) -> tuple[float, float]:
    """Return the processor seconds, from its start, and the peak megabytes of a process that makes a study's page."""
    command = [sys.executable, "-c", ONCE, folder.url]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout)
    return found["seconds"], found["peak_megabytes"] or 0.0


if __name__ == "__main__":
    run_command(RoundSettings, main, prog="python -m benchmarks.pages", description=DESCRIPTION)
