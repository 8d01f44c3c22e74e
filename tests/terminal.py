"""A terminal as small as our output needs: what a user would see of the letters that a command writes to it."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

CONTROL = re.compile(r"\x1b\[(\??)([\d;]*)([A-Za-z])")
PAUSE_SECONDS = 0.05


class Screen:
    """Takes letters, and knows all lines, those that have scrolled by included; a line that is too long folds."""

    def __init__(self, columns: int) -> None:
        """Begin with an empty line."""
        self.columns = columns
        self.lines = [""]
        self._row = self._column = 0
        self._rest = ""

    def feed(self, text: str) -> None:
        """Take letters and control sequences; any other control sequence than those of our output is an error."""
        text, self._rest, place = self._rest + text, "", 0
        while place < len(text):
            letter = text[place]
            if letter == "\x1b":
                match = CONTROL.match(text, place)
                if match is None:
                    assert len(text) - place < 12, f"an unknown sequence: {text[place : place + 12]!r}"
                    self._rest = text[place:]
                    return
                self._control(match[1], match[2], match[3])
                place = match.end()
                continue
            self._put(letter)
            place += 1

    def _control(self, private: str, numbers: str, name: str) -> None:
        """Obey a control sequence."""
        if name == "m" or private:  # a style, the cursor hidden or shown
            return
        number = int(numbers or 1)
        if name == "A":
            self._row = max(self._row - number, 0)
        elif name == "K":
            assert numbers == "2", f"erases {numbers}"
            self.lines[self._row] = ""
        else:
            raise AssertionError(f"an unknown control sequence {numbers}{name}")

    def _put(self, letter: str) -> None:
        """Write a letter where the cursor is."""
        if letter == "\r":
            self._column = 0
        elif letter == "\n":
            self._down()
        else:
            if self._column == self.columns:
                self._down()
            line = self.lines[self._row].ljust(self._column)
            self.lines[self._row] = line[: self._column] + letter + line[self._column + 1 :]
            self._column += 1

    def _down(self) -> None:
        """Go to the beginning of the next line, as a terminal's driver makes it."""
        self._row, self._column = self._row + 1, 0
        if self._row == len(self.lines):
            self.lines.append("")


def run_in_terminal(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    columns: int = 100,
    rows: int = 30,
    seconds: float = 240,
    ctrl_c_after: str | None = None,
) -> tuple[int, Screen]:
    """Run a command on a terminal of its own; return its exit code and what the screen then shows.

    Args:
        command: its words.
        env: its environment; TERM is an xterm's unless it says otherwise.
        cwd: where it works.
        columns: of the terminal.
        rows: of the terminal.
        seconds: that it may take.
        ctrl_c_after: what it has to have written before Ctrl-C is typed, once; None: it is never typed.
    """
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        command,
        stdin=its,
        stdout=its,
        stderr=its,
        cwd=cwd,
        env={**env, "TERM": env.get("TERM") or "xterm-256color"},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that its keys are signals
    )
    os.close(its)
    written, until = b"", time.monotonic() + seconds
    try:
        while True:
            assert time.monotonic() < until, written.decode(errors="replace")[-2000:]
            if select.select([ours], [], [], PAUSE_SECONDS)[0]:
                try:
                    written += os.read(ours, 65536)
                except OSError:  # Linux says so where the other end is closed
                    break
            if ctrl_c_after is not None and ctrl_c_after.encode() in written:
                os.write(ours, b"\x03")
                ctrl_c_after = None
        code = process.wait(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)
    screen = Screen(columns)
    screen.feed(written.decode())
    return code, screen
