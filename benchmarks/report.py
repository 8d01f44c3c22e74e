"""A benchmark from its contenders to the screen: machine, table, ratios and, last, one JSON line."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.rounds import (
    Comparison,
    Contender,
    Measurement,
    Ratio,
    is_measured,
    median_seconds,
    ratio_of,
    run_rounds,
)
from benchmarks.settings import BenchmarkSettings
from core.progress import new_console, print_line
from core.store.manifest import installed_versions, this_machine

PACKAGES_SHOWN = ("python", "tensorflow", "keras", "numpy", "pandas")


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """What is compared, and what has to be said beside the figures."""

    name: str
    """As the JSON line calls it: the module's name."""
    contenders: tuple[Contender, ...]
    comparisons: tuple[Comparison, ...]
    num_images: int
    """What each contender works through in a round."""
    num_steps: int | None = None
    """Training steps in a round; None where nothing is trained."""
    notes: tuple[str, ...]
    """What is and is not in the times, a line each."""


def run_benchmark(benchmark: Benchmark, settings: BenchmarkSettings, console: Console | None = None) -> None:
    """Measure and print; the JSON line is the last of stdout."""
    console = console or new_console()
    print_line(console, machine_line())
    for note in benchmark.notes:
        print_line(console, note)
    if settings.quick:
        print_line(console, "a quick run: the figures are not worth quoting")
    found = run_rounds(benchmark.contenders, settings.num_rounds)
    comparisons = [comparison for comparison in benchmark.comparisons if is_measured(comparison, found)]
    ratios = {comparison.key: ratio_of(comparison, found) for comparison in comparisons}
    console.print(_table(benchmark, found))
    for comparison in comparisons:
        print_line(console, _ratio_line(comparison, ratios[comparison.key]))
    print_line(console, json_line(benchmark.name, ratios))


def json_line(name: str, ratios: Mapping[str, Ratio]) -> str:
    """Return {"benchmark": name, "ratios": {key: ratio of medians, three digits}}."""
    return json.dumps({"benchmark": name, "ratios": {key: float(f"{r.value:.3g}") for key, r in ratios.items()}})


def machine_line() -> str:
    """Return processor, cores, what else keeps it busy, versions and date."""
    machine, versions = this_machine(), installed_versions()
    shown = ", ".join(f"{name} {versions[name]}" for name in PACKAGES_SHOWN if name in versions)
    load = f", load {os.getloadavg()[0]:.1f} before the first round" if hasattr(os, "getloadavg") else ""
    return f"{machine['processor']}, {machine['cores']} cores, {machine['system']}{load}; {shown}; {date.today()}"


def _table(benchmark: Benchmark, found: Mapping[str, Sequence[Measurement]]) -> Table:
    """Return a row a contender: median and range, and the peak of memory where it was measured, else the rate."""
    has_memory = any(each.peak_megabytes is not None for each in next(iter(found.values())))
    num_rounds = len(next(iter(found.values())))
    table = Table(title=f"{benchmark.name}: {num_rounds} interleaved rounds of {benchmark.num_images:,} images")
    table.add_column("what")
    columns = ["median", "least", "most", "peak MB" if has_memory else "images/s"]
    for column in columns + ["ms/step"] * (benchmark.num_steps is not None):
        table.add_column(column, justify="right")
    for name, measurements in found.items():
        seconds = [measurement.seconds for measurement in measurements]
        middle = median_seconds(measurements)
        cells = [name, *(f"{value:.3f} s" for value in (middle, min(seconds), max(seconds)))]
        peak = max(each.peak_megabytes or 0 for each in measurements)
        cells.append(f"{peak if has_memory else benchmark.num_images / middle:,.0f}")
        if benchmark.num_steps is not None:
            cells.append(f"{1000 * middle / benchmark.num_steps:.1f}")
        table.add_row(*map(Text, cells))  # a name in brackets is no markup
    return table


def _ratio_line(comparison: Comparison, ratio: Ratio) -> str:
    """Return one comparison in words."""
    if comparison.of_memory:
        meaning = f"has {ratio.value:.3g} times the peak memory of {comparison.baseline}: smaller is better"
    elif comparison.is_cost:
        meaning = f"takes {ratio.value:.3g} times as long as {comparison.baseline}: smaller is better"
    else:
        meaning = f"is {ratio.value:.3g} times as fast as {comparison.baseline}: larger is better"
    return f"{comparison.key}: {comparison.ours}, {meaning} (single rounds: {ratio.least:.3g} to {ratio.most:.3g})"
