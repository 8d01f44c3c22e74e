"""Waiting for nodes that are starting, over made-up nodes; time goes on by the pauses alone."""

import pytest

from search.cluster.nodes import Node
from search.cluster.starting import MOST_SECONDS, num_starting_nodes, wait_for_starting_nodes

HEAD = Node(node_id="head", name="head", resources={"CPU": 8, "node:__internal_head__": 1})
WORKER = Node(node_id="a", name="a", resources={"CPU": 2})


class Waiting:
    """Waits for nodes, a list of those to come with each pause, and counts the pauses."""

    def __init__(self, monkeypatch, *steps: list[Node]) -> None:
        self.steps = list(steps)
        self.nodes = [HEAD]
        self.said: list[str] = []
        self.seconds = 0.0
        monkeypatch.setattr("search.cluster.starting.usable_nodes", lambda: self.nodes)
        monkeypatch.setattr("time.time", lambda: 1e9 + self.seconds)

    def pause(self, seconds: float) -> None:
        self.seconds += seconds
        self.nodes = self.nodes + (self.steps.pop(0) if self.steps else [])

    def wait(self, num_starting: int, *, cpus: int = 1, deadline: float | None = None) -> None:
        wait_for_starting_nodes(
            cpus, None, self.said.append, deadline=deadline, pause=self.pause, num_starting=lambda: num_starting
        )


@pytest.fixture
def bootstrap(tmp_path, monkeypatch):
    """Put a cluster's description where `ray up` leaves it."""
    monkeypatch.setattr("search.money.cluster_file.CLUSTER_FILE", tmp_path / "cluster.yaml")
    monkeypatch.setattr("search.cluster.starting.num_ordered", lambda: 0)
    return tmp_path / "cluster.yaml"


def test_waiting_ends_with_the_first_node_that_fits_and_is_told_once(monkeypatch):
    waiting = Waiting(monkeypatch, [], [], [WORKER])
    waiting.wait(2)
    assert waiting.seconds == 3
    assert waiting.said == ["waiting for 2 nodes that are starting, 15 min at most (Ctrl-C stops)"]


def test_waiting_is_for_a_node_that_a_trial_fits_on(monkeypatch):
    big = Node(node_id="b", name="b", resources={"CPU": 4})
    waiting = Waiting(monkeypatch, [WORKER], [], [big])
    waiting.wait(1, cpus=4)
    assert waiting.seconds == 3


def test_waiting_is_for_nothing_where_no_node_is_starting_or_one_fits_already(monkeypatch):
    waiting = Waiting(monkeypatch)
    waiting.wait(0)
    waiting.nodes = [HEAD, WORKER]
    waiting.wait(5)
    assert (waiting.seconds, waiting.said) == (0, [])


def test_waiting_ends_in_time_where_no_node_comes(monkeypatch):
    waiting = Waiting(monkeypatch)
    waiting.wait(1)
    assert waiting.seconds == MOST_SECONDS
    waiting.wait(1, deadline=1e9 + MOST_SECONDS + 5)
    assert waiting.seconds == MOST_SECONDS + 5


def test_num_starting_nodes_is_what_the_description_promises_and_is_not_there(monkeypatch, bootstrap):
    monkeypatch.setattr("search.cluster.starting.usable_nodes", lambda: [HEAD, WORKER])
    assert num_starting_nodes() == 0
    kinds = "{head: {max_workers: 0}, gpu: {min_workers: 2}, cpu: {min_workers: 1}}"
    bootstrap.write_text(f"{{provider: {{type: aws}}, available_node_types: {kinds}}}")
    assert num_starting_nodes() == 2
    bootstrap.write_text("available_node_types: [torn")
    assert num_starting_nodes() == 0
