"""The adapters without a cluster: what they pass on, and that no error of the driver is lost on the way."""

import copy
import dataclasses
import pickle
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from core.errors import StudyError, TrainingError
from core.store.study import StudyFolder
from search.callbacks import HandOver
from search.cluster.capacity import HEAD, LiveCapacity, Resources
from search.cluster.nodes import Node
from search.scheduler import SteeringScheduler
from search.steering import Steering
from search.trainable import TrialTrainable
from search.tune import SteeringSearcher, SteeringStopper

from .conftest import EPOCHS, HERE, epoch_report
from .test_steering import next_number, write_whole_predictions

SCRATCH = "no such folder"


def result_of(number: int, epoch: int, log_loss: float) -> dict[str, Any]:
    fields = {f"epoch/{name}": value for name, value in dataclasses.asdict(epoch_report(epoch, log_loss)).items()}
    return fields | {"number": number, "has_predictions": True, "precision": "float32", "node": "here"}


def resources(max_concurrent: int) -> Resources:
    return Resources(cpus_per_trial=1, gpus_per_trial=0, max_concurrent=max_concurrent)


def trial_of(suggestion: Any) -> dict[str, Any]:
    assert isinstance(suggestion, dict)
    return suggestion["trial"]


def test_searcher_suggests_no_more_than_may_run_and_finishes_with_the_budget(make_steering):
    steering = make_steering(num_trials=2)
    searcher = SteeringSearcher(steering, StudyFolder("runs/s"), resources(1))
    first = trial_of(searcher.suggest("a"))
    assert first["number"] == 0
    assert Path(first["folder"]).is_absolute(), "workers work in folders of their own"
    assert searcher.suggest("b") is None
    steering.fail(0, "no")
    assert trial_of(searcher.suggest("b"))["number"] == 1
    steering.fail(1, "no")
    assert searcher.suggest("c") == Searcher.FINISHED


def test_searcher_waits_with_a_suggestion_until_a_warm_worker_has_begun_the_one_before(make_steering):
    hand_over = HandOver()
    searcher = SteeringSearcher(make_steering(num_trials=9), StudyFolder("runs/s"), resources(4), hand_over)
    assert [trial_of(searcher.suggest(name))["number"] for name in "ab"] == [0, 1], "cold workers start side by side"
    hand_over.on_trial_complete(0, [], None)
    assert trial_of(searcher.suggest("c"))["number"] == 2
    assert searcher.suggest("d") is None
    hand_over.on_trial_start(0, [], SimpleNamespace(config={"trial": {"number": 2}}))
    assert trial_of(searcher.suggest("d"))["number"] == 3


def test_searcher_without_any_node_waits_until_the_search_is_to_end(make_steering):
    searcher = SteeringSearcher(make_steering(), StudyFolder("runs/s"), resources(0))
    assert searcher.suggest("a") is None
    assert searcher.suggest("a") is None
    searcher._steering.interrupt()
    assert searcher.suggest("a") == Searcher.FINISHED
    late = SteeringSearcher(make_steering(deadline=time.time() - 1), StudyFolder("runs/s"), resources(0))
    assert late.suggest("a") == Searcher.FINISHED


def test_stopper_ends_a_search_without_any_node_once_its_time_is_up(make_steering):
    assert not SteeringStopper(make_steering(), lambda: 0).stop_all()
    late = make_steering(deadline=time.time() - 1)
    assert SteeringStopper(late, lambda: 0).stop_all()
    assert not SteeringStopper(late, lambda: 1).stop_all(), "what runs may report its last epoch"


def test_searcher_names_the_nodes_that_are_spared(make_steering):
    live = LiveCapacity(cpus_per_trial=1, gpus_per_trial=0, look_up=lambda: [head, node])
    head, node = (Node(node_id=name, name=name, resources={"CPU": 1}) for name in ("head", "node"))
    head.resources[HEAD] = 1
    plan = dataclasses.replace(resources(9), live=live)
    searcher = SteeringSearcher(make_steering(), StudyFolder("runs/s"), plan)
    assert trial_of(searcher.suggest("a"))["shunned_nodes"] == ("head",)
    assert searcher.suggest("b") is None, "only the node's one processor counts"


def test_scheduler_continues_until_the_last_epoch_and_stops_then(make_steering):
    steering = make_steering()
    scheduler = SteeringScheduler(steering, SCRATCH)
    number = next_number(steering)
    write_whole_predictions(steering, number)
    decisions = [scheduler.on_trial_result(None, None, result_of(number, e, 0.5)) for e in range(1, EPOCHS + 1)]
    assert decisions == [TrialScheduler.CONTINUE] * (EPOCHS - 1) + [TrialScheduler.STOP]
    assert steering.ledger[number].state == "complete"


