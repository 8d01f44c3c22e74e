"""How honest a vote's estimate is, where the truth is known: `uv run -m benchmarks.honesty`."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from benchmarks.known_truth import SimulatedStudy, World, draw_study
from benchmarks.report import machine_line
from benchmarks.settings import RoundSettings
from core.cli import run_command
from core.metrics import log_loss
from core.progress import new_console, print_line
from ensemble.auto import auto_chooser
from ensemble.choice import Choice, Chooser, combine
from ensemble.greedy import GreedySettings, choose_greedy, greedy_with
from ensemble.mean import choose_mean, mean_of_top
from ensemble.nested import NUM_REPEATS, nested_estimate
from ensemble.weighted import choose_weighted

DESCRIPTION = "Estimate votes of simulated studies, and compare the estimates with the truth on fresh rows."
NUM_STUDIES = 100
MORE_ROWS = (400, 1000)
"""Where else the methods' truth is looked up, without estimates."""
NUM_FRESH = 10_000
"""Fifty times the rows of a study: the truth's own chance adds 1 % to the variance of a difference from it."""
WITHOUT_SAFEGUARDS = GreedySettings(sorted_start=0, bags=1, library_share=1.0, keeps_best_prefix=False)

mean_of_all = mean_of_top(World().num_configs)
"""The plain mean, which chooses nothing: what others are compared with."""
METHODS: dict[str, Chooser] = {
    "mean_of_all": mean_of_all,
    "greedy_plain": greedy_with(WITHOUT_SAFEGUARDS),
    "greedy_safe": choose_greedy,
    "auto": auto_chooser({"mean_of_all": mean_of_all, "greedy": choose_greedy, "weighted": choose_weighted}),
    "mean": choose_mean,
}
COLUMNS = (("optimistic", "truth"), ("honest", "truth_of_parts"), ("honest_on_holdout", "truth_of_parts"))
"""What the table shows beside the truth, and the truth that each is an estimate of."""
DEFAULT = "mean_of_all"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One study's vote by one method: what is said of it and what is true, all of log-loss."""

    truth: float
    """On fresh rows, of the vote chosen on all labelled rows."""
    truth_of_parts: float
    """On fresh rows, mean of the votes that the estimate is made of, each chosen on a part of the rows."""
    optimistic: float
    """On the rows that chose it."""
    honest: float
    """Nested, on the rows outside the search's holdout."""
    honest_on_holdout: float
    """Nested, on the search's holdout."""
    error: float
    """Standard error of `honest`, from its 95 % interval."""
    is_covered: bool
    """Whether `truth` is in that interval."""


def main(settings: RoundSettings) -> None:
    """Draw studies, let each method vote, print a table and the JSON line."""
    console = new_console()
    print_line(console, machine_line())
    num_studies, num_fresh = settings.size(full=NUM_STUDIES, quick=2), settings.size(full=NUM_FRESH, quick=500)
    world = World()
    found: dict[str, list[Verdict]] = {name: [] for name in METHODS}
    for seed in range(num_studies):
        study = draw_study(world, num_fresh, np.random.default_rng(seed))
        for name, chooser in METHODS.items():
            found[name].append(judge(study, chooser, seed))
    print_line(console, str(world))
    console.print(_table(found))
    by_rows = {rows: _truths(World(num_rows=rows), num_studies, num_fresh) for rows in MORE_ROWS}
    for rows, truths in by_rows.items():
        print_line(console, f"truth with {rows} rows: {', '.join(f'{n} {np.mean(t):.4f}' for n, t in truths.items())}")
    more = {
        f"greedy_safe_{rows}_rows_in_se": _over(truths["greedy_safe"], truths[DEFAULT])
        for rows, truths in by_rows.items()
    }
    figures = {**figures_of(found), **{key: round(figure, 2) for key, figure in more.items()}}
    print_line(console, json.dumps({"benchmark": "honesty", **figures}))


def judge(study: SimulatedStudy, chooser: Chooser, seed: int, num_repeats: int = NUM_REPEATS) -> Verdict:
    """Let a method vote in one study, estimate that vote, and look up the truth."""
    choice = chooser(study.softmax, study.labels, seed)
    nested = nested_estimate(study.softmax, study.labels, chooser, seed=seed, num_repeats=num_repeats)
    outside = nested.scores(~study.is_holdout)
    truth = true_log_loss(study, choice)
    low, high = outside.log_loss_interval
    return Verdict(
        truth=truth,
        truth_of_parts=float(np.mean([true_log_loss(study, part) for part in nested.choices])),
        optimistic=log_loss(combine(choice, study.softmax), study.labels),
        honest=outside.log_loss,
        honest_on_holdout=float(nested.losses[study.is_holdout].mean()),
        error=(high - low) / 3.92,
        is_covered=low <= truth <= high,
    )


