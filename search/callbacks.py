"""Callbacks of Tune's loop, and what keeps them and their like in the driver."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ray.tune import Callback

if TYPE_CHECKING:
    from ray.tune.experiment import Trial

MOST_HAND_OVER_SECONDS = 0.2
"""What a warm worker may take to begin a trial before the next one is suggested nevertheless; it takes some 0.01."""


class LivesInDriver:
    """Keeps Tune from copying or pickling what holds the steering: its snapshots are scratch that nobody reads."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return object, ()


class Redraw(LivesInDriver, Callback):
    """Keeps the clock of the progress going between reports."""

    def __init__(self, redraw: Callable[[], None]) -> None:
        """Remember what to call."""
        self._redraw = redraw

    def on_step_end(self, iteration: int, trials: list["Trial"], **info: Any) -> None:
        """Redraw."""
        self._redraw()


class HandOver(LivesInDriver, Callback):
    """Knows whether a warm worker has been given a trial and has not begun it yet.

    Tune asks for suggestions before it tells a worker that is ready to begin: when two trials end together, both
    workers would wait for two suggestions, again and again, since so their trials go on ending together.
    """

    def __init__(self, has_begun: Callable[[int], None] = lambda number: None) -> None:
        """Start with no worker warm; `has_begun` is told the number of each trial that a worker begins."""
        self._has_begun = has_begun
        self._is_any_warm = False
        self._deadline = 0.0

    @property
    def is_under_way(self) -> bool:
        """True while the next suggestion had better wait."""
        return time.monotonic() < self._deadline

    def begin(self) -> None:
        """Note that a trial has been suggested; workers that are still starting are not waited for."""
        if self._is_any_warm:
            self._deadline = time.monotonic() + MOST_HAND_OVER_SECONDS

    def on_trial_start(self, iteration: int, trials: list["Trial"], trial: "Trial", **info: Any) -> None:
        """Note that the worker has begun."""
        self._deadline = 0.0
        self._has_begun(trial.config["trial"]["number"])

    def on_trial_complete(self, iteration: int, trials: list["Trial"], trial: "Trial", **info: Any) -> None:
        """Note that there is a warm worker."""
        self._is_any_warm = True
