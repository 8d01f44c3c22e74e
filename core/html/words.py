"""Numbers and names as all pages show them; it loads nothing, so that the terminal may use it too."""

from collections import Counter
from collections.abc import Sequence

LONGEST_NAME = 24
"""Letters of a class's or a member's name in figures and tiles."""
LONGEST_IN_A_LINE = 12
"""Of a class beside a bar or a member's name."""
LONGEST_AT_AN_AXIS = 14
NO_BREAK = "\N{NO-BREAK SPACE}"
PERCENT = f"{NO_BREAK}%"


def percent(share: float, digits: int = 3) -> str:
    """Return a share in [0, 1] as 99.626 %."""
    return f"{share:.{digits}%}".replace("%", PERCENT)


def percent_range(interval: tuple[float, float]) -> str:
    """Return an interval of a share, its ends rounded as `percent` does."""
    return f"{percent(interval[0]).removesuffix(PERCENT)} to {percent(interval[1])}"


def nats(log_loss: float) -> str:
    """Return a log-loss."""
    return f"{log_loss:.5f}"


def nats_range(interval: tuple[float, float]) -> str:
    """Return an interval of log-losses."""
    return f"{nats(interval[0])} to {nats(interval[1])}"


def count(number: float) -> str:
    """Return a count, or a mean of counts with one digit where it is not whole."""
    return f"{number:,.1f}".removesuffix(".0")


def counted(number: float, what: str) -> str:
    """Return a count with its noun: 1 error, 2.3 errors."""
    return f"{count(number)} {what}" + ("" if number == 1 else "s")


def name_in_short(name: str, *, longest: int = LONGEST_NAME, from_its_end: bool = False) -> str:
    """Return a name of at most so many letters; a path is told by its end."""
    line = " ".join(name.split())
    if len(line) <= longest:
        return line
    return f"…{line[1 - longest :]}" if from_its_end else f"{line[: longest - 1]}…"


def names_in_short(names: Sequence[str], *, longest: int = LONGEST_NAME) -> list[str]:
    """Return names of at most so many letters, told apart: by beginnings, else by both ends, else by their places."""
    short = [name_in_short(name, longest=longest) for name in names]
    if len(set(short)) == len(set(names)):
        return short
    head, lines = (longest - 1) // 2, [" ".join(name.split()) for name in names]
    short = [line if len(line) <= longest else f"{line[:head]}…{line[1 + head - longest :]}" for line in lines]
    times = Counter(short)
    return [
        f"{line[: longest - 1 - len(str(place))]}…{place}" if times[one] > 1 and len(line) > longest else one
        for place, (line, one) in enumerate(zip(lines, short, strict=True))
    ]


def significant(value: float) -> str:
    """Return a p-value to two digits; a very small one by its bound."""
    return "below 0.0001" if value < 0.0001 else f"{value:.2g}"
