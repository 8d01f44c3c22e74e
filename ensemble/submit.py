"""Hand a written submission.csv to Kaggle through Kaggle's own program, which is run and never imported.

Whatever goes wrong, the file stays where it is; whatever the program prints is scrubbed of credentials first.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.config import require
from core.errors import SubmitError
from core.store import files
from ensemble.refusal import PAGE, explain_refusal, known_refusal
from ensemble.scrub import kaggle_secrets, scrub

TIMEOUT_SECONDS = 300.0
"""Many times what an upload of a few hundred kB takes; Kaggle's program itself retries for about a minute."""
SUCCESS = "successfully submitted"
COMPETITION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
WORDY = ("VERBOSE", "VERBOSE_OUTPUT")
"""With one of these set, Kaggle's program prints its requests, credentials included."""
NOISE = re.compile(r"^Warning: |\d%\|")
"""An outdated version, a readable key file; a progress bar."""
MAX_SAID = 300
MAX_ASIDE = 100
"""Letters of what Kaggle said that are shown: where all that is known is in them, and beside words of ours."""


def require_competition(name: str) -> None:
    """Raise ConfigError unless `name` is a competition's, as its address has it."""
    rule = "a competition's name as in its address (digit-recognizer)"
    require(COMPETITION.fullmatch(name) is not None, "--submit", rule, name or "nothing")


def submit_to_kaggle(
    csv_url: str,
    competition: str,
    message: str,
    *,
    program: str = "kaggle",
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> str:
    """Submit a file and return what Kaggle said, one line.

    Args:
        csv_url: the written submission.csv, a path or any fsspec URL.
        competition: its name as in its address, such as digit-recognizer.
        message: what Kaggle shows beside the submission.
        program: Kaggle's program, looked for on PATH, then beside this Python.
        timeout_seconds: how long it may take; it is killed after that.

    Raises:
        ConfigError: `competition` cannot be a name.
        SubmitError: there is no program, it failed, or Kaggle refused; the file is still there.
    """
    require_competition(competition)
    found = _find_program(program, csv_url)
    with _local_copy(csv_url) as path:
        arguments = [f"--file={path}", f"--message={_one_line(message)}", competition]
        ended = _run([found, "competitions", "submit", *arguments], csv_url, competition, timeout_seconds)
        stdout, stderr = (text.replace(str(path), path.name) for text in (ended.stdout, ended.stderr))
    secrets = kaggle_secrets(os.environ)
    if ended.returncode == 0 and SUCCESS in stdout.lower():
        lines = sorted(_telling_lines(stdout), key=lambda line: SUCCESS not in line.lower())
        return _shown(". ".join(line.rstrip(".") for line in lines), secrets)
    raise SubmitError(_complaint(csv_url, competition, ended.returncode, stdout, stderr, secrets))


def _find_program(program: str, csv_url: str) -> str:
    """Return the program's path; SubmitError where it is not installed."""
    beside_python = str(Path(sys.executable).parent)  # `.venv/bin/python -m ...` leaves PATH as it was
    found = shutil.which(program) or shutil.which(program, path=beside_python)
    if found is None:
        raise SubmitError(
            f"{csv_url} is written but not submitted: --submit needs Kaggle's program {program!r}, which is not "
            "installed. Install it (uv sync --extra kaggle, or pip install kaggle six) and submit again"
        )
    return found


@contextmanager
def _local_copy(csv_url: str) -> Iterator[Path]:
    """Yield a path of the file that another program can open; a copy of the same name where it is elsewhere."""
    path = files.local_path(csv_url)
    try:
        content = files.read_bytes(csv_url)
    except FileNotFoundError as error:
        raise SubmitError(f"{csv_url} is to be submitted and there is no such file. Vote again to write it") from error
    if path is not None:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / (csv_url.rsplit("/", 1)[-1] or "submission.csv")  # Kaggle shows the name
        copy.write_bytes(content)
        yield copy


def _run(
    command: list[str], csv_url: str, competition: str, timeout_seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, with nothing to ask and nothing to tell."""
    environment = {name: value for name, value in os.environ.items() if name not in WORDY}
    try:
        return subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SubmitError(
            f"{csv_url} is written, but Kaggle's program did not end within {timeout_seconds:g} s. Look at "
            f"{PAGE.format(competition=competition)}/submissions before you submit again: it may have arrived"
        ) from None  # that error holds what was printed, unscrubbed
    except OSError as error:
        raise SubmitError(
            f"{csv_url} is written but not submitted: {command[0]} cannot be started: {error.strerror or error}. "
            "Install it again: uv sync --extra kaggle"
        ) from error


def _complaint(csv_url: str, competition: str, code: int, stdout: str, stderr: str, secrets: tuple[str, ...]) -> str:
    """Return the words for a program that ended without success."""
    printed = f"{stdout}\n{stderr}"
    is_known = known_refusal(printed) is not None
    errors = _telling_lines(stderr)
    telling = errors[-1] if errors else " ".join(_telling_lines(stdout))  # a traceback's last line says it
    said = _shown(telling, secrets, MAX_ASIDE if is_known else MAX_SAID) or "nothing"
    if code == 0 and not is_known:
        return (
            f"{csv_url} is written, but Kaggle's program did not say {SUCCESS!r}; it said: {said}. Look at "
            f"{PAGE.format(competition=competition)}/submissions before you submit again: it may have arrived"
        )
    return f"{csv_url} is written but not submitted: {explain_refusal(printed, competition)}. Kaggle said: {said}"


def _telling_lines(printed: str) -> list[str]:
    """Return the lines that are neither empty nor noise."""
    return [line.strip() for line in printed.splitlines() if line.strip() and not NOISE.search(line)]


def _shown(said: str, secrets: tuple[str, ...], max_letters: int = MAX_SAID) -> str:
    """Return what may be shown: scrubbed before it is cut, since half a token is not recognised."""
    line = _one_line(scrub(said, secrets))
    return line if len(line) <= max_letters else line[: max_letters - 3] + "..."


def _one_line(text: str) -> str:
    """Fold white space and drop what a terminal would obey."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
