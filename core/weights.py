"""Lists of arrays under names in a trainer's state, and whether a state belongs to a trainer."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from core.errors import StoredFileError

UNNUMBERED = frozenset({"epoch", "schedule", "best_holdout_softmax"})
"""Names in a state beside the numbered ones."""


Array = TypeVar("Array")


def numbered(name: str, arrays: Sequence[Array]) -> dict[str, Array]:
    """Return arrays (or variables), in order, under `name/0`, `name/1` and so on."""
    return {f"{name}/{index}": array for index, array in enumerate(arrays)}


def require_same_arrays(state: dict[str, np.ndarray], expected: dict[str, np.ndarray], *, num_epochs: int) -> None:
    """Raise StoredFileError unless `state` has the arrays of `expected`, in their shapes, after `num_epochs`.

    Args:
        state: As read from a checkpoint.
        expected: All numbered arrays that a trainer of this configuration has.
        num_epochs: How many epochs the checkpoint's curve has.
    """
    shapes = {name: array.shape for name, array in state.items() if name not in UNNUMBERED}
    is_same = shapes == {name: array.shape for name, array in expected.items()}
    if not is_same or not state.keys() >= UNNUMBERED or int(state["epoch"]) != num_epochs:
        raise StoredFileError(
            f"the checkpoint must be of this configuration after {num_epochs} epochs, and is of another training. "
            "Delete the trial's checkpoint folder to train it from the start"
        )
