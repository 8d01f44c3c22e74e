"""Starts a command, kills it with SIGKILL at a chosen moment, and keeps account of the processes that outlive it."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MARK = "SOFTVOTE_KILLED_START"
"""Environment variable by which a start's processes are found again, also those that lost their parent."""
SCRATCH = re.compile(r"/tmp/softvote-[^/\s]+")
"""A killed driver cannot delete its cluster's folder."""
POLL_SECONDS = 0.002
END_SECONDS = 10
"""How long a search that has come to its end gives its processes."""
PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When a start is killed: some time after its n-th event."""

    name: str
    """As the table calls it."""
    line: str | None = None
    """The event is a printed line that matches this."""
    path: str | None = None
    """The event is a path of this pattern (below the study) that was not there at the start."""
    occurrence: int = 1
    delay_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Start:
    """How one start of a command went."""

    was_killed: bool
    code: int
    printed: tuple[tuple[float, str], ...]
    """Lines of stdout and stderr, each with its seconds since the start."""
    seconds: float

    @property
    def text(self) -> str:
        """All that it printed."""
        return "".join(line for _, line in self.printed)

    def seconds_of(self, pattern: str) -> float | None:
        """Return when the first line that matches was printed, None where there is none."""
        return next((seconds for seconds, line in self.printed if re.search(pattern, line)), None)


@dataclass(kw_only=True)
class Starts:
    """Starts commands one after the other; the processes of the latest killed one live on beside the next."""

    environment: Mapping[str, str]
    folder: Path
    """In which the commands run."""
    num_left_alive: int = 1
    """Killed starts whose processes are left to end by themselves while later ones run."""
    max_seconds: float = 600.0
    """After which a start is killed in any case."""
    _marks: list[str] = field(default_factory=list)

    def run(
        self,
        command: Sequence[str],
        moment: Moment | None = None,
        study: Path | None = None,
        on_line: Callable[[str], None] = lambda line: None,
    ) -> Start:
        """Start the command; kill it at the moment, if it has not ended before.

        Args:
            command: its words.
            moment: None lets it come to its end.
            study: where a moment's paths are looked for.
            on_line: called with each line as it is printed.
        """
        self._end_oldest()
        mark = uuid.uuid4().hex
        self._marks.append(mark)
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env={**self.environment, MARK: mark},
        )
        printed: list[tuple[float, str]] = []
        reader = threading.Thread(target=_read, args=(process, started, printed, on_line), daemon=True)
        is_there = _watch_for(moment, study, printed)
        reader.start()
        was_killed = _kill_at(process, moment, is_there, started + self.max_seconds)
        code = process.wait()
        reader.join(timeout=1 if was_killed else END_SECONDS)  # a process that lives on may hold the pipe open
        return Start(was_killed=was_killed, code=code, printed=tuple(printed), seconds=time.perf_counter() - started)

    def num_surviving(self) -> int:
        """Return how many processes of the latest start, which came to its end, are there after a short while."""
        deadline = time.monotonic() + END_SECONDS
        while (found := processes_of(self._marks[-1])) and time.monotonic() < deadline:
            time.sleep(0.1)
        return len(found)

    def end_all(self) -> None:
        """End every process that a killed start left, and delete its cluster's folder."""
        while self._marks:
            end_processes(self._marks.pop(0))

    def _end_oldest(self) -> None:
        """Keep as many killed starts' processes as may live on."""
        while len(self._marks) > self.num_left_alive:
            end_processes(self._marks.pop(0))


def processes_of(mark: str) -> dict[int, str]:
    """Return the command lines of a start's processes, by their ids."""
    found = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError):
                if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def end_processes(mark: str) -> None:
    """Kill a start's processes until there are none, and delete the folders that they worked in."""
    scratch: set[str] = set()
    while found := processes_of(mark):
        for number, words in found.items():
            scratch.update(SCRATCH.findall(words))
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.05)
    for path in scratch:
        shutil.rmtree(path, ignore_errors=True)


def _read(
    process: subprocess.Popen[str],
    started: float,
    printed: list[tuple[float, str]],
    on_line: Callable[[str], None],
) -> None:
    """Take in what the process prints, until it ends."""
    assert process.stdout is not None
    for line in process.stdout:
        printed.append((time.perf_counter() - started, line))
        on_line(line)


def _watch_for(moment: Moment | None, study: Path | None, printed: list[tuple[float, str]]) -> Callable[[], bool]:
    """Return a question that is answered with True once the moment's event has happened."""
    if moment is None:
        return lambda: False
    if moment.line is not None:
        pattern, occurrence = re.compile(moment.line), moment.occurrence
        return lambda: sum(bool(pattern.search(line)) for _, line in list(printed)) >= occurrence
    if moment.path is not None and study is not None:
        pattern_of_path, folder = moment.path, study
        before = set(folder.glob(pattern_of_path))
        return lambda: len(set(folder.glob(pattern_of_path)) - before) >= moment.occurrence
    return lambda: True


def _kill_at(
    process: subprocess.Popen[str], moment: Moment | None, is_there: Callable[[], bool], deadline: float
) -> bool:
    """Wait for the moment and kill the process there; True where it was still running."""
    while not is_there():
        if process.poll() is not None:
            return False
        if time.perf_counter() > deadline:
            process.kill()
            return True
        time.sleep(POLL_SECONDS)
    assert moment is not None, "without one nothing is waited for"
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=moment.delay_seconds)
        return False
    process.kill()  # the driver alone: its workers are what it leaves
    return True
