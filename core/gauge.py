"""Numbers as few letters on a terminal: times, bars, small curves; in plain letters where it knows no others."""

import math
from collections.abc import Sequence

STEPS = "▁▂▃▄▅▆▇█"
ASCII_STEPS = "_.-=+*#@"


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def bar(share: float, width: int, *, is_ascii: bool) -> tuple[str, str]:
    """Return what is done of a bar and what is left of it; the two differ without any colour.

    Args:
        share: done, 0..1; what lies outside counts as the nearer end.
        width: of both together, in columns.
        is_ascii: whether the terminal knows plain letters alone.
    """
    halves = round(2 * width * min(max(share, 0.0), 1.0))
    if is_ascii:
        return "#" * (halves // 2), "." * (width - halves // 2)
    done = "━" * (halves // 2) + "╸" * (halves % 2)
    return done, "─" * (width - len(done))


def curve(values: Sequence[float], width: int, *, is_ascii: bool) -> str:
    """Return a curve of positive values as one letter each, on a log scale; of too many the last ones."""
    steps = ASCII_STEPS if is_ascii else STEPS
    logs = [math.log(max(value, 1e-9)) for value in values][-width:] if width > 0 else []
    if not logs:
        return ""
    low, high = min(logs), max(logs)
    scale = (len(steps) - 1) / (high - low) if high > low else 0.0
    return "".join(steps[round((value - low) * scale)] for value in logs)
