"""Logarithmic axes: how far they reach, and which values are written along them, few and round ones."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

MANTISSAS: tuple[Sequence[float], ...] = ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
"""Of the values within each power of ten, from many to few."""
LEAST = 3
"""Where a logarithmic axis is so short that fewer round values lie on it, they are at even steps."""


LEAST_RATIO = 1.2
"""Of an axis's ends: values that are all alike stand in the middle of such an axis, whatever lies between them."""


def log_axis(
    values: Iterable[float], title: str = "", *, most_ticks: int = 6, least_ticks: int = LEAST
) -> dict[str, Any]:
    """Return plotly's logarithmic axis over these values, whose ticks are few round numbers."""
    positive = _positive(values)
    ticks = log_ticks(positive, most_ticks, least_ticks)
    found = {"type": "log", "title": {"text": title}, "tickvals": ticks, "ticktext": [f"{tick:g}" for tick in ticks]}
    if positive and not _is_wide(min(positive), max(positive)):  # plotly would show a power of ten on either side
        found["range"] = [math.log10(end) for end in _ends(positive)]
    return found


def log_ticks(values: Iterable[float], most: int = 6, least: int = LEAST) -> list[float]:
    """Return round values for a logarithmic axis over these; none where there is nothing above 0."""
    positive = _positive(values)
    if not positive:
        return []
    low, high = _ends(positive)
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    for mantissas in MANTISSAS:
        found = [float(f"{mantissa}e{power}") for power in powers for mantissa in mantissas]
        found = [tick for tick in found if low * 0.9 <= tick <= high * 1.1]
        if len(found) <= most:
            return found if len(found) >= least else even_ticks(low, high, most)
    decades = [float(f"1e{power}") for power in powers if low * 0.9 <= float(f"1e{power}") <= high * 1.1]
    return decades[:: math.ceil(len(decades) / most)]


def even_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round values at even steps from `low` to `high`, at least one."""
    if high <= low:
        return [low]
    step = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(step * factor for factor in (1, 2, 5, 10, 20) if (high - low) / (step * factor) <= most - 1)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{place * step:.6g}") for place in range(first, last + 1)] or [low]


def _positive(values: Iterable[float]) -> list[float]:
    """Return what can stand on a logarithmic axis."""
    return [value for value in values if value > 0 and math.isfinite(value)]


def _is_wide(low: float, high: float) -> bool:
    """True where values are so far apart that an axis between them has round numbers."""
    return high >= low * LEAST_RATIO


def _ends(positive: Sequence[float]) -> tuple[float, float]:
    """Return the least and the most, or an axis's ends around values that are hardly different."""
    low, high = min(positive), max(positive)
    if _is_wide(low, high):
        return low, high
    middle, half = math.sqrt(low * high), math.sqrt(LEAST_RATIO)
    return middle / half, middle * half
