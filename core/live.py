"""Lines at the foot of a terminal that are drawn again and again; what is printed meanwhile scrolls by above them."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType, Segment

from core.harmless import in_a_line, warn

LEAST_SECONDS = 0.25
"""Between two drawings: nobody reads faster."""

Piece = tuple[str, str]
"""A text and rich's name of its style."""
Line = list[Piece]
Draw = Callable[[int, int], list[Line]]
"""Makes lines that fit into so many columns and rows."""


def is_live(console: Console) -> bool:
    """True where lines can be drawn again: on a terminal that can move its cursor, and whose user wants to see them."""
    return console.is_terminal and console.is_interactive and not console.is_jupyter and not console.quiet


def is_ascii(console: Console) -> bool:
    """True where the terminal's encoding has plain letters alone."""
    return bool(console.options.ascii_only)


class LiveView:
    """Draws lines at the foot of a terminal, four times a second at most, and only where they have changed.

    Nothing of it raises. A drawing that does switches the live view off: what is to be printed are plain lines then,
    and where these cannot be printed either (a connection that broke), nothing.
    """

    def __init__(self, console: Console, draw: Draw, *, tick_seconds: float | None = None) -> None:
        """Prepare to draw.

        Args:
            console: a terminal, see `is_live`.
            draw: makes the lines.
            tick_seconds: how often a thread draws them; None where `show` is called often enough.
        """
        self._console = console
        self._draw = draw
        self._tick_seconds = tick_seconds
        self._frame = _Frame(console)
        self._live = Live(
            self._frame,
            console=console,
            auto_refresh=False,
            vertical_overflow="crop",
            redirect_stderr=sys.stderr.isatty(),  # what goes into a file is to arrive there
        )
        self._lock = threading.RLock()
        self._next = 0.0
        self._width = 0
        self._is_off = False
        self._is_lost = False
        self._stopped = threading.Event()

    @property
    def is_due(self) -> bool:
        """True once it is time to draw again."""
        return time.monotonic() >= self._next

    def start(self) -> None:
        """Draw for the first time."""
        try:
            self._live.start()
        except Exception as error:
            self._switch_off(error)
        self.show()
        if self._tick_seconds is not None:
            with contextlib.suppress(RuntimeError):  # no thread to spare: then `show` alone moves the clock
                threading.Thread(target=self._tick, daemon=True, name="live view").start()

    def stop(self) -> None:
        """Leave the lines on the screen as they are."""
        self._stopped.set()
        with self._lock, contextlib.suppress(Exception):
            self._live.stop()

    def show(self, above: Sequence[str] = ()) -> None:
        """Draw the lines as they are now, and print others above them for good."""
        with self._lock:
            self._next = time.monotonic() + LEAST_SECONDS
            if not self._is_off:
                try:
                    self._show(above)
                    return
                except Exception as error:
                    self._switch_off(error)
            self._print_plainly(above)

    def _show(self, above: Sequence[str]) -> None:
        """Draw where anything has changed; lines to be printed bring the new frame with them."""
        width, height = self._console.size
        lines = self._draw(width, height)
        if not above and lines == self._frame.lines and width == self._width:
            return
        self._clear_folded(width)
        self._frame.take(lines)
        self._width = width
        if above:
            print_lines(self._console, above)
        else:
            self._live.refresh()

    def _switch_off(self, error: Exception) -> None:
        """Erase what is drawn, for good, and say why."""
        self._is_off = True
        self._stopped.set()
        self._frame.take([])
        with contextlib.suppress(Exception):
            self._live.stop()
        warn(f"the live view is switched off: {in_a_line(error)}. What ends is told in plain lines")

    def _print_plainly(self, lines: Sequence[str]) -> None:
        """Print lines as a log has them, as long as there is somewhere to print."""
        if not self._is_lost:
            try:
                print_lines(self._console, lines)
            except Exception:
                self._is_lost = True

    def _clear_folded(self, width: int) -> None:
        """Go up over the rows by which a terminal that has become narrower has folded what was drawn."""
        lengths = (min(sum(cell_len(text) for text, _ in line), self._width) for line in self._frame.lines)
        num_more = sum(max(-(-length // width) - 1, 0) for length in lengths) if width < self._width else 0
        if num_more:
            up = ((ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1)) * num_more
            self._console.control(Control(ControlType.CARRIAGE_RETURN, *up))

    def _tick(self) -> None:
        """Keep the clock going."""
        while not self._stopped.wait(self._tick_seconds):
            self.show()


class _Frame:
    """Lines that are ready, so that drawing them costs next to nothing and does not raise."""

    def __init__(self, console: Console) -> None:
        """Begin with no lines."""
        self._console = console
        self._segments: list[Segment] = []
        self.lines: list[Line] = []

    def take(self, lines: list[Line]) -> None:
        """Be these lines from now on."""
        styled = {style: self._console.get_style(style) for line in lines for _, style in line if style}
        self._segments = [
            segment
            for line in lines
            for segment in (*(Segment(text, styled.get(style)) for text, style in line), Segment.line())
        ]
        self.lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines."""
        yield from self._segments


def print_lines(console: Console, lines: Sequence[str]) -> None:
    """Print lines, if any, as they are: brackets are no markup, and no path is broken in two."""
    if lines:
        letters = "\n".join(lines).encode(console.encoding, "replace")  # an error may say what no terminal can show
        console.print(letters.decode(console.encoding), soft_wrap=True, markup=False, highlight=False, emoji=False)


def fitted(label: str, pieces: Sequence[tuple[int, Piece]], width: int, *, reserved: int = 0) -> Line:
    """Return a line of a label and pieces; where it is too long, those of the highest number go first.

    Args:
        label: in front; 10 columns where there is room.
        pieces: with the number by which each goes, the least last; those with an empty text are left out.
        width: of the terminal, in columns.
        reserved: columns that something else takes on the same line.
    """
    head = f"{label:<10}" if width >= 60 else f"{label} "
    kept = [piece for piece in pieces if piece[1][0]]
    while len(kept) > 1 and len(head) + sum(cell_len(text) + 2 for _, (text, _) in kept) - 2 > width - reserved:
        kept.remove(max(kept, key=lambda piece: piece[0]))
    line: Line = [(head, "dim")]
    for place, (_, piece) in enumerate(kept):
        line += [("  ", ""), piece] if place else [piece]
    return line
