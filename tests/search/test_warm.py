"""Workers between trials: kept as far as they are needed, in a model of Tune's loop and in the loop itself."""

import inspect
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from ray.tune.execution.tune_controller import TuneController
from ray.tune.utils.object_cache import _ObjectCache

from search.warm import WarmWorkers, keep_workers

KEY, OTHER_KEY = "one core", "one core, not on the head"


def warm(num_wanted: int, *workers: str, key: str = KEY) -> WarmWorkers:
    made = WarmWorkers(lambda: num_wanted)
    for worker in workers:
        assert made.cache_object(key, worker)
    return made


def flushed(workers: WarmWorkers, **how: bool) -> list[Any]:
    return list(workers.flush_cached_objects(**how))


def test_workers_that_end_together_are_all_kept_where_as_many_trials_could_begin():
    workers = warm(3, "a", "b", "c")
    assert flushed(workers) == []
    assert [workers.pop_cached_object(KEY) for _ in range(4)] == ["a", "b", "c", None]
    assert workers.num_cached_objects == 0


def test_workers_beyond_what_could_begin_are_given_back_but_not_those_for_trials_that_wait():
    workers = warm(0, "a", "b", "c")
    workers.increase_max(KEY)
    assert flushed(workers) == ["a", "b"]
    workers.decrease_max(KEY)
    assert flushed(workers) == ["c"]
    assert workers.num_cached_objects == 0


def test_workers_that_were_asked_for_otherwise_than_the_latest_trial_are_given_back():
    workers = warm(2, "on the head")
    workers.increase_max(OTHER_KEY)
    assert flushed(workers) == ["on the head"]


def test_all_workers_are_given_back_at_the_end():
    assert flushed(warm(5, "a", "b"), force_all=True) == ["a", "b"]


@pytest.mark.parametrize(("num_wanted", "takes"), [(1, False), (0, True)])
def test_trial_whose_worker_starts_leaves_the_free_one_to_a_trial_that_is_to_come(num_wanted, takes):
    controller: Any = SimpleNamespace(
        _trial_to_actor={"starting": "its own"}, _resetting_trials=set(), _maybe_reuse_cached_actor=lambda trial: True
    )
    keep_workers(controller, lambda: num_wanted)
    assert controller._maybe_reuse_cached_actor("starting") is takes
    assert controller._maybe_reuse_cached_actor("new"), "one without a worker takes it"


def test_trial_that_is_being_handed_a_worker_is_not_told_that_there_is_none():
    controller: Any = SimpleNamespace(
        _trial_to_actor={"t": "handed"}, _resetting_trials={"t"}, _maybe_reuse_cached_actor=lambda trial: True
    )
    keep_workers(controller, lambda: 1)
    assert controller._maybe_reuse_cached_actor("t")


def test_tune_has_the_parts_that_are_replaced():
    source = inspect.getsource(TuneController)
    for words in ("self._actor_cache = _ObjectCache(", "self._trial_to_actor", "self._resetting_trials"):
        assert words in source
    assert "if not self._maybe_reuse_cached_actor(start_trial)" in source
    ours = {name for name in vars(WarmWorkers) if not name.startswith("_")}
    assert ours <= set(vars(_ObjectCache))


@pytest.mark.slow
def test_workers_whose_trials_end_together_are_all_handed_on(tmp_path):
    import ray

    from benchmarks.loops import Loop, run_ours
    from benchmarks.sleepers import Sleep
    from core.data.load import load_dataset
    from core.data.split import split_rows
    from search.cluster.start import ray_cluster, scratch_folder

    dataset = load_dataset(None)
    sleep = Sleep(study=str(tmp_path / "study"), num_workers=4, num_epochs=1, seconds=0.5)
    with scratch_folder() as scratch:
        ray.init(address="local", num_cpus=4, include_dashboard=False, _temp_dir=scratch, log_to_driver=False)
        with ray_cluster(None, scratch):
            split = split_rows(dataset, "0.2", 0)
            spans = run_ours(Loop(num_trials=40, sleep=sleep, dataset=dataset, split=split, scratch=scratch))
        ray.shutdown()
    trials_of = Counter(span.process for span in spans)
    assert sum(trials_of.values()) == 40
    assert len(trials_of) == 4, "no process was ended and started again"
    assert min(trials_of.values()) >= 7, f"none was ended before its time: {trials_of}"
