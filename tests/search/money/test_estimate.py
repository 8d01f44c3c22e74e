import dataclasses

import pytest

from core.errors import ConfigError
from core.store.records import TrialRecord
from search.money.cluster_file import read_cluster_file
from search.money.estimate import Estimate, estimate
from search.money.fleet import SETUP_MINUTES, Fleet, Share, fleet_of_file, fleet_of_nodes, fleet_of_this_machine
from search.money.work import RECORDED_SHARE, Range, epochs_to_train, pruned_share
from tests.search.conftest import epoch_report

from .making import HEAD_LABELS, OTHER_LABELS, WORKER_LABELS, node, price_list, ray_file
from .test_cluster_file import write


def record(number: int, num_epochs: int, state: str = "pruned", reason: str = "pruner") -> TrialRecord:
    return TrialRecord(
        number=number,
        trial_id=f"t{number:06}",
        config={},
        seed=0,
        generation=1,
        started=0.0,
        state=state,  # type: ignore[arg-type]
        epochs=tuple(epoch_report(epoch, 0.5) for epoch in range(1, num_epochs + 1)),
        user_attrs={"reason": reason},
    )


def test_epochs_lie_between_ideal_halving_and_no_pruning():
    # 10 epochs have rungs at 1 and 4: 1 + 3/4 + 6/16 a trial; the first one runs all ten
    got = epochs_to_train([], num_trials=12, epochs=10, share=RECORDED_SHARE)
    assert (got.low, got.expected, got.most) == (10 + 11 * 2.125, 39.0, 120)
    one = epochs_to_train([], num_trials=1, epochs=10, share=RECORDED_SHARE)
    assert (one.low, one.expected, one.most) == (10, 10, 10)


def test_what_is_on_record_is_not_trained_again():
    records = [record(0, 10, "complete"), record(1, 1), record(2, 4, "running")]
    got = epochs_to_train(records, num_trials=4, epochs=10, share=0.5)
    # left of the one that runs: 6 epochs, all of them on its way; of the new one: 10, or 2.125
    assert (got.low, got.expected, got.most) == (6 + 2.125, 8.125, 16)
    done = epochs_to_train(records[:2], num_trials=2, epochs=10, share=0.5)
    assert (done.low, done.expected, done.most) == (0, 0, 0)


def test_share_is_the_studys_own_once_twelve_trials_have_ended():
    ended = [record(number, 10, "complete") for number in range(4)] + [record(number, 1) for number in range(4, 12)]
    assert pruned_share(ended, 10) == (48 / 120, "this study's 12 ended trials")
    cut = [*ended[:11], record(11, 3, reason="time budget")]
    assert pruned_share(cut, 10)[0] == RECORDED_SHARE


def on(fleet: Fleet, **changes: float) -> Estimate:
    return estimate(
        Range(low=100, expected=200, most=400),
        changes.pop("committee", 0.0),
        epoch_seconds=36.0,
        longest_trial_epochs=int(changes.pop("longest", 10)),
        vote_seconds=36.0,
        fleet=fleet,
        most_seconds=changes.pop("most_seconds", None),
    )


FLEET = Fleet(
    what="4 machines",
    num_at_once=4,
    gpus_per_trial=1,
    workers_usd=8.0,
    head_usd=1.0,
    setup_minutes=6,
    idle_minutes=12,
)


def test_hours_and_money_follow_from_epochs_seconds_and_machines():
    got = on(FLEET)
    assert (got.work_hours.low, got.work_hours.expected, got.work_hours.most) == (1, 2, 4)
    # a quarter of the work, a tenth of an hour to set up, a hundredth to vote
    assert got.wall_hours.most == pytest.approx(1 + 0.1 + 0.01)
    assert got.workers_usd is not None
    assert got.workers_usd.most == pytest.approx(8 * 1.01)
    assert got.head_usd is not None
    assert got.head_usd.most == pytest.approx(1.11)
    assert got.idle_usd == pytest.approx(8 * (0.1 + 0.2))
    assert got.usd is not None
    assert got.usd.most == pytest.approx(8.08 + 1.11 + 2.4)
    assert got.usd.low < got.usd.expected < got.usd.most


def test_committee_is_work_that_nothing_prunes():
    more = on(FLEET, committee=100)
    assert more.work_hours.low == pytest.approx(2)
    assert more.work_hours.most == pytest.approx(5)


def test_search_takes_as_long_as_its_longest_trial():
    assert on(FLEET, longest=200).wall_hours.low == pytest.approx(2 + 0.11)


