"""Made-up nodes: how many trials may run at once, and where, while they come and go."""

import pytest

from core.errors import ClusterError
from search.cluster.capacity import HEAD, HEAD_RETURNS_SECONDS, LiveCapacity, Resources, num_fitting, plan_resources
from search.cluster.nodes import Node
from search.cluster.placement import NODE_ID, placement


def node(name: str, cpus: float = 2, gpus: float = 0, *, is_head: bool = False) -> Node:
    return Node(node_id=name, name=name, resources={"CPU": cpus, "GPU": gpus} | ({HEAD: 1.0} if is_head else {}))


class MadeUpCluster:
    """A capacity of trials of one processor, over nodes that a test sets; its clock goes on by a second a look."""

    def __init__(self, *nodes: Node) -> None:
        self.nodes = list(nodes)
        self.said: list[str] = []
        self.num_looks = 0
        self.time = 0.0
        self.capacity = LiveCapacity(
            cpus_per_trial=1, gpus_per_trial=0, say=self.said.append, look_up=self.look_up, clock=lambda: self.time
        )

    def look_up(self) -> list[Node]:
        self.num_looks += 1
        return list(self.nodes)

    def at_once_later(self) -> int:
        self.time += 1
        return self.capacity.num_at_once()


HEAD_NODE = node("head", 4, is_head=True)


@pytest.mark.parametrize(
    ("cpus", "gpus", "cpus_per_trial", "gpus_per_trial", "fitting"),
    [
        (2, 0, 1, 0, 2),
        (3, 0, 2, 0, 1),
        (4, 0, 8, 0, 0),
        (16, 1, 1, 0.25, 4),
        (2, 1, 1, 0.25, 2),
        (16, 2, 1, 0.4, 4),  # a share lies on one card: two each, not five
        (16, 4, 1, 2, 2),
        (16, 1, 1, 2, 0),
        (16, 3, 1, 1, 3),
        (16, 1, 1, 0.1, 10),
    ],
)
def test_num_fitting_counts_trials_of_one_machine(cpus, gpus, cpus_per_trial, gpus_per_trial, fitting):
    assert num_fitting(cpus, gpus, cpus_per_trial, gpus_per_trial) == fitting


def test_capacity_follows_the_nodes_once_a_second_at_most():
    cluster = MadeUpCluster(node("a"))
    assert [cluster.at_once_later(), cluster.capacity.num_at_once()] == [2, 2]
    cluster.nodes.append(node("b", 3))
    assert cluster.capacity.num_at_once() == 2
    cluster.time += 0.9
    assert cluster.capacity.num_at_once() == 2
    assert cluster.num_looks == 1
    assert cluster.at_once_later() == 5
    del cluster.nodes[0]
    assert cluster.at_once_later() == 3


def test_capacity_is_the_heads_where_it_is_alone_and_the_others_from_when_they_come():
    cluster = MadeUpCluster(HEAD_NODE)
    assert (cluster.at_once_later(), cluster.capacity.shunned_nodes()) == (4, ())
    cluster.nodes.append(node("too small", 0.5))
    assert (cluster.at_once_later(), cluster.capacity.shunned_nodes()) == (4, ())
    cluster.nodes.append(node("a"))
    assert (cluster.at_once_later(), cluster.capacity.shunned_nodes()) == (2, ("head",))
    del cluster.nodes[1:]
    assert (cluster.at_once_later(), cluster.capacity.shunned_nodes()) == (0, ("head",)), "spared once, spared always"


def test_capacity_says_once_that_nothing_is_left_and_once_that_it_goes_on():
    cluster = MadeUpCluster(node("a"))
    assert cluster.at_once_later() == 2
    cluster.nodes.clear()
    assert [cluster.at_once_later() for _ in range(3)] == [0, 0, 0]
    assert len(cluster.said) == 1
    assert "no node is left" in cluster.said[0]
    cluster.nodes.append(node("b", 1))
    assert [cluster.at_once_later() for _ in range(3)] == [1, 1, 1]
    assert cluster.said[1:] == ["going on; trials at once: 1"]


