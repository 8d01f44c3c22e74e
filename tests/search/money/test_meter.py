import pytest

from core.errors import ConfigError
from search.money.fleet import SETUP_MINUTES
from search.money.prices import machine_of

from .making import HEAD_LABELS, OTHER_LABELS, WORKER_LABELS, Clock, make_meter, node, price_list

HEAD_USD, WORKER_USD = 0.36 / 3600, 3.6 / 3600
"""A second."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_meter_counts_every_node_by_the_second_head_and_idle_ones_too(tmp_path, clock):
    nodes = [node("h", HEAD_LABELS, cpus=0), node("a", WORKER_LABELS), node("b", WORKER_LABELS)]
    meter = make_meter(tmp_path, nodes, clock)
    meter.begin()
    assert meter.usd == 0
    assert meter.usd_an_hour == pytest.approx(0.36 + 2 * 3.6)
    assert meter.head_usd_an_hour == pytest.approx(0.36)
    for _ in range(10):
        clock.now += 6
        meter.look()
    assert meter.usd == pytest.approx(60 * (HEAD_USD + 2 * WORKER_USD))
    workers = meter.bills[machine_of(WORKER_LABELS, "it")]
    assert (workers.num_machines, workers.hours) == (2, pytest.approx(2 / 60))


def test_meter_counts_the_same_however_often_it_looks(tmp_path, clock):
    meter = make_meter(tmp_path, [node("h", HEAD_LABELS)], clock)
    meter.begin()
    for _ in range(100):
        clock.now += 0.3
        meter.look()
    clock.now += 1
    meter.look()
    assert meter.usd == pytest.approx(31 * HEAD_USD)


def test_machine_that_joins_is_charged_for_its_setup_once_and_one_that_goes_until_it_is_gone(tmp_path, clock):
    nodes = [node("h", HEAD_LABELS)]
    meter = make_meter(tmp_path, nodes, clock)
    meter.begin()
    nodes.append(node("a", WORKER_LABELS))
    clock.now += 10
    meter.look()
    clock.now += 10
    meter.look()
    nodes.pop()
    clock.now += 10
    meter.look()
    clock.now += 10
    meter.look()
    assert meter.usd == pytest.approx(40 * HEAD_USD + (60 * SETUP_MINUTES + 30) * WORKER_USD)
    assert meter.usd_an_hour == pytest.approx(0.36)


def test_head_that_does_not_answer_for_a_moment_costs_as_much(tmp_path, clock):
    nodes = [node("h", HEAD_LABELS)]
    meter = make_meter(tmp_path, nodes, clock)
    meter.begin()
    nodes.clear()
    for _ in range(3):
        clock.now += 10
        meter.look()
    assert meter.usd == pytest.approx(30 * HEAD_USD)


def test_cluster_with_a_node_that_has_no_labels_or_no_price_is_refused(tmp_path, clock):
    with pytest.raises(ConfigError, match="node b of the cluster must say what it costs by the labels"):
        make_meter(tmp_path, [node("h", HEAD_LABELS), node("b", {})], clock).begin()
    odd = {**WORKER_LABELS, "machine": "odd"}
    with pytest.raises(ConfigError, match=r"prices.csv must have a price of odd spot in here"):
        make_meter(tmp_path, [node("h", HEAD_LABELS), node("b", odd)], clock).begin()


def test_node_without_a_price_that_joins_later_counts_as_the_dearest_and_is_told(tmp_path, clock):
    nodes = [node("h", HEAD_LABELS), node("a", OTHER_LABELS)]
    meter = make_meter(tmp_path, nodes, clock)
    meter.begin()
    nodes.append(node("x", {}))
    clock.now += 10
    meter.look()
    assert meter.usd_an_hour == pytest.approx(0.36 + 2 * 9)
    [notice] = meter.notices
    assert "counted as gpu.huge spot, the dearest so far: node x must say what it costs" in notice


def test_charge_ahead_is_all_nodes_for_a_while_and_workers_for_another(tmp_path, clock):
    meter = make_meter(tmp_path, [node("h", HEAD_LABELS), node("a", WORKER_LABELS)], clock)
    assert meter.charge_ahead(all_seconds=10, worker_seconds=10) == 0
    meter.begin()
    assert meter.charge_ahead(all_seconds=10, worker_seconds=600) == pytest.approx(10 * HEAD_USD + 610 * WORKER_USD)


def test_machines_that_cost_nothing_are_no_mistake(tmp_path, clock):
    meter = make_meter(tmp_path, [node("h", HEAD_LABELS)], clock, "own,here,head.small,on-demand,0,2026-01,mine")
    meter.begin()
    clock.now += 10
    meter.look()
    assert (meter.usd, price_list(tmp_path).file) == (0, meter.prices.file)
