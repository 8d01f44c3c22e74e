"""The cap's arithmetic with a clock of the test's own: 0.36 USD an hour the head, 3.6 the worker."""

import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.store import files
from search.cluster.nodes import Node
from search.money.cap import MoneyCap
from search.money.cluster_file import read_cluster_file
from search.money.metered import metered
from search.money.prices import usd
from search.money.spent import StartCost, cost_file, read_costs
from search.trainable import earlier_of
from tests.search.conftest import HERE, epoch_report, write_whole_predictions

from .making import HEAD_LABELS, WORKER_LABELS, Clock, make_meter, node, ray_file
from .test_cluster_file import write

RATE = 3.96 / 3600
WORKER = 3.6 / 3600
KEPT = 100 * RATE + 600 * WORKER
"""100 seconds for the vote, 600 of idle workers."""


class Money:
    """A cap, its nodes and its clock."""

    def __init__(
        self, tmp_path: Any, steering: Any, amount: float, earlier: float = 0.0, *, begins: bool = True
    ) -> None:
        self.nodes: list[Node] = [node("h", HEAD_LABELS), node("a", WORKER_LABELS)]
        self.clock = Clock()
        folder = steering.ledger.folder
        files.write_json(folder.manifest, {})
        costs = (StartCost(generation=1, began=0, until=1, usd=earlier, machines=()),) if earlier else ()
        self.cap = MoneyCap(
            usd=amount,
            folder=folder,
            generation=2,
            vote_seconds=100,
            earlier=costs,
            meter=make_meter(tmp_path, self.nodes, self.clock),
            clock=self.clock,
        )
        self.said = [self.cap.begin()] if begins else []

    @property
    def seconds_left(self) -> float:
        return self.cap.deadline() - self.clock.now


@pytest.fixture
def make_money(tmp_path, make_steering):
    return lambda amount, **more: Money(tmp_path, make_steering(), amount, **more)


def report(steering: Any, epoch: int, seconds: float) -> int:
    number = steering.next_trial().record.number
    write_whole_predictions(steering, number)
    steering.report(number, epoch_report(epoch, 0.5, seconds), worker=HERE, has_predictions=True)
    return number


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
    assert steering.spending == "spent $0.00 of $2.00"
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


def test_cap_below_one_trial_is_told_before_anything_where_epochs_are_known(make_money, make_steering):
    steering = make_steering()
    report(steering, 1, 600.0)
    again = make_steering()
    money = make_money(2.0)
    money.cap.limit(again)
    assert again.stop_reason == "aborted"
    # 8 epochs of 600 s are left of the one that began; 8 * 600 * RATE = 5.28
    line = str(again.error)
    assert line.startswith("--max-cost must pay for one trial, got $2.00: $0.00 are spent, $0.71 kept back")
    assert "a trial takes about $5.28 more (epochs: 8, of 600 s, at $3.96 an hour). Name 5.99 or more" in line
    assert "\n" not in line


def test_cap_below_one_trial_is_told_once_the_first_epoch_has_been_measured(make_money, make_steering):
    money, steering = make_money(2.0), make_steering()
    money.cap.limit(steering)
    assert steering.stop_reason is None
    report(steering, 1, 600.0)
    money.cap.limit(steering)
    assert isinstance(steering.error, ConfigError)
    assert make_steering().ledger[0].state == "running", "the study is sound and goes on"


def after_a_trial(make_steering: Any, *, is_cut_short: bool) -> Any:
    """Return the next start of a study whose only trial has a score, with epochs of 600 s."""
    steering = make_steering()
    number = report(steering, 1, 600.0)
    if is_cut_short:
        steering.deadline = 0.0
    for epoch in (2,) if is_cut_short else range(2, 10):
        steering.report(number, epoch_report(epoch, 0.5, 600.0), worker=HERE, has_predictions=True)
    assert len(steering.ledger.cut_short) == is_cut_short
    return make_steering()


@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize("is_cut_short", [False, True])
def test_study_that_can_vote_ends_without_an_error_where_machines_that_joined_took_its_money(
    make_money, make_steering, is_cut_short, is_first
):
    steering, money = after_a_trial(make_steering, is_cut_short=is_cut_short), make_money(1.0, begins=False)
    worker = money.nodes.pop()
    money.cap.begin()
    if not is_first:
        money.cap.limit(steering)
        assert not steering.is_time_up, "the head alone could train, at 0.06 USD an epoch"
    money.nodes.append(worker)
    money.clock.now += 10
    money.cap.limit(steering)
    # 0.36 for the setup and 0.71 kept back: less than nothing is left
    assert steering.stop_reason is None
    assert steering.is_time_up
    assert money.cap.is_nearer, "so that the money is told as what ended it"
    assert steering.next_trial() is None
    steering.ledger.close_untouched()
    assert len(steering.ledger.ranked) == 1, "it votes"


@pytest.mark.parametrize("is_cut_short", [False, True])
def test_study_that_can_vote_is_refused_where_nothing_is_paid_yet(make_money, make_steering, is_cut_short):
    steering = after_a_trial(make_steering, is_cut_short=is_cut_short)
    make_money(0.8).cap.limit(steering)
    assert isinstance(steering.error, ConfigError)


def test_cap_that_pays_for_one_more_trial_goes_on(make_money, make_steering):
    money, steering = make_money(6.2), make_steering()
    money.cap.limit(steering)
    report(steering, 1, 600.0)
    money.cap.limit(steering)
    assert steering.stop_reason is None


def test_cap_without_one_epoch_says_so(make_money, make_steering):
    assert "not one epoch has ended" in str(make_money(0.5).cap.shortage(make_steering(), 0.25))


def test_metered_says_first_what_counts_and_last_what_was_spent(make_money):
    money = make_money(2.0, earlier=0.25, begins=False)
    said: list[str] = []
    with metered(money.cap, said.append):
        money.clock.now += 360
    first, spent, head = said
    assert first.startswith("counting 1 head.small on-demand, 1 gpu.large spot: $3.96 an hour")
    assert spent.startswith("spent $1.36 of $2.00: 1 gpu.large spot 0.10 h $0.36, 1 head.small on-demand 0.10 h $0.036")
    assert spent.endswith("earlier starts $0.25")
    assert head.startswith("the head goes on costing $0.36 an hour until `ray down`")


def test_metered_leaves_what_ended_the_search_as_it_is_where_the_cost_cannot_be_written(make_money, capsys):
    money = make_money(2.0, begins=False)
    Path(cost_file(money.cap.folder)).mkdir()
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt), metered(money.cap, said.append):
        raise KeyboardInterrupt
    warning = capsys.readouterr().err
    assert warning.startswith("warning: what this start has cost is not written down, and does not count in the next: ")
    assert "cost.json" in warning
    assert warning.count("\n") == 1
    assert said[1].startswith("spent $")


def test_metered_without_a_cap_says_and_counts_nothing():
    said: list[str] = []
    with metered(None, said.append):
        pass
    assert said == []


@pytest.mark.parametrize(("amount", "text"), [(0, "$0.00"), (0.0123, "$0.012"), (0.1, "$0.10"), (1234.5, "$1,234.50")])
def test_usd_is_written_as_people_write_it(amount, text):
    assert usd(amount) == text