def test_capacity_gives_the_head_back_when_no_other_node_has_come_for_long():
    cluster = MadeUpCluster(HEAD_NODE, node("a"))
    assert cluster.at_once_later() == 2
    cluster.nodes.pop()
    assert cluster.at_once_later() == 0
    assert "15 min before the head trains" in cluster.said[0]
    cluster.time += HEAD_RETURNS_SECONDS
    assert (cluster.at_once_later(), cluster.capacity.shunned_nodes()) == (4, ())
    cluster.nodes.append(node("a"))
    assert (cluster.at_once_later(), cluster.capacity.shunned_nodes()) == (2, ("head",))


def test_capacity_counts_only_nodes_that_the_screen_admits_and_shuns_those_it_refuses():
    class Screen:
        def __init__(self) -> None:
            self.refused = {"bad"}
            self.complaints = ["it lacks the code"]

        def shunned(self) -> set[str]:
            return {"bad"}

        def admitted(self, nodes: list[Node]) -> list[Node]:
            return [node for node in nodes if node.node_id in ("head", "good")]

    cluster = MadeUpCluster(HEAD_NODE, node("bad"), node("not asked yet"))
    cluster.capacity.screen = Screen()
    assert (cluster.at_once_later(), cluster.capacity.shunned_nodes()) == (4, ("bad",))
    cluster.nodes.append(node("good"))
    assert (cluster.at_once_later(), cluster.capacity.shunned_nodes()) == (2, ("bad", "head"))


@pytest.fixture
def nodes(monkeypatch) -> list[Node]:
    """Nodes as Ray tells of them; the one called leaving has notice."""
    alive: list[Node] = []
    monkeypatch.setattr("search.cluster.nodes.alive_nodes", lambda: tuple(alive))
    monkeypatch.setattr("search.cluster.nodes.draining_nodes", lambda: frozenset({"leaving"}))
    return alive


def test_plan_resources_leaves_out_the_head_and_a_node_that_has_notice(nodes):
    nodes += [HEAD_NODE, node("leaving", 8), node("a", 2), node("b", 3)]
    plan = plan_resources(1, None)
    assert (plan.max_concurrent, plan.gpus_per_trial, plan.shunned_nodes()) == (5, 0, ("head",))


def test_plan_resources_takes_a_card_each_where_there_are_any_and_says_what_there_is_where_none_fits(nodes):
    nodes += [node("a", 2), node("b", 8, gpus=2), node("c", 2)]
    assert plan_resources(1, None).max_concurrent == 2
    with pytest.raises(
        ClusterError, match=r"2 x 2 CPUs and 0 GPUs, 1 x 8 CPUs and 2 GPUs.*--gpus-per-trial 4. Ask for less"
    ):
        plan_resources(1, 4)


@pytest.mark.parametrize(
    ("there", "gpus", "advice"),
    [(node("head", 0, is_head=True), 0, "No worker is there"), (node("a"), 1, "No machine has a GPU")],
)
def test_plan_resources_says_what_is_missing(nodes, there, gpus, advice):
    nodes.append(there)
    with pytest.raises(ClusterError, match=advice):
        plan_resources(1, gpus)


def test_placement_asks_for_a_trials_share_anywhere_but_on_shunned_nodes():
    request = placement(Resources(cpus_per_trial=2, gpus_per_trial=0.5, max_concurrent=1))
    anywhere = request({"trial": {"shunned_nodes": ()}})
    elsewhere = request({"trial": {"shunned_nodes": ("x", "y")}})
    assert anywhere.bundles == elsewhere.bundles == [{"CPU": 2, "GPU": 0.5}]
    assert elsewhere._kwargs == {"bundle_label_selector": [{NODE_ID: "!in(x,y)"}]}
    assert anywhere == request({"trial": {"shunned_nodes": ()}}), "equal requests hand workers on"
    assert anywhere != elsewhere
