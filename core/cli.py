"""From a frozen dataclass to a command: parse, run, and turn a user's mistake into one line and exit code 2."""

import contextlib
import io
import itertools
import os
import sys
from collections.abc import Callable
from typing import NoReturn, TypeVar

import tyro

from core.credentials import without_credentials
from core.errors import SoftvoteError

Settings = TypeVar("Settings")
FRAME = "╭╮╰╯│ "
RULE = "─-"
"""tyro draws its rules with dashes where the output's encoding has no lines."""
EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


def run_command(
    settings_type: type[Settings], main: Callable[[Settings], object], *, prog: str, description: str
) -> None:
    """Parse the command line into `settings_type`, call `main` with it, and exit.

    Exit codes: 0 done; 2 a user's mistake (one line on stderr, no traceback); 130 Ctrl-C.
    """
    _let_all_letters_be_written()
    try:
        main(parse(settings_type, sys.argv[1:], prog=prog, description=description))
    except SoftvoteError as error:
        _exit_with_line(f"{prog}: {_one_line(str(error))}")
    except KeyboardInterrupt as stop:
        print(f"{prog}: {_one_line(str(stop)) or 'stopped'}", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parse(settings_type: type[Settings], arguments: list[str], *, prog: str, description: str) -> Settings:
    """Build `settings_type` from the command line's words; `--help` and mistakes exit.

    Raises:
        ConfigError: the settings' own check refused a value.
    """
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(settings_type, prog=prog, description=description, args=arguments)
    except SystemExit as end:
        if not end.code:
            raise
        if isinstance(end.__context__, SoftvoteError):  # a setting's own words, without the class's name before them
            raise end.__context__ from None
        _exit_with_line(f"{prog}: {_sentence_of(complaint.getvalue())}. See {prog} --help")


def program_words(program: str) -> str:
    """Return how a program of ours is called here; `uv run` leaves its own path in UV."""
    return f"uv run -m {program}" if "UV" in os.environ else f"python -m {program}"


def _let_all_letters_be_written() -> None:
    """Write a question mark for a letter that the locale does not have, where Python would end in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.encoding.lower().startswith("utf"):
            stream.reconfigure(errors="replace")


def _sentence_of(box: str) -> str:
    """Return what tyro's framed message says above its first rule, and the option it suggests, as one line."""
    below_title = [line.strip(FRAME) for line in box.splitlines()[1:]]
    lines = list(itertools.dropwhile(_is_rule, below_title))
    above_rule = itertools.takewhile(lambda line: not _is_rule(line), lines)
    sentence = _one_line(" ".join(above_rule)).rstrip(".")
    if "Perhaps you meant:" in lines:
        sentence += f" (perhaps you meant {lines[lines.index('Perhaps you meant:') + 1].split(' ')[0]})"
    return sentence


def _is_rule(line: str) -> bool:
    """True for a horizontal rule and for an empty line."""
    return set(line) <= set(RULE)


def _one_line(text: str) -> str:
    """Fold all white space, so that a message is one line whatever a file put into it."""
    return " ".join(text.split())


def _exit_with_line(line: str) -> NoReturn:
    """Print one line on stderr, without an address's password, and exit with the code of a user's mistake."""
    print(without_credentials(line), file=sys.stderr)
    sys.exit(EXIT_USER_ERROR)