def test_time_budget_bounds_hours_and_money():
    got = on(FLEET, most_seconds=1836.0)
    assert got.wall_hours.most == pytest.approx(0.5 + 0.11)
    assert got.work_hours.most == pytest.approx(2)
    assert got.work_hours.low == pytest.approx(1)


def test_money_is_not_told_without_prices():
    got = on(Fleet(what="this machine", num_at_once=2, gpus_per_trial=0))
    assert got.usd is None
    assert got.work_hours.most == 4


@pytest.mark.parametrize(
    ("gpus", "what", "at_once"), [(0.25, "3 gpu.large", 12), (1.0, "4 gpu.large", 4), (0.0, "3", 12)]
)
def test_fleet_of_a_file_is_the_cheapest_kind_that_fits_as_many_as_trials_use(tmp_path, gpus, what, at_once):
    [cluster] = read_cluster_file(write(tmp_path, ray_file()))
    fleet = fleet_of_file(cluster, price_list(tmp_path), Share(cpus=1, gpus=gpus), 12)
    assert fleet is not None
    assert fleet.what.startswith(what)
    assert fleet.num_at_once == at_once
    assert fleet.workers_usd == pytest.approx(int(what[0]) * 3.6)
    assert fleet.head_usd == pytest.approx(0.36)
    assert (fleet.setup_minutes, fleet.idle_minutes) == (SETUP_MINUTES, 10)
    assert fleet.dearest is not None
    assert "gpu.huge" in fleet.dearest.what


def test_fleet_runs_no_more_trials_at_once_than_it_is_told():
    dear = dataclasses.replace(FLEET, num_at_once=9)
    bounded = dataclasses.replace(FLEET, num_at_once=3, dearest=dear).with_most(5)
    assert bounded.dearest is not None
    assert (bounded.num_at_once, bounded.dearest.num_at_once) == (3, 5)


def test_fleet_of_a_file_asks_for_a_card_where_there_are_any(tmp_path):
    [cluster] = read_cluster_file(write(tmp_path, ray_file()))
    fleet = fleet_of_file(cluster, price_list(tmp_path), Share(cpus=1, gpus=None), 100)
    assert fleet is not None
    assert (fleet.gpus_per_trial, fleet.num_at_once) == (1, 4)


def test_trial_that_fits_on_no_kind_is_refused(tmp_path):
    [cluster] = read_cluster_file(write(tmp_path, ray_file()))
    with pytest.raises(ConfigError, match=r"a trial must fit on a machine of .*, and takes 16 CPUs"):
        fleet_of_file(cluster, price_list(tmp_path), Share(cpus=16, gpus=None), 1)


def test_machines_without_labels_have_time_and_no_money(tmp_path):
    kinds = {"head": {}, "w": {"resources": {"CPU": 4}, "max_workers": 2}}
    [cluster] = read_cluster_file(write(tmp_path, ray_file(available_node_types=kinds)))
    fleet = fleet_of_file(cluster, price_list(tmp_path), Share(cpus=1, gpus=None), 100)
    assert fleet is not None
    assert (fleet.num_at_once, fleet.workers_usd, fleet.dearest) == (8, None, None)
    assert "labels machine, market, region" in fleet.why_no_price


def test_fleet_of_a_running_cluster_is_its_workers_and_head(tmp_path):
    nodes = [node("h", HEAD_LABELS), node("a", WORKER_LABELS), node("b", OTHER_LABELS)]
    fleet = fleet_of_nodes(nodes, price_list(tmp_path), Share(cpus=1, gpus=0.5))
    assert (fleet.num_at_once, fleet.setup_minutes) == (4, 0)
    assert fleet.workers_usd == pytest.approx(12.6)
    assert fleet.head_usd == pytest.approx(0.36)
    alone = fleet_of_nodes(nodes[:1], price_list(tmp_path), Share(cpus=1, gpus=0))
    assert (alone.workers_usd, alone.head_usd) == (0.36, 0)
    unnamed = fleet_of_nodes([node("h", {})], price_list(tmp_path), Share(cpus=1, gpus=0))
    assert (unnamed.workers_usd, unnamed.num_at_once) == (None, 4)
    with pytest.raises(ConfigError, match="a trial must fit on a machine that the cluster has now"):
        fleet_of_nodes(nodes, price_list(tmp_path), Share(cpus=99, gpus=0))


def test_this_machine_has_time_and_no_money():
    fleet = fleet_of_this_machine(Share(cpus=1, gpus=None))
    assert fleet.num_at_once >= 1
    assert fleet.workers_usd is None
    assert "--cluster" in fleet.why_no_price
