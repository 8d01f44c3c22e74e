"""What a run of one size says: shares of the ideal, the driver's cost, and where that would end."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.scaled_search import Order
from benchmarks.scaled_trials import Span

FIGURES = {
    "trials": "trials",
    "ideal": "share of the ideal",
    "ideal_steady": "the same, until the last trial began",
    "ideal_with_start": "the same as the first, workers' starts included",
    "ideal_most": "what any driver could have: whole waves of trials",
    "trials_an_hour": "trials an hour",
    "gap_seconds": "s between a worker's trials, median",
    "driver_seconds": "driver, processor s a trial",
    "loop_seconds": "of it the loop's thread",
    "loop_busy": "share of the time that this thread computes",
    "machine_busy": "cores that the machine was busy on",
    "worker_seconds": "workers, processor s a trial",
    "cluster_seconds": "Ray's gcs, raylets, agents, processor s a trial",
    "megabytes": "driver, MB at the end",
    "kilobytes_a_trial": "its growth, kB a trial",
    "vote_seconds": "`python -m ensemble`, s",
}
TOLD_SECONDS = (10, 60, 600)
"""Lengths of trials for which the limit is told."""
TOLD_TRIALS = (1_000, 10_000)
LEAST_FOR_GROWTH = 200
"""Trials of a run in which a growth of their cost can be told from noise; in a shorter one it counts as none."""


@dataclass(frozen=True, kw_only=True)
class SizeFigures:
    """What was measured on so many nodes; processor time is of the time between first begin and last end."""

    nodes: int
    trials: int
    ideal: float
    ideal_steady: float
    ideal_with_start: float
    ideal_most: float
    trials_an_hour: float
    gap_seconds: float
    driver_seconds: float
    loop_seconds: float
    loop_busy: float
    machine_busy: float
    worker_seconds: float
    cluster_seconds: float
    megabytes: float
    kilobytes_a_trial: float
    loop_seconds_at_first: float
    """What a trial costs the loop's thread by a straight line through the run, at the first trial."""
    loop_seconds_growth: float
    """By how much that grows with each trial before it."""
    vote_seconds: float

    def in_words(self) -> str:
        """Return the line that is printed as soon as the size is done."""
        return (
            f"{self.trials} trials, {self.ideal:.3f} of the ideal (steady {self.ideal_steady:.3f}, with start "
            f"{self.ideal_with_start:.3f}), driver {self.driver_seconds:.3f} s a trial, {self.megabytes:.0f} MB"
        )


def figures_of(order: Order, spans: Sequence[Span], found: Mapping[str, Any], vote_seconds: float) -> SizeFigures:
    """Return the figures of one run.

    Args:
        order: what was run.
        spans: of all trials.
        found: what the driver measured.
        vote_seconds: of the vote afterwards.
    """
    num_nodes, seconds, trials = order.nap.num_workers, order.nap.seconds, len(spans)
    assert trials == order.trials, f"{order.trials} trials must have run, got {trials}"
    began, ended = min(span.began for span in spans), max(span.ended for span in spans)
    at_least = trials * seconds / num_nodes
    samples, accounts = found["samples"], found["accounts"]
    first, last = samples[0], samples[-1]
    num_done = last["num_ended"] - first["num_ended"]
    machine, kinds, period = _differences(accounts)
    num_ended = np.array([sample["num_ended"] for sample in samples])
    loop = np.array([sample["main_thread_seconds"] for sample in samples])
    growth, at_first = _slope_and_start(num_ended, loop)
    return SizeFigures(
        nodes=num_nodes,
        trials=trials,
        ideal=at_least / (ended - began),
        ideal_steady=_occupied(spans, seconds, began, spans[-1].began) / num_nodes,
        ideal_with_start=at_least / (ended - found["loop_began"]),
        ideal_most=at_least / (-(-trials // num_nodes) * seconds),
        trials_an_hour=3600 * trials / (ended - began),
        gap_seconds=_gap(spans),
        driver_seconds=(last["seconds"] - first["seconds"]) / num_done,
        loop_seconds=(loop[-1] - loop[0]) / num_done,
        loop_busy=(loop[-1] - loop[0]) / (last["at"] - first["at"]),
        machine_busy=machine / period,
        worker_seconds=kinds["workers"] / num_done,
        cluster_seconds=(sum(kinds.values()) - kinds["workers"]) / num_done,
        megabytes=last["megabytes"],
        kilobytes_a_trial=1000 * (last["megabytes"] - first["megabytes"]) / num_done,
        loop_seconds_at_first=at_first,
        loop_seconds_growth=growth,
        vote_seconds=vote_seconds,
    )


@dataclass(frozen=True, kw_only=True)
class Extrapolation:
    """Where a size's figures, straight on, would end; nothing of it was run."""

    loop_seconds_by_trials: dict[int, float]
    """What a trial would cost the thread with Tune's loop after so many others."""
    most_nodes: dict[int, dict[int, float]]
    """Nodes of one slot that would keep that thread busy all the time: by trials so far, by a trial's seconds."""

    def in_words(self) -> list[str]:
        """Return what is printed."""
        return [
            f"extrapolated, not run: after {trials:,} trials each costs the loop "
            f"{self.loop_seconds_by_trials[trials]:.3f} s; it would be busy all the time with "
            + ", ".join(f"{num_nodes:,.0f} nodes in trials of {seconds} s" for seconds, num_nodes in nodes.items())
            for trials, nodes in self.most_nodes.items()
        ]


def extrapolation(size: SizeFigures) -> Extrapolation:
    """Return where a size's costs would end, by straight lines."""
    costs = {trials: size.loop_seconds_at_first + size.loop_seconds_growth * trials for trials in TOLD_TRIALS}
    costs = {trials: max(cost, size.loop_seconds) for trials, cost in costs.items()}  # noise is no gain
    nodes = {trials: {seconds: seconds / cost for seconds in TOLD_SECONDS} for trials, cost in costs.items()}
    return Extrapolation(loop_seconds_by_trials=costs, most_nodes=nodes)


def _differences(accounts: Sequence[Mapping[str, Any]]) -> tuple[float, dict[str, float], float]:
    """Return the machine's processor seconds between two accounts, those by kind, and the time."""
    before, after = accounts
    kinds = {kind: after["by_kind"][kind] - before["by_kind"][kind] for kind in before["by_kind"]}
    return after["machine"] - before["machine"], kinds, after["at"] - before["at"]


def _slope_and_start(num_ended: np.ndarray, seconds: np.ndarray) -> tuple[float, float]:
    """Return how a trial's cost grows with each trial, and what the first one cost: a parabola through the sums."""
    if num_ended[-1] < LEAST_FOR_GROWTH:
        return 0.0, float((seconds[-1] - seconds[0]) / max(num_ended[-1] - num_ended[0], 1))
    curvature, slope, _ = np.polyfit(num_ended, seconds, 2)
    return float(2 * curvature), float(slope)


def _occupied(spans: Sequence[Span], seconds: float, began: float, ended: float) -> float:
    """Return how many workers slept on average between two times; a trial's sleep is spread over all of its span."""
    shares = [
        max(min(span.ended, ended) - max(span.began, began), 0.0) * seconds / (span.ended - span.began)
        for span in spans
    ]
    return sum(shares) / (ended - began)


def _gap(spans: Sequence[Span]) -> float:
    """Return the median time from a trial's end to the beginning of the next on the same node."""
    gaps: list[float] = []
    for node in {span.node for span in spans}:
        own = [span for span in spans if span.node == node]
        gaps += [after.began - before.ended for before, after in itertools.pairwise(own)]
    return float(np.median(gaps)) if gaps else 0.0
