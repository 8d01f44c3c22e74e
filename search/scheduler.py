"""Tune's scheduler: passes each epoch to the steering, stops what ends, and takes trials off nodes that go."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from core.store.records import EpochReport
from search.callbacks import LivesInDriver
from search.cluster import nodes
from search.ledger import Worker
from search.silence import TIMES_USUAL, silence_trace
from search.watch import Watch

if TYPE_CHECKING:
    from ray.tune.execution.tune_controller import TuneController
    from ray.tune.experiment import Trial


WORKER_DIED = "the worker's process died (out of memory, or killed)"
OUT_OF_MEMORY = "its machine ran out of memory, and Ray ended the worker's process"
NOT_CREATED = "raised in its creation task"
"""Words of Ray's error on an actor whose own `setup` raised: neither its node nor its process is at fault."""
ACTOR_GONE = ("actor died", "worker process has died", nodes.UNAVAILABLE)
"""Words of Ray's errors on an actor whose process or node is gone, or cannot be reached."""
FELL_SILENT = f"it reported nothing for {TIMES_USUAL} times its usual epoch or more, and was ended"


class SteeringScheduler(LivesInDriver, FIFOScheduler):
    """Passes each epoch to the steering, stops the trials that it ends, and takes back those whose node goes."""

    def __init__(self, steering: Watch, scratch: str) -> None:
        """Remember the steering and the folder for the stacks of silent workers."""
        super().__init__()
        self._steering = steering
        self._scratch = scratch
        self._leaving: set[int] = set()
        """Trials whose worker was ended here since its node has notice."""
        self._told: set[str] = set()

    def on_trial_result(self, tune_controller: "TuneController", trial: "Trial", result: dict[str, Any]) -> str:
        """Return STOP for a trial that has failed, is pruned or has run all its epochs."""
        try:
            ends = self._take(result)
            if result.get("node_id") in nodes.draining_nodes():
                return self._leave(tune_controller, trial, result["number"], result["node_id"])
        except Exception as error:
            self._steering.abort(error)
            ends = True
        return TrialScheduler.STOP if ends else TrialScheduler.CONTINUE

    def choose_trial_to_run(self, tune_controller: "TuneController") -> "Trial | None":
        """Return the next trial that waits for a worker.

        Tune keeps one worker for a trial to come. Where none is left to come it would keep a machine that nothing runs
        on, for as long as another one still trains.
        """
        waiting = super().choose_trial_to_run(tune_controller)
        if waiting is None and self._steering.num_left == 0:
            tune_controller._cleanup_cached_actors(force_all=True)
        return waiting

    def _take(self, result: dict[str, Any]) -> bool:
        """Pass a worker's result on; True where its trial has to stop."""
        number = result["number"]
        if "error" in result:
            self._steering.fail(number, result["error"], result["traceback"])
            return True
        fields = {name.removeprefix("epoch/"): v for name, v in result.items() if name.startswith("epoch/")}
        for name, value in fields.items():
            if not math.isfinite(value):  # no record can hold it, and no sampler learns from it
                self._steering.fail(number, f"epoch {fields['epoch']}: {name} must be finite, got {value}")
                return True
        return self._steering.report(
            number,
            EpochReport(**fields),
            worker=Worker(node=result["node"], precision=result["precision"]),
            has_predictions=result["has_predictions"],
        )

    def _leave(self, tune_controller: "TuneController", trial: "Trial", number: int, node_id: str) -> str:
        """End the worker of a trial that has just reported from a node with notice.

        Tune is told to go on: so it learns of the worker's end as of any other's and tells `on_trial_error`, where the
        trial is taken back. Told to stop, it would keep the worker, there, for the next trial. The end is waited for,
        some hundredths of a second, so that no epoch begins that will not be.
        """
        if number in self._steering.running:
            self._tell(tune_controller, number, node_id, "drains (notice)")
        self._leaving.add(number)
        nodes.end_actor(trial.temporary_state.ray_actor)
        return str(TrialScheduler.CONTINUE)

    def on_trial_error(self, tune_controller: "TuneController", trial: "Trial") -> None:
        """Take back a trial whose node goes, and fail one whose process died; a training's own error is a result."""
        try:
            self._take_error(tune_controller, trial)
        except Exception as failure:
            self._steering.abort(failure)

    def _take_error(self, tune_controller: "TuneController", trial: "Trial") -> None:
        """Tell the steering what became of a trial that has no worker any more."""
        # Tune writes the error here on the driver; its get_error looks into the storage, where it is not
        path = trial.error_file
        trace = Path(path).read_text() if path and Path(path).exists() else ""
        number, trial_id = trial.config["trial"]["number"], trial.config["trial"]["trial_id"]
        if number in self._leaving:
            self._leaving.discard(number)
            self._steering.release(number, with_notice=True)
            return
        if number not in self._steering.running:  # it has ended, or Tune is ending
            return
        file = Path(silence_trace(self._scratch, trial_id))
        stacks = file.read_text() if file.exists() else ""
        node_id = nodes.lost_node(trace) if _may_be_the_nodes(trace) and not stacks else None
        if node_id is not None:
            self._tell(tune_controller, number, node_id, "is lost")
            self._steering.release(number)
            return
        is_silent = bool(stacks) or self._steering.is_silent(number)
        self._steering.fail(number, _error_of(trace, is_silent), stacks or trace)

    def _tell(self, tune_controller: "TuneController", number: int, node_id: str, what: str) -> None:
        """Say once what happens to a node, and how many trials it concerns."""
        if node_id + what in self._told:
            return
        self._told.add(node_id + what)
        there = {number} | {
            other.config["trial"]["number"] for other in tune_controller.get_live_trials() if _node_of(other) == node_id
        }
        num_moving = len(there & self._steering.running)
        self._steering.notices.append(f"node {nodes.name_of(node_id)} {what}: trials to go on elsewhere: {num_moving}")


def _may_be_the_nodes(trace: str) -> bool:
    """True for an error on a worker that is gone for whatever reason but its own code."""
    return NOT_CREATED not in trace and any(words in trace for words in ACTOR_GONE)


def _error_of(trace: str, is_silent: bool) -> str:
    """Return one line for what became of a worker on a node that lives."""
    if "OutOfMemoryError" in trace:
        return OUT_OF_MEMORY
    if not _may_be_the_nodes(trace):
        return f"the worker could not start the trial: {last_line(trace)}"
    return FELL_SILENT if is_silent else WORKER_DIED


def _node_of(trial: "Trial") -> str:
    """Return the id of the node on which one of Tune's trials has a worker, nothing where it has none."""
    actor = trial.temporary_state.ray_actor
    return "" if actor is None else nodes.node_of_actor(actor._actor_id.hex())


def last_line(text: str) -> str:
    """Return the last line that says something."""
    return next((line for line in reversed(text.splitlines()) if line.strip()), "no reason given")
