"""Interleaved rounds, A B A B, so that a machine that slows down slows down both; medians, and their ratios."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

COST_SUFFIX = "_cost"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One piece of work, done once."""

    seconds: float
    peak_megabytes: float | None = None
    """Of the whole process, where it was a fresh one."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One of the things compared."""

    name: str
    measure: Callable[[], Measurement]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A ratio of two contenders, named by their names."""

    key: str
    """The baseline as the JSON line calls it; ending in _cost where smaller is better."""
    ours: str
    baseline: str
    of_memory: bool = False
    """Compare the peaks of memory instead of the times; the key ends in _cost."""

    def __post_init__(self) -> None:
        """Refuse a speed of memory."""
        assert not self.of_memory or self.is_cost, f"{self.key} compares memory: its name must end in {COST_SUFFIX}"

    @property
    def is_cost(self) -> bool:
        """True where smaller is better."""
        return self.key.endswith(COST_SUFFIX)

    def amount(self, measurement: Measurement) -> float:
        """Return the seconds or megabytes that are compared."""
        if not self.of_memory:
            return measurement.seconds
        assert measurement.peak_megabytes is not None, f"{self.key} compares memory that was not measured"
        return measurement.peak_megabytes


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """What a comparison came to."""

    value: float
    """Of the medians."""
    least: float
    """Of the rounds' own ratios."""
    most: float


def timed(work: Callable[[], object]) -> Callable[[], Measurement]:
    """Return `work` as something to measure: its wall time. It must have finished when it returns."""

    def measure() -> Measurement:
        started = time.perf_counter()
        work()
        return Measurement(seconds=time.perf_counter() - started)

    return measure


def run_rounds(contenders: Sequence[Contender], num_rounds: int) -> dict[str, list[Measurement]]:
    """Measure every contender once a round, in the order given, after one measurement each that is thrown away.

    The first call of each compiles, allocates and fills caches.

    Returns:
        The contenders' measurements by name, one a round.
    """
    for contender in contenders:
        contender.measure()
    found: dict[str, list[Measurement]] = {contender.name: [] for contender in contenders}
    for _ in range(num_rounds):
        for contender in contenders:
            found[contender.name].append(contender.measure())
    return found


def median_seconds(measurements: Sequence[Measurement]) -> float:
    """Return the median time in seconds."""
    return median(measurement.seconds for measurement in measurements)


def ratio_of(comparison: Comparison, found: Mapping[str, Sequence[Measurement]]) -> Ratio:
    """Return ours over the baseline: its speed (larger is better), or for a key in _cost its cost (smaller is better).

    Both did the same number of images, so that the ratio of speeds is the inverse ratio of times.
    """
    ours, baseline = (
        [comparison.amount(each) for each in found[name]] for name in (comparison.ours, comparison.baseline)
    )

    def over(ours: float, baseline: float) -> float:
        return ours / baseline if comparison.is_cost else baseline / ours

    of_rounds = [over(a, b) for a, b in zip(ours, baseline, strict=True)]
    return Ratio(value=over(median(ours), median(baseline)), least=min(of_rounds), most=max(of_rounds))


def is_measured(comparison: Comparison, found: Mapping[str, Sequence[Measurement]]) -> bool:
    """Return False for a comparison of memory where this system does not say how much was used."""
    both = [*found[comparison.ours], *found[comparison.baseline]]
    return not comparison.of_memory or all(each.peak_megabytes is not None for each in both)
