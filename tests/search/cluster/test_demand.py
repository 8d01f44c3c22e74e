"""What is asked of a made-up cluster that can grow, and what the user is told."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import ClusterError
from search.cluster.capacity import HEAD, HEAD_RETURNS_SECONDS, LiveCapacity, Resources
from search.cluster.demand import LEAST_MINUTES, MOST_REFUSED, Demand, asking, wait_for_machines
from search.cluster.growth import Growth
from search.cluster.nodes import Node
from search.cluster.pending import packed_share
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
        )

    def asked_later(self, seconds: float = 1) -> int:
        self.time += seconds
        self.demand.update()
        return self.asked[-1]


def test_demand_is_for_the_slots_that_are_missing_and_goes_as_machines_come():
    cluster = MadeUp()
    assert cluster.asked_later() == 3
    cluster.nodes.append(worker("a"))
    assert cluster.asked_later() == 2
    cluster.nodes += [worker("b"), worker("c")]
    assert cluster.asked_later() == 0
    cluster.nodes.remove(worker("b"))
    assert cluster.asked_later() == 1


def test_demand_counts_the_slots_of_shared_cards():
    cluster = MadeUp(gpus=0.25)
    assert cluster.asked_later() == 12
    cluster.nodes.append(worker("a"))
    assert cluster.asked_later() == 8


@pytest.mark.parametrize(
    ("gpus", "asked"), [(0, 0), (0.25, 0.25), (0.4, 0.5), (0.3, 0.3333), (0.34, 0.5), (1, 1), (2, 2)]
)
def test_share_is_asked_for_so_that_as_many_fit_on_a_machine_as_on_its_cards(gpus, asked):
    assert packed_share(gpus) == asked


def test_demand_is_for_no_more_than_is_left_to_train():
    cluster = MadeUp()
    cluster.steering.num_left = 2
    assert cluster.asked_later() == 2
    cluster.nodes.append(worker("a"))
    cluster.steering.num_left, cluster.steering.running = 1, {0}
    assert cluster.asked_later() == 1
    cluster.steering.num_left, cluster.steering.running = 0, {1}
    assert cluster.asked_later() == 0
    cluster.steering.num_left = None
    assert cluster.asked_later() == 2, "a search without end takes all that there may be"


@pytest.mark.parametrize("end", [{"stop_reason": "interrupted"}, {"is_time_up": True}])
def test_demand_ends_with_the_time_budget_and_with_ctrl_c(end):
    cluster = MadeUp()
    assert cluster.asked_later() == 3
    vars(cluster.steering).update(end)
    assert cluster.asked_later() == 0


def test_demand_is_for_the_machines_that_the_money_pays():
    cluster = MadeUp(gpus=0.25)
    cluster.steering.most_new_machines = 2
    assert cluster.asked_later() == 8
    cluster.nodes.append(worker("a"))
    cluster.steering.most_new_machines = 0
    assert cluster.asked_later() == 0
    assert cluster.live.num_at_once() == 4, "what is there goes on"


def test_demand_is_for_one_machine_where_money_is_counted_and_no_price_is_known():
    cluster = MadeUp(gpus=0.25)
    cluster.steering.spending = "spent $0 of $5"
    assert cluster.asked_later() == 4
    cluster.nodes.append(worker("a"))
    assert cluster.asked_later() == 0, "it is about to tell its price"
    cluster.steering.most_new_machines = 1
    assert cluster.asked_later() == 4


def test_demand_keeps_to_the_most_trials_at_once():
    cluster = MadeUp(gpus=0.25, most_at_once=5)
    assert cluster.asked_later() == 5
    cluster.nodes.append(worker("a"))
    assert cluster.asked_later() == 1
    cluster.nodes.append(worker("b"))
    assert (cluster.asked_later(), cluster.live.num_at_once()) == (0, 5)


@pytest.mark.parametrize(("sees_free_slots", "num"), [(False, 3), (True, 3 + 8)])
def test_demand_for_an_autoscaler_that_counts_a_spared_heads_slots_is_for_these_too(sees_free_slots, num):
    cluster = MadeUp(sees_free_slots=sees_free_slots, gpus=0)
    cluster.demand._growth = Growth(types=(NodeType(name="cpu", cpus=1, gpus=0, max_workers=3),), most_machines=3)
    cluster.nodes = [head(cpus=8)]
    assert cluster.asked_later() == num
    assert cluster.live.num_at_once() == 0, "the head waits for others"


def test_head_trains_where_no_machine_has_come_for_long_and_machines_are_still_asked_for():
    cluster = MadeUp(gpus=0)
    cluster.nodes = [head(cpus=8)]
    assert (cluster.asked_later(), cluster.live.num_at_once()) == (12, 0)
    assert "15 min before the head trains" in cluster.said[0]
    assert cluster.asked_later(HEAD_RETURNS_SECONDS) == 12
    assert cluster.live.num_at_once() == 8
    cluster.steering.num_left, cluster.steering.running = 0, {1, 2}
    assert cluster.asked_later() == 0, "the head ends what it has begun"
    cluster.nodes.append(worker("a"))
    cluster.steering.num_left = 9
    assert (cluster.asked_later(), cluster.live.num_at_once()) == (7, 4)


def test_machine_that_is_still_asked_what_it_has_is_no_reason_to_order_another():
    cluster = MadeUp()
    cluster.live.screen = screen = screen_of()
    cluster.nodes.append(worker("a"))
    assert (cluster.asked_later(), cluster.live.num_at_once()) == (2, 0)
    screen.refused = {"a"}
    assert cluster.asked_later() == 3


REFUSALS = tuple(f"node {number} must have the code" for number in range(MOST_REFUSED))


def test_stage_ends_with_the_last_complaint_where_all_that_came_was_refused():
    cluster = MadeUp()
    cluster.live.screen = screen = screen_of(*REFUSALS)
    screen.complaints.pop()
    assert (cluster.asked_later(), cluster.steering.errors) == (3, [])
    screen.complaints.append("node 2 must have the code")
    cluster.nodes.append(worker("a"))
    assert (cluster.asked_later(), cluster.steering.errors) == (0, []), "one more has come, and is still asked"
    cluster.nodes.remove(worker("a"))
    cluster.steering.running = {0}
    assert (cluster.asked_later(), cluster.steering.errors) == (0, [])
    cluster.steering.running = set()
    assert cluster.asked_later() == 0
    [error] = cluster.steering.errors
    assert isinstance(error, ClusterError)
    assert "none of the last 3 is; no more are asked for. The last one: node 2 must have the code" in str(error)
    assert len([line for line in cluster.said if "no further machine is asked for" in line]) == 1


def test_machines_are_asked_for_again_once_one_was_admitted():
    cluster = MadeUp()
    cluster.live.screen = screen = screen_of(*REFUSALS)
    cluster.nodes.append(worker("good"))
    screen.admitted = lambda nodes: nodes
    assert cluster.asked_later() == 0
    screen.complaints.clear()
    assert (cluster.asked_later(), cluster.steering.errors) == (2, [])


def test_head_that_can_train_does_so_at_once_where_no_machine_is_asked_for_any_more():
    cluster = MadeUp(gpus=0)
    cluster.live.screen = screen = screen_of()
    screen.admitted = lambda nodes: nodes
    cluster.nodes = [head(cpus=8)]
    assert (cluster.asked_later(), cluster.live.num_at_once()) == (12, 0)
    screen.complaints += REFUSALS
    assert (cluster.asked_later(), cluster.steering.errors) == (0, [])
    assert cluster.live.num_at_once() == 8


def test_no_machine_is_asked_for_that_would_come_too_late():
    cluster = MadeUp()
    cluster.steering.deadline = time.time() + 60 * LEAST_MINUTES + 30
    assert cluster.asked_later() == 3
    cluster.steering.deadline -= 60
    given = cluster.steering.deadline
    assert (cluster.asked_later(), cluster.steering.deadline) == (0, given), "what was asked for may still come"


def test_stage_that_is_too_short_for_a_machine_to_come_ends_at_once():
    cluster = MadeUp()
    cluster.steering.deadline = time.time() + 60 * LEAST_MINUTES - 30
    assert cluster.asked_later() == 0
    assert cluster.steering.deadline <= time.time()
    assert cluster.said == ["training ends: a machine needs 11 min to come and be of use, and less is left"]


def test_user_is_told_once_what_is_waited_for_and_how_many_machines_there_are():
    cluster = MadeUp()
    for _ in range(3):
        cluster.asked_later()
    assert cluster.said == [
        "waiting for machines: asked for 3 trial slots, on up to 3 machines (Ctrl-C stops; the same command goes on)"
    ]
    cluster.nodes.append(worker("a"))
    cluster.asked_later()
    assert cluster.said[1:] == ["going on; trials at once: 1"]
    assert cluster.steering.machines == "machines: 1 of up to 3"
    cluster.nodes.append(worker("b"))
    cluster.asked_later()
    assert cluster.said[2:] == ["machines: 2 of up to 3; trials at once: 2"]


def test_user_is_told_once_why_a_machine_does_not_come():
    cluster = MadeUp()
    cluster.asked_later()
    cluster.reasons = ("gpu: InsufficientInstanceCapacity",)
    for _ in range(30):
        cluster.asked_later()
    assert cluster.said[1:] == ["a machine that was asked for did not come: gpu: InsufficientInstanceCapacity"]


def test_fixed_cluster_is_asked_for_nothing():
    live = LiveCapacity(cpus_per_trial=1, gpus_per_trial=0, look_up=lambda: [worker("a")])
    plan = Resources(cpus_per_trial=1, gpus_per_trial=0, max_concurrent=4, live=live)
    with asking(plan, MadeUp().steering) as ask:
        ask()


@pytest.mark.parametrize("comes_or_ends", ["comes", "stop_reason", "is_time_up"])
def test_waiting_for_the_first_machine_ends_when_it_comes_or_nothing_is_to_start(comes_or_ends):
    cluster = MadeUp()
    plan = Resources(cpus_per_trial=1, gpus_per_trial=1, max_concurrent=0, live=cluster.live)
    looks = []

    def on_wait() -> None:
        looks.append(cluster.asked_later())
        if len(looks) == 3:
            if comes_or_ends == "comes":
                cluster.nodes.append(worker("a"))
            else:
                setattr(cluster.steering, comes_or_ends, "interrupted")

    wait_for_machines(plan, cluster.steering, on_wait, lambda seconds: setattr(cluster, "time", cluster.time + 1))
    assert looks == [3, 3, 3]
