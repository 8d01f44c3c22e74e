"""Numbers as a page says them."""

from core import gauge


def duration(seconds: float) -> str:
    """Return a time as people say it, and as a terminal shows it but for a short one's digit."""
    return f"{seconds:.1f} s" if seconds < 9.95 else gauge.duration(seconds)


def unit_of(span_seconds: float) -> tuple[str, float]:
    """Return the unit in which a span is drawn, and its seconds."""
    if span_seconds < 180:
        return "seconds", 1.0
    return ("minutes", 60.0) if span_seconds < 10_800 else ("hours", 3600.0)


def percent(share: float) -> str:
    """Return a share of 1 in per cent."""
    return f"{100 * share:.0f} %" if share >= 0.0995 or share == 0 else f"{100 * share:.1f} %"


def number(value: object) -> str:
    """Return a knob's value: numbers in three digits, whole ones in all of theirs."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def plural(count: int, noun: str) -> str:
    """Return such as `1 trial` and `2 trials`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