def true_log_loss(study: SimulatedStudy, choice: Choice) -> float:
    """Return the log-loss of a vote on the fresh rows."""
    return log_loss(combine(choice, study.fresh_softmax), study.fresh_labels)


def in_standard_errors(
    differences: Sequence[float],  # one a study, two or more
) -> float:
    """Return how many of its standard errors the mean of differences is from 0; 0 where all of them are 0."""
    if not any(differences):
        return 0.0
    return float(np.mean(differences) / (np.std(differences, ddof=1) / math.sqrt(len(differences))))


def figures_of(found: Mapping[str, Sequence[Verdict]]) -> dict[str, object]:
    """Return the JSON line's figures; those `_in_se` are mean differences over the studies, in standard errors."""
    safe, auto, mean = (found[name] for name in ("greedy_safe", "auto", DEFAULT))
    truths = {name: [one.truth for one in verdicts] for name, verdicts in found.items()}
    figures = {
        "nested_bias_in_se": in_standard_errors([one.honest - one.truth_of_parts for one in safe]),
        "holdout_bias_in_se": in_standard_errors([one.honest_on_holdout - one.truth_of_parts for one in safe]),
        "optimistic_bias_in_se": in_standard_errors([one.optimistic - one.truth for one in safe]),
        "coverage": float(np.mean([one.is_covered for one in safe])),
        "greedy_plain_in_se": _over(truths["greedy_plain"], truths[DEFAULT]),
        "greedy_safe_in_se": _over(truths["greedy_safe"], truths[DEFAULT]),
        "safeguards_in_se": _over(truths["greedy_plain"], truths["greedy_safe"]),
        "auto_in_se": _over(truths["auto"], truths[DEFAULT]),
        "auto_worst": max((one.truth - other.truth) / one.error for one, other in zip(auto, mean, strict=True)),
    }
    costs = {name: _mean(found[name], "truth") / _mean(mean, "truth") for name in list(found)[1:]}
    return {
        "ratios": {f"{name}_cost": round(cost, 4) for name, cost in costs.items()},
        "studies": len(safe),
        **{key: round(figure, 2) for key, figure in figures.items()},
    }


def _over(truths: Sequence[float], others: Sequence[float]) -> float:
    """Return how many standard errors one method's truth is above (worse than) another's, study by study."""
    return in_standard_errors([one - other for one, other in zip(truths, others, strict=True)])


def _truths(world: World, num_studies: int, num_fresh: int) -> dict[str, list[float]]:
    """Return each method's truth in each study of another world, without estimates."""
    truths: dict[str, list[float]] = {name: [] for name in METHODS}
    for seed in range(num_studies):
        study = draw_study(world, num_fresh, np.random.default_rng(seed))
        for name, chooser in METHODS.items():
            truths[name].append(true_log_loss(study, chooser(study.softmax, study.labels, seed)))
    return truths


def _mean(verdicts: Sequence[Verdict], name: str) -> float:
    """Return the mean of a field over the studies."""
    return float(np.mean([getattr(one, name) for one in verdicts]))


def _table(found: Mapping[str, Sequence[Verdict]]) -> Table:
    """Return a row a method, means over the studies; in brackets the mean's standard errors from the truth."""
    studies = len(found[DEFAULT])
    table = Table(
        title=f"honesty: log-loss, means of {studies} studies (difference from the truth, in standard errors)"
    )
    for column in ("method", "truth", "on the rows that chose", "honest, outside", "honest, holdout", "covered"):
        table.add_column(column, justify="left" if column == "method" else "right")
    for name, verdicts in found.items():
        cells = [_cell(verdicts, field, of) for field, of in COLUMNS]
        covered = np.mean([one.is_covered for one in verdicts])
        table.add_row(name, f"{_mean(verdicts, 'truth'):.4f}", *cells, f"{covered:.0%}")
    return table


def _cell(verdicts: Sequence[Verdict], field: str, of: str) -> str:
    """Return the mean of a field, and its mean difference from another in standard errors."""
    differences = [getattr(one, field) - getattr(one, of) for one in verdicts]
    return f"{_mean(verdicts, field):.4f} ({in_standard_errors(differences):+.1f})"


if __name__ == "__main__":
    run_command(RoundSettings, main, prog="python -m benchmarks.honesty", description=DESCRIPTION)
