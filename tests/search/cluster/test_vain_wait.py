"""What becomes of a made-up stage that waits for machines of which no more are asked for."""

import time

from core.errors import ClusterError
from search.cluster.demand import LEAST_MINUTES, MOST_REFUSED

from .made_up_growing import MadeUp, head, screen_of, worker

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
    assert cluster.asked_later() == 0
    assert not cluster.steering.is_too_late_for_machines, "what was asked for may still come"


def test_stage_that_is_too_short_for_a_machine_to_come_ends_at_once():
    cluster = MadeUp()
    cluster.steering.deadline = time.time() + 60 * LEAST_MINUTES - 30
    cluster.num_ordered = 1
    assert (cluster.asked_later(), cluster.steering.is_too_late_for_machines) == (0, False), "one of min_workers comes"
    cluster.num_ordered = 0
    assert cluster.asked_later() == 0
    assert cluster.steering.is_too_late_for_machines
    assert cluster.said == ["training ends: a machine needs 11 min to come and be of use, and less is left"]


def test_head_trains_where_the_time_is_too_short_for_a_machine_to_come():
    cluster = MadeUp(gpus=0)
    cluster.nodes = [head(cpus=8)]
    cluster.steering.deadline = time.time() + 60 * LEAST_MINUTES - 30
    assert (cluster.asked_later(), cluster.live.num_at_once()) == (0, 8)
    assert not cluster.steering.is_too_late_for_machines
