"""The cap's arithmetic with a clock of the test's own."""

import time

import pytest

from core.store import files
from search.money.cluster_file import read_cluster_file
from search.money.spent import read_costs
from search.trainable import earlier_of
from tests.search.conftest import HERE, epoch_report

from .conftest import KEPT, RATE, WORKER, report
from .making import WORKER_LABELS, node, ray_file
from .test_cluster_file import write


def test_deadline_leaves_what_the_vote_and_idle_workers_cost(make_money):
    money = make_money(2.0)
    assert money.seconds_left == pytest.approx((2.0 - KEPT) / RATE)
    money.clock.now += 100
    assert money.cap.spent == 0
    assert money.seconds_left == pytest.approx((2.0 - KEPT) / RATE - 100), "time passes, money goes: it stays put"
    assert money.cap.spent == pytest.approx(100 * RATE)


def test_deadline_comes_nearer_when_a_machine_joins_and_moves_away_when_one_goes(make_money):
    money = make_money(20.0)
    alone = money.seconds_left
    money.nodes.append(node("b", WORKER_LABELS))
    money.clock.now += 10
    nearer = money.seconds_left
    assert nearer < alone / 1.8
    del money.nodes[1:]
    money.clock.now += 10
    assert money.seconds_left > alone


def test_spending_until_the_deadline_and_what_is_kept_back_is_the_cap(make_money):
    money = make_money(2.0)
    while money.seconds_left > 1:
        money.clock.now += 7
    money.cap.close()
    [cost] = read_costs(money.cap.folder)
    assert cost.usd <= 2.0 + 7 * RATE
    assert cost.usd == pytest.approx(2.0, abs=8 * RATE)
    assert (cost.generation, cost.machines[0]["machine"]) == (2, "gpu.large")


def test_what_earlier_starts_have_spent_counts(make_money):
    money = make_money(2.0, earlier=0.9)
    assert money.cap.spent == pytest.approx(0.9)
    assert "$0.90 of $2.00" in money.said[0]
    assert money.seconds_left == pytest.approx((1.1 - KEPT) / RATE)


def test_spent_money_is_a_deadline_that_has_passed(make_money, make_steering):
    money = make_money(1.0, earlier=1.0)
    assert money.seconds_left == 0
    steering = make_steering()
    money.cap.limit(steering)
    assert steering.next_trial() is None


def test_part_of_the_money_is_for_the_stage_that_comes_first(make_money):
    money = make_money(8.0)
    assert money.cap.deadline(0.25) - money.clock.now == pytest.approx((2.0 - KEPT) / RATE)


def test_limit_keeps_the_longest_epoch_back_and_tells_workers_to_predict_half_way(make_money, make_steering):
    money, steering = make_money(2.0), make_steering()
    report(steering, 1, 30.0)
    money.cap.limit(steering)
    left = (2.0 - KEPT) / RATE
    assert steering.last_moment - money.clock.now == pytest.approx(left)
    assert steering.deadline - money.clock.now == pytest.approx(left - 30)
    assert steering.early_deadline - money.clock.now == pytest.approx((left - 30) / 2)
    assert steering.spending == "spent $0.00 of $2.00, $2.00 left"
    assert money.cap.is_nearer


def test_limit_keeps_back_the_longest_time_between_two_looks(make_money, make_steering):
    money, steering = make_money(20.0), make_steering()
    for seconds in (0, 7, 1):
        money.clock.now += seconds
        money.cap.limit(steering)
    assert steering.last_moment == pytest.approx(money.cap.deadline() - 7)
    other = make_steering(folder="another stage")
    money.clock.now += 50
    money.cap.limit(other)
    assert other.last_moment == pytest.approx(money.cap.deadline() - 7)


