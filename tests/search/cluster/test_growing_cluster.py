"""Searches on a real cluster whose autoscaler brings nodes, and takes idle ones away; the trials train nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from search.cluster.capacity import plan_resources
from search.cluster.growth import read_growth
from search.cluster.nodes import alive_nodes

from .growing import GrowingCluster
from .live import NotesItsNode, began_on, run_untrained, wait_until

pytestmark = pytest.mark.cluster

MakeCluster = Callable[..., GrowingCluster]
CARD = {"small": {"resources": {"CPU": 1, "GPU": 1}}}


@pytest.fixture
def make_cluster(scratch, monkeypatch) -> Iterator[MakeCluster]:
    """Start a cluster with none of its nodes there yet, and join it."""
    import ray

    clusters = []

    def make(node_types: dict[str, Any], **options: Any) -> GrowingCluster:
        clusters.append(GrowingCluster(scratch, node_types, **options))
        monkeypatch.setattr("search.money.cluster_file.CLUSTER_FILE", clusters[0].description)
        ray.init(address=clusters[0].address, log_to_driver=False, logging_level="ERROR")
        return clusters[0]

    yield make
    ray.shutdown()
    for cluster in clusters:
        cluster.close()


def num_workers() -> int:
    return len(alive_nodes()) - 1


NUM_TRIALS = 5


class WaitsForAnotherNode(NotesItsNode):
    """The first trial ends once another one has begun elsewhere."""

    def _next_epoch(self) -> Any:
        if self._assignment["number"] == 0:
            wait_until(lambda: len(set(began_on(self._worker.scratch))) == 2)
        return super()._next_epoch()


class OutlastsTheOthers(WaitsForAnotherNode):
    """The last trial ends once it has the only node."""

    def _next_epoch(self) -> Any:
        if self._assignment["number"] == NUM_TRIALS - 1:
            wait_until(lambda: num_workers() == 1)
        return super()._next_epoch()


@pytest.mark.parametrize("autoscaler", ["v1", "v2"])
def test_search_without_nodes_brings_those_it_needs_and_loses_the_idle_ones_while_it_runs(
    make_steering, make_cluster, scratch, autoscaler
):
    make_cluster(CARD, autoscaler=autoscaler, most_nodes=2)
    steering = make_steering(num_trials=NUM_TRIALS)
    said: list[str] = []
    nums = [num_workers()]

    def on_step() -> None:
        if num_workers() != nums[-1]:
            nums.append(num_workers())

    plan = plan_resources(1, None, said.append, growth=read_growth())
    assert (plan.max_concurrent, plan.gpus_per_trial) == (0, 1)
    run_untrained(steering, plan, scratch, OutlastsTheOthers, on_step)
    assert [record.error for record in steering.ledger.records] == [None] * NUM_TRIALS
    assert said[0].startswith("waiting for machines: asked for 2 trial slots, on up to 2 machines (Ctrl-C")
    assert (nums[0], max(nums), nums[-1]) == (0, 2, 1), "of two, one went while the last trial ran"
    wait_until(lambda: num_workers() == 0)


DRIVER = """
import sys, time, types
import ray
from search.cluster.capacity import plan_resources
from search.cluster.demand import asking
from search.cluster.growth import read_growth
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
steering = types.SimpleNamespace(stop_reason=None, is_time_up=False, num_left=None, running=set(), machines="")
steering.most_new_machines, steering.spending, steering.deadline = None, "", None
with asking(plan_resources(1, 1, growth=read_growth()), steering) as ask:
    while True:
        ask()
        time.sleep(0.2)
"""


def test_search_packs_shares_of_cards_onto_two_types_though_a_killed_one_has_asked_and_a_third_is_sold_out(
    make_steering, make_cluster, scratch
):
    types = {
        "two_cards": {"resources": {"CPU": 8, "GPU": 2}, "max_workers": 1},
        "one_card": {"resources": {"CPU": 4, "GPU": 1}, "max_workers": 1},
        "none_left": {"resources": {"CPU": 1, "GPU": 1}, "max_workers": 4},
    }
    cluster = make_cluster(types, autoscaler="v2", most_nodes=6, sold_out=("none_left",))
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, cluster.address], env=cluster.environment)
    wait_until(lambda: num_workers() > 0)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    wait_until(lambda: num_workers() == 0)  # nobody asks any more

    steering = make_steering(num_trials=12)
    said: list[str] = []
    plan = plan_resources(1, 0.25, said.append, growth=read_growth())
    run_untrained(steering, plan, scratch, WaitsForAnotherNode)
    assert "asked for 12 trial slots" in said[0]
    assert len(set(began_on(scratch))) == 2, said
    assert [line for line in said if "none_left: InsufficientInstanceCapacity: We have none left" in line], said
