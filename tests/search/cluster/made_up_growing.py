"""A made-up cluster that can grow, and a stage that asks it for machines."""

from types import SimpleNamespace
from typing import Any

from search.cluster.capacity import HEAD, LiveCapacity
from search.cluster.demand import Demand
from search.cluster.growth import Growth
from search.cluster.nodes import Node
from search.money.cluster_file import NodeType

GROWTH = Growth(types=(NodeType(name="gpu", cpus=4, gpus=1, max_workers=3),), most_machines=8)
"""Three machines of one card: three trials with a card each, twelve with a quarter."""


def worker(name: str) -> Node:
    return Node(node_id=name, name=name, resources={"CPU": 4, "GPU": 1})


def head(cpus: float = 0) -> Node:
    return Node(node_id="head", name="head", resources={"CPU": cpus, "GPU": 0, HEAD: 1})


def stage() -> Any:
    made = SimpleNamespace(stop_reason=None, is_time_up=False, num_left=40, running=set(), machines="-", errors=[])
    made.most_new_machines, made.spending, made.deadline = None, "", None
    made.is_too_late_for_machines = False
    made.abort = made.errors.append
    return made


def screen_of(*complaints: str) -> Any:
    """Return a screen that has refused a node for each, and knows of no other node yet."""
    return SimpleNamespace(
        refused={f"bad{number}" for number in range(len(complaints))},
        complaints=list(complaints),
        shunned=lambda: {"a"},
        admitted=lambda nodes: [],
    )


class MadeUp:
    """A cluster and a stage that a test sets; a second goes by with each look."""

    def __init__(self, *, gpus: float = 1, most_at_once: int | None = None, sees_free_slots: bool = False) -> None:
        self.nodes = [head()]
        self.time = 0.0
        self.said: list[str] = []
        self.asked: list[int] = []
        self.reasons: tuple[str, ...] = ()
        self.num_ordered = 0
        self.steering = stage()
        self.live = LiveCapacity(
            cpus_per_trial=1,
            gpus_per_trial=gpus,
            say=self.said.append,
            growth=GROWTH,
            most_at_once=most_at_once,
            look_up=lambda: list(self.nodes),
            clock=lambda: self.time,
        )
        self.demand = Demand(
            self.live,
            self.steering,
            self.asked.append,
            reasons=lambda: self.reasons,
            sees_free_slots=lambda: sees_free_slots,
            on_their_way=lambda: self.num_ordered,
        )

    def asked_later(self, seconds: float = 1) -> int:
        self.time += seconds
        self.demand.update()
        return self.asked[-1]