def test_limit_says_how_many_more_machines_the_money_could_use(make_money, make_steering):
    money, steering = make_money(3.0), make_steering()
    money.cap.limit(steering)
    # one more costs 3.6 an hour for 6 minutes of setup, 5 of use and 10 idle; the two that are there cost meanwhile
    assert steering.most_new_machines == int((3.0 - KEPT - 660 * RATE) / (1260 * WORKER)) == 1
    money.nodes.append(node("b", WORKER_LABELS))
    money.clock.now += 10
    money.cap.limit(steering)
    assert steering.most_new_machines == 0
    alone = make_money(3.0)
    del alone.nodes[1:]
    alone.cap.meter.look_up = lambda: tuple(alone.nodes)
    alone.clock.now += 10
    alone.cap.limit(steering)
    assert steering.most_new_machines is None, "what a worker would cost is not known"


def test_description_on_the_head_says_what_machines_would_cost_and_when_they_go(make_money, make_steering, tmp_path):
    money, steering = make_money(10.0), make_steering()
    [money.cap.description] = read_cluster_file(write(tmp_path, ray_file(idle_timeout_minutes=5)))
    assert money.cap.idle_seconds == 300
    money.cap.limit(steering)
    kept = 100 * RATE + 300 * WORKER
    # the dearest kind, 9 an hour
    assert steering.most_new_machines == int((10.0 - kept - 660 * RATE) / (960 * 9 / 3600)) == 3


def test_money_that_orders_no_first_machine_ends_the_stage_at_once(make_money, make_steering, tmp_path):
    money, steering = make_money(2.2), make_steering()
    [money.cap.description] = read_cluster_file(write(tmp_path, ray_file(idle_timeout_minutes=5)))
    del money.nodes[1:]
    money.cap.meter.look_up = lambda: tuple(money.nodes)
    money.clock.now += 10
    money.cap.limit(steering)
    assert steering.most_new_machines == 0
    assert steering.deadline == money.clock.now, "the head costs while it waits for what will not come"


def test_what_still_runs_at_the_last_moment_is_left_without_a_grace(make_steering):
    steering = make_steering(deadline=time.time() - 1)
    assert steering.is_time_up
    assert not steering.is_overtime
    steering.last_moment = time.time() + 60
    assert not steering.is_overtime
    steering.last_moment = time.time() - 1
    assert steering.is_overtime


def test_worker_goes_by_the_earlier_of_two_deadlines():
    assert earlier_of(None, None) is None
    assert earlier_of(3.0, None) == earlier_of(None, 3.0) == earlier_of(3.0, 7.0) == 3.0


def test_first_trial_has_to_run_to_its_end_and_later_ones_to_the_first_rung(make_steering):
    steering = make_steering()
    assert steering.least_epochs == 9
    report(steering, 1, 1.0)
    assert steering.least_epochs == 8
    for epoch in range(2, 10):
        steering.report(0, epoch_report(epoch, 0.5), worker=HERE, has_predictions=True)
    assert steering.ledger.num_ended == 1
    assert steering.least_epochs == 1


def test_time_budget_that_ends_sooner_stays(make_money, make_steering):
    money = make_money(200.0)
    soon = money.clock.now + 50
    steering = make_steering(deadline=soon)
    money.cap.limit(steering)
    assert steering.deadline == soon
    assert not money.cap.is_nearer


def test_what_is_spent_is_written_once_a_minute_with_the_next_one_ahead(make_money, make_steering):
    money, steering = make_money(200.0), make_steering()
    for seconds in (0, 30, 29):
        money.clock.now += seconds
        money.cap.limit(steering)
        assert read_costs(money.cap.folder) == ()
    money.clock.now += 1
    money.cap.limit(steering)
    assert read_costs(money.cap.folder)[0].usd == pytest.approx(120 * RATE + KEPT)


def test_study_that_is_not_there_yet_gets_no_file(make_money):
    money = make_money(2.0)
    files.remove(money.cap.folder.manifest)
    money.cap.close()
    assert read_costs(money.cap.folder) == ()
