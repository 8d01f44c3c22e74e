"""A search on a real cluster of several nodes, which come and go while it runs; its trials train nothing."""

import time
from typing import Any

import pytest

from .live import OutlastsANotice, began_on, head_of, search_on

pytestmark = pytest.mark.cluster


def test_search_grows_onto_nodes_that_come_and_leaves_its_head_to_them(make_steering, make_nodes, scratch):
    nodes = make_nodes(1)
    steering = make_steering(num_trials=8, others=("a", "b"))
    added: list[Any] = []
    most_at_once = 0

    def on_step() -> None:
        nonlocal most_at_once
        most_at_once = max(most_at_once, len(steering.running))
        if len(steering.ledger.ended) >= 2 and not added:
            added.append(nodes.add())

    began = search_on(steering, scratch, on_step, lambda _: None)
    assert began[:2] == [head_of()] * 2
    assert set(began[4:]) == {added[0].node_id}, "one began on the head while the node came, none from then on"
    assert most_at_once == 2


def test_search_waits_once_all_its_nodes_are_lost_and_goes_on_when_one_comes(make_steering, make_nodes, scratch):
    nodes = make_nodes(0)
    doomed = nodes.add(1)
    steering = make_steering(num_trials=3, others=("a",))
    said = []

    def say(line: str) -> None:
        said.append(line)
        if "no node is left" in line:
            nodes.add()

    def on_step() -> None:
        if len(steering.ledger.ended) == 1 and doomed in nodes._cluster.worker_nodes and not steering.running:
            nodes.end(doomed)

    began = search_on(steering, scratch, on_step, say)
    assert len(said) == 2
    assert said[1] == "going on; trials at once: 2"
    assert (began[0], len(set(began))) == (doomed.node_id, 2)


def test_trial_under_which_a_notice_runs_out_begins_once_more_elsewhere(make_steering, make_nodes, scratch):
    from ray._raylet import GcsClient  # type: ignore[attr-defined]
    from ray.core.generated.autoscaler_pb2 import DrainNodeReason

    nodes = make_nodes(0)
    doomed = nodes.add(1)
    steering = make_steering(num_trials=1, others=("a",))

    def on_step() -> None:
        if began_on(scratch) and doomed in nodes._cluster.worker_nodes:
            reason = DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
            GcsClient(address=nodes.address).drain_node(
                doomed.node_id, reason, "notice", int(1000 * time.time()) + 1000
            )
            time.sleep(2)
            nodes.end(doomed)
            nodes.add(1)

    began = search_on(steering, scratch, on_step, lambda _: None, OutlastsANotice)
    assert (began[0], len(began), len(set(began))) == (doomed.node_id, 2, 2)
    assert steering.ledger[0].user_attrs["moved"] == 1
