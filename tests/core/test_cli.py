import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pytest

from core.cli import run_command
from core.config import require
from core.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a command that exists only here."""

    trials: int = 3
    """How many."""
    method: Literal["mean"] = "mean"
    """Which."""

    def __post_init__(self) -> None:
        require(self.trials >= 1, "--trials", "1 or more", self.trials)


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    def show(settings: Settings) -> None:
        print(settings.trials)

    def run(*words: str, main: Callable[[Settings], object] = show) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["prog", *words])
        code = 0
        try:
            run_command(Settings, main, prog="prog", description="A command.")
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_command_runs_with_what_was_typed(command: Command) -> None:
    assert command("--trials", "7") == (0, "7\n", "")


def test_command_takes_defaults(command: Command) -> None:
    assert command() == (0, "3\n", "")


def test_help_names_options_units_and_defaults(command: Command) -> None:
    code, out, err = command("--help")
    assert (code, err) == (0, "")
    assert "--trials" in out
    assert "How many. (default: 3)" in out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--trials", "0"), "prog: --trials must be 1 or more, got 0"),
        (
            ("--trails", "4"),
            "prog: Unrecognized options: --trails, 4 (perhaps you meant --trials). See prog --help",
        ),
        (("--trials",), "prog: Missing value for argument '--trials'. Expected 1 values. See prog --help"),
        (
            ("--trials", "many"),
            "prog: Error parsing --trials: invalid literal for int() with base 10: 'many'. See prog --help",
        ),
        (
            ("--method", "best"),
            "prog: invalid choice 'best' for argument '--method'. Expected one of ('mean',). See prog --help",
        ),
        (("stray",), "prog: Unrecognized options: stray. See prog --help"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line_and_code_2(
    command: Command, words: tuple[str, ...], line: str
) -> None:
    assert command(*words) == (2, "", line + "\n")


def test_a_softvote_error_is_one_line_whatever_it_holds(command: Command) -> None:
    def fail(settings: Settings) -> None:
        raise DataError("train.csv row 3:\n  got 'a\tb'")

    assert command(main=fail) == (2, "", "prog: train.csv row 3: got 'a b'\n")


def test_a_mistake_is_told_without_an_addresss_password(command: Command) -> None:
    def fail(settings: Settings) -> None:
        raise DataError("--data https://me:c4/n@ry@host/digits.zip: there is no such file. Check the URL")

    assert command(main=fail) == (
        2,
        "",
        "prog: --data https://***@host/digits.zip: there is no such file. Check the URL\n",
    )
    assert "c4" not in command("--trials", "ftp://me:c4nary@host")[2]


def test_a_fault_of_ours_keeps_its_traceback(command: Command) -> None:
    def fail(settings: Settings) -> None:
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        command(main=fail)


def test_an_interrupt_ends_with_code_130(command: Command) -> None:
    def interrupt(settings: Settings) -> None:
        raise KeyboardInterrupt

    assert command(main=interrupt) == (130, "", "prog: stopped\n")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_mistake_reads_the_same_in_every_encoding(encoding: str) -> None:
    script = (
        "import sys; sys.path.insert(0, '.'); sys.argv = ['prog', '--epoch', '4']\n"
        "from core.cli import run_command; from core.settings import TrainingSettings\n"
        "run_command(TrainingSettings, print, prog='prog', description='d')"
    )
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment)
    line = "prog: Unrecognized options: --epoch, 4 (perhaps you meant --epochs). See prog --help\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", line)


def test_a_closed_pipe_ends_in_silence() -> None:
    script = (
        "import sys; sys.path.insert(0, '.'); sys.argv = ['prog']\n"
        "from core.cli import run_command; from core.settings import TrainingSettings\n"
        "def main(settings): raise BrokenPipeError\n"
        "run_command(TrainingSettings, main, prog='prog', description='d')"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
