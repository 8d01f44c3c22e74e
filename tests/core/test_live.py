import io

import pytest
from rich.console import Console

from core.live import Line, LiveView, fitted, is_live, print_lines

from ..terminal import Screen


class Terminal:
    """A view of a few lines on a terminal whose width changes."""

    def __init__(self, *, width: int = 40) -> None:
        self.text = io.StringIO()
        self.console = Console(file=self.text, width=width, height=10, force_terminal=True, color_system=None)
        self.lines: list[Line] = [[("first", "")], [("second", "bold")]]
        self.view = LiveView(self.console, lambda width, height: list(self.lines))

    @property
    def shown(self) -> list[str]:
        screen = Screen(40)
        screen.feed(self.text.getvalue())
        return screen.lines


def test_lines_are_drawn_again_in_their_place_and_stay_in_the_end() -> None:
    terminal = Terminal()
    terminal.view.start()
    terminal.lines = [[("other", "")]]
    terminal.view.show(["printed [for] good"])
    terminal.view.stop()
    assert terminal.shown == ["printed [for] good", "other", ""]


def test_nothing_is_written_where_nothing_has_changed() -> None:
    terminal = Terminal()
    terminal.view.start()
    before = terminal.text.getvalue()
    terminal.view.show()
    assert terminal.text.getvalue() == before
    terminal.view.stop()


def test_rows_that_a_narrower_terminal_has_folded_are_cleared_too() -> None:
    terminal = Terminal()
    terminal.lines = [[("x" * 35, "")], [("y" * 12, "")]]
    terminal.view.start()
    before = len(terminal.text.getvalue())
    terminal.console.width = 10  # the two lines are six rows now: four and two
    terminal.lines = [[("narrow", "")]]
    terminal.view.show()
    assert terminal.text.getvalue()[before:].count("\x1b[1A") == 5
    terminal.view.stop()


def test_a_terminal_that_is_gone_costs_a_warning(capsys) -> None:
    terminal = Terminal()
    terminal.view.start()

    def gone(text: str) -> int:
        raise OSError(5, "Input/output error")

    terminal.text.write = gone  # type: ignore[method-assign]
    for _ in range(3):
        terminal.view.show(["a line"])
    terminal.view.stop()
    told = capsys.readouterr().err
    assert told.startswith("warning: the live view is switched off: [Errno 5] Input/output error. What ends ")
    assert told.count("\n") == 1


@pytest.mark.parametrize("fault", [ZeroDivisionError("by zero"), OSError(28, "by zero"), ValueError("by zero")])
def test_a_drawing_that_raises_leaves_the_plain_lines_and_a_warning(capsys, fault) -> None:
    terminal = Terminal()
    terminal.view.start()
    terminal.view.show(["one"])

    def draw(width: int, height: int) -> list[Line]:
        raise fault

    terminal.view._draw = draw
    for line in ("two", "three"):
        terminal.view.show([line])
        terminal.view.show()
    terminal.view.stop()
    assert [line for line in terminal.shown if line] == ["one", "two", "three"]
    told = capsys.readouterr().err
    assert told.count("warning: the live view is switched off: ") == told.count("\n") == 1
    assert "by zero. What ends is told in plain lines" in told


def test_a_view_that_cannot_be_drawn_at_all_prints_the_plain_lines(capsys) -> None:
    terminal = Terminal()
    terminal.lines = [[("first", "no such style")]]
    terminal.view.start()
    terminal.view.show(["one"])
    terminal.view.stop()
    assert [line for line in terminal.shown if line] == ["one"]
    assert capsys.readouterr().err.count("\n") == 1


def test_a_clock_that_cannot_be_drawn_ends_in_silence_after_its_warning(capsys) -> None:
    terminal = Terminal()
    view = LiveView(terminal.console, lambda width, height: [[("x", "no such style")]], tick_seconds=0.001)
    view.start()
    view._stopped.wait(10)
    view.stop()
    assert capsys.readouterr().err.count("\n") == 1


def test_letters_that_no_terminal_can_show_are_replaced(tmp_path) -> None:
    with (tmp_path / "shown").open("w", encoding="ascii") as file:
        print_lines(Console(file=file, width=80), ["a \udcff \u2013 b"])
    assert (tmp_path / "shown").read_text() == "a ? ? b\n"


def test_only_a_terminal_that_can_move_its_cursor_and_is_not_silent_is_live() -> None:
    assert is_live(Console(force_terminal=True, _environ={}))
    assert not is_live(Console(force_terminal=True, _environ={}, quiet=True))
    assert not is_live(Console(force_terminal=True, _environ={"TERM": "dumb"}))
    assert not is_live(Console(force_terminal=True, force_interactive=False, _environ={}))
    assert not is_live(Console(file=io.StringIO(), _environ={}))


def test_a_line_that_is_too_long_loses_what_matters_least() -> None:
    pieces = [(0, ("kept", "")), (2, ("goes first", "")), (1, ("goes next", "")), (1, ("", ""))]
    assert "".join(text for text, _ in fitted("label", pieces, 60)) == "label     kept  goes first  goes next"
    assert "".join(text for text, _ in fitted("label", pieces, 25)) == "label kept  goes next"
    assert "".join(text for text, _ in fitted("label", pieces, 5)) == "label kept"
