"""A benchmark from its contenders to the screen: machine, table, ratios and, last, one JSON line."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
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
from benchmarks.settings import RoundSettings
from core.progress import new_console, print_line
from core.store.manifest import installed_versions, this_machine

PACKAGES_SHOWN = ("python", "tensorflow", "keras", "numpy", "pandas", "ray", "optuna")

Found = Mapping[str, Sequence[Measurement]]
"""The contenders' measurements by name, one a round."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A figure that is no ratio of two contenders."""

    key: str
    """As the JSON line calls it."""
    value: float
    words: str
    """The figure in a line of its own."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """What is compared, and what has to be said beside the figures."""

    name: str
    """As the JSON line calls it: the module's name."""
    contenders: tuple[Contender, ...]
    comparisons: tuple[Comparison, ...]
    num_images: int | None = None
    """What each contender works through in a round; None where that is no measure of it."""
    num_steps: int | None = None
    """Training steps in a round; None where nothing is trained."""
    num_rounds: int | None = None
    """Of a full run; None takes the settings' own."""
    find: Callable[[Found], Sequence[Finding]] = lambda _: ()
    """What else is to be said of the measurements, printed below the ratios."""
    notes: tuple[str, ...]
    """What is and is not in the times, a line each."""


def run_benchmark(benchmark: Benchmark, settings: RoundSettings, console: Console | None = None) -> None:
    """Measure and print; the JSON line is the last of stdout."""
    console = console or new_console()
    print_line(console, machine_line())
    for note in benchmark.notes:
        print_line(console, note)
    if settings.quick:
        print_line(console, "a quick run: the figures are not worth quoting")
    num_rounds = settings.num_rounds if settings.quick else benchmark.num_rounds or settings.num_rounds
    found = run_rounds(benchmark.contenders, num_rounds)
    comparisons = [comparison for comparison in benchmark.comparisons if is_measured(comparison, found)]
    ratios = {comparison.key: ratio_of(comparison, found) for comparison in comparisons}
    console.print(_table(benchmark, found))
    for comparison in comparisons:
        print_line(console, _ratio_line(comparison, ratios[comparison.key]))
    findings = benchmark.find(found)
    for finding in findings:
        print_line(console, f"{finding.key}: {finding.words}")
    print_line(console, json_line(benchmark.name, ratios, findings))


def json_line(name: str, ratios: Mapping[str, Ratio], findings: Sequence[Finding] = ()) -> str:
    """Return {"benchmark": name, "ratios": {key: ratio of medians}, findings by key}, in three digits."""
    figures = {finding.key: _rounded(finding.value) for finding in findings}
    return json.dumps({"benchmark": name, "ratios": {key: _rounded(r.value) for key, r in ratios.items()}, **figures})


def machine_line() -> str:
    """Return processor, cores, what else keeps it busy, versions and date."""
    machine, versions = this_machine(), installed_versions()
    shown = ", ".join(f"{name} {versions[name]}" for name in PACKAGES_SHOWN if name in versions)
    load = f", load {os.getloadavg()[0]:.1f} before the first round" if hasattr(os, "getloadavg") else ""
    return f"{machine['processor']}, {machine['cores']} cores, {machine['system']}{load}; {shown}; {date.today()}"


def _rounded(value: float) -> float:
    """Return a number in three digits, whole ones in all of theirs."""
    return value if isinstance(value, int) else float(f"{value:.3g}")


def _table(benchmark: Benchmark, found: Found) -> Table:
    """Return a row a contender: median and range, and the peak of memory where it was measured, else the rate."""
    has_memory = any(each.peak_megabytes is not None for each in next(iter(found.values())))
    num_images, num_rounds = benchmark.num_images, len(next(iter(found.values())))
    of_images = "" if num_images is None else f" of {num_images:,} images"
    table = Table(title=f"{benchmark.name}: {num_rounds} interleaved rounds{of_images}")
    table.add_column("what")
    columns = ["median", "least", "most"]
    columns += ["peak MB"] if has_memory else ["images/s"] * (num_images is not None)
    for column in columns + ["ms/step"] * (benchmark.num_steps is not None):
        table.add_column(column, justify="right")
    for name, measurements in found.items():
        seconds = [measurement.seconds for measurement in measurements]
        middle = median_seconds(measurements)
        cells = [name, *(f"{value:.3f} s" for value in (middle, min(seconds), max(seconds)))]
        if has_memory:
            cells.append(f"{max(each.peak_megabytes or 0 for each in measurements):,.0f}")
        elif num_images is not None:
            cells.append(f"{num_images / middle:,.0f}")
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
