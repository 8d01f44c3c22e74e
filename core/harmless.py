"""What is worth a warning and no more: views of a training, which never cost it anything."""

import contextlib
import sys
from types import TracebackType

from core.errors import SoftvoteError


class Harmless:
    """Blocks whose errors cost one warning altogether: `with harmless: ...`, as often as one likes."""

    def __init__(self, what: str, then: str) -> None:
        """Word the warning: what is the matter stands before the error, and what comes of it behind."""
        self._what = what
        self._then = then
        self._has_warned = False

    def __enter__(self) -> None:
        """Begin a block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Take an error in; Ctrl-C and its like go on."""
        if not isinstance(error, Exception):
            return False
        if not self._has_warned:
            warn(f"{self._what}: {in_a_line(error)}. {self._then}")
        self._has_warned = True
        return True


def warn(line: str) -> None:
    """Print a warning; where stderr is gone, a warning less is no reason to end."""
    with contextlib.suppress(Exception):
        print(f"warning: {line}", file=sys.stderr)


def in_a_line(error: Exception) -> str:
    """Return what an error says; one that is not about the user's files or settings with its class."""
    words = " ".join(str(error).split())
    if words and isinstance(error, (SoftvoteError, OSError)):
        return words
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
