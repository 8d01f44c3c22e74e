"""What is asked of a made-up cluster that can grow, and what the user is told."""

import pytest

from search.cluster.capacity import HEAD_RETURNS_SECONDS, LiveCapacity, Resources
from search.cluster.demand import asking, wait_for_machines
from search.cluster.growth import Growth
from search.cluster.pending import packed_share
from search.money.cluster_file import NodeType

from .made_up_growing import MadeUp, head, screen_of, worker


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