def test_scheduler_tells_an_error_that_a_worker_returned(make_steering):
    steering = make_steering()
    number = next_number(steering)
    result = {"number": number, "error": "epoch 2: the loss must be finite", "traceback": "Traceback", "node": "here"}
    assert SteeringScheduler(steering, SCRATCH).on_trial_result(None, None, result) == TrialScheduler.STOP
    assert steering.ledger[number].error == "epoch 2: the loss must be finite"


def tell_death(steering: Steering, number: int, folder: Path) -> None:
    (folder / "error.txt").write_text("Failure # 1\nThe actor died unexpectedly before finishing this task.\n")
    config = {"trial": {"number": number, "trial_id": f"t{number:06d}"}}
    trial = SimpleNamespace(config=config, error_file=str(folder / "error.txt"))
    SteeringScheduler(steering, str(folder)).on_trial_error(None, trial)


def test_scheduler_fails_a_trial_that_reports_nan_and_the_search_goes_on(make_steering):
    steering = make_steering()
    number = next_number(steering)
    decision = SteeringScheduler(steering, SCRATCH).on_trial_result(None, None, result_of(number, 1, float("nan")))
    assert decision == TrialScheduler.STOP
    assert steering.ledger[number].error == "epoch 1: loss must be finite, got nan"
    assert steering.error is None
    assert next_number(steering) == number + 1


def test_scheduler_tells_a_worker_that_died(make_steering, tmp_path):
    steering = make_steering()
    number = next_number(steering)
    tell_death(steering, number, tmp_path)
    assert steering.ledger[number].error == "the worker's process died (out of memory, or killed)"


def test_scheduler_tells_a_worker_that_ended_itself_for_its_silence_with_its_stacks(
    make_steering, tmp_path, monkeypatch
):
    steering = make_steering()
    number = next_number(steering)
    steering.report(number, epoch_report(1, 0.5, seconds=20), worker=HERE, has_predictions=False)
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 199)
    assert not steering.is_silent(number)
    monkeypatch.setattr("time.time", lambda: now + 201)
    (tmp_path / "silent-t000000.txt").write_text("Thread 0x1 (most recent call first)")
    tell_death(steering, number, tmp_path)
    record = steering.ledger[number]
    assert record.error == "it reported nothing for 10 times its usual epoch or more, and was ended"
    assert "most recent call first" in Path(steering.ledger.folder.trial(record.trial_id).error).read_text()


def test_error_of_the_driver_stops_the_search_and_is_kept_to_be_raised(make_steering, monkeypatch):
    steering = make_steering()
    number = next_number(steering)

    def full(*_: object) -> None:
        raise StudyError("no space left")

    monkeypatch.setattr("search.ledger.write_record", full)
    assert (
        SteeringScheduler(steering, SCRATCH).on_trial_result(None, None, result_of(number, 1, 0.5))
        == TrialScheduler.STOP
    )
    assert str(steering.error) == "no space left"
    assert SteeringStopper(steering, lambda: 1).stop_all()


def test_adapters_are_neither_copied_nor_pickled_with_the_steering(make_steering):
    scheduler = SteeringScheduler(make_steering(), SCRATCH)
    assert copy.deepcopy(scheduler) is scheduler
    assert type(pickle.loads(pickle.dumps(scheduler))) is object


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (TrainingError("epoch 1: no"), "epoch 1: no"),
        (ValueError("no"), "ValueError: no"),
        (MemoryError(), "MemoryError: "),
    ],
)
def test_trainable_returns_an_error_with_its_traceback_and_lives_on(error, line, monkeypatch):
    def fail() -> None:
        raise error

    trainable = TrialTrainable.__new__(TrialTrainable)
    trainable._worker = SimpleNamespace(scratch=SCRATCH)  # type: ignore[assignment]
    trainable.reset_config({"trial": {"number": 3, "trial_id": "t000003", "first_silence_seconds": 60.0}})
    monkeypatch.setattr(trainable, "_start", fail)
    result = trainable.step()
    assert (result["number"], result["error"]) == (3, line)
    assert "Traceback" in result["traceback"]


def test_searcher_wants_as_many_workers_as_trials_are_left_to_begin(make_steering):
    searcher = SteeringSearcher(make_steering(num_trials=3), StudyFolder("runs/s"), resources(2))
    assert searcher.num_wanted() == 2
    searcher.suggest("a")
    assert searcher.num_wanted() == 1
    searcher.suggest("b")
    assert searcher.num_wanted() == 0
    searcher._steering.fail(0, "no")
    assert searcher.num_wanted() == 1
    searcher._steering.fail(1, "no")
    assert searcher.num_wanted() == 1, "of two free workers one trial is left"
    searcher._steering.interrupt()
    assert searcher.num_wanted() == 0
