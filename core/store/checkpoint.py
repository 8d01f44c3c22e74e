"""checkpoint/<generation>[.<attempt>]/state.npz: what a trial needs to go on after its last whole epoch.

Weights, optimiser, schedule and the best weights so far are plain arrays; the curve so far lies beside them.
The one with most epochs wins, so a torn one costs an epoch, never the trial. Each start of the driver and each
attempt on another node has a file of its own: what lives on of an earlier one overwrites none of a later one.
"""

import contextlib
import dataclasses
import json
import re
from dataclasses import dataclass

import numpy as np

from core.errors import StoredFileError, StudyError
from core.store import files
from core.store.records import EpochReport
from core.store.study import TrialFolder

_CURVE = "curve"
_PREFIX = "state/"
_NAME = re.compile(r"(\d+)(?:\.(\d+))?")
"""Of a checkpoint's folder: generation, and attempt where it is not the first."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A training after its last whole epoch."""

    state: dict[str, np.ndarray]
    """`core.train.Trainer.state`."""
    epochs: tuple[EpochReport, ...]


def write_checkpoint(folder: TrialFolder, generation: int, checkpoint: Checkpoint, *, attempt: int = 0) -> None:
    """Write this attempt's checkpoint over the one of the epoch before."""
    curve = json.dumps([dataclasses.asdict(epoch) for epoch in checkpoint.epochs])
    arrays = {_PREFIX + name: array for name, array in checkpoint.state.items()}
    files.write_npz(folder.checkpoint(generation, attempt), {_CURVE: np.array(curve), **arrays})


def read_newest_checkpoint(folder: TrialFolder, before_generation: int) -> Checkpoint | None:
    """Return the checkpoint with most epochs that a generation up to `before_generation` left, if any.

    What an orphan of an earlier driver or of a lost node still writes has another name and is just as good: the
    same epochs of the same seed.
    """
    newest: Checkpoint | None = None
    for place in _places(folder):
        if place[0] <= before_generation:
            try:
                found = _read(folder.checkpoint(*place))
            except (FileNotFoundError, StoredFileError):
                continue
            if newest is None or len(found.epochs) > len(newest.epochs):
                newest = found
    return newest


def remove_earlier_checkpoints(folder: TrialFolder, generation: int, attempt: int) -> None:
    """Delete what earlier starts and attempts left, once this one has a checkpoint of its own."""
    for place in _places(folder):
        if place < (generation, attempt):
            with contextlib.suppress(StudyError):  # it costs space, nothing else
                files.remove(folder.checkpoint(*place).rsplit("/", 1)[0])


def _places(folder: TrialFolder) -> list[tuple[int, int]]:
    """Return generation and attempt of each checkpoint, in order."""
    names = map(_NAME.fullmatch, files.list_folders(folder.checkpoints))
    return sorted((int(name[1]), int(name[2] or 0)) for name in names if name is not None)


def _read(url: str) -> Checkpoint:
    """Read one state.npz."""
    arrays = files.read_npz(url)
    try:
        epochs = tuple(EpochReport(**epoch) for epoch in json.loads(str(arrays.pop(_CURVE))))
    except (KeyError, TypeError, ValueError) as error:
        raise StoredFileError(f"{url} is no checkpoint: {error}") from error
    state = {name.removeprefix(_PREFIX): array for name, array in arrays.items()}
    return Checkpoint(state=state, epochs=epochs)
