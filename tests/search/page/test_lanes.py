import numpy as np
import pytest

from search.page.busy import trials_at_once
from search.page.lanes import stretches_of, time_spent

from .making import BEGAN, make_record, make_search


def at(number, start, end, node="here", losses=(0.3, 0.2)):
    ended = None if end is None else BEGAN + end
    state = "running" if end is None else "complete"
    return make_record(number, losses, started=BEGAN + start, ended=ended, node=node, state=state)


def test_trials_side_by_side_have_lanes_of_their_own_and_followers_take_them():
    stretches = stretches_of([at(0, 0, 10), at(1, 0, 4), at(2, 4, 12), at(3, 10, 15)])
    assert [(each.record.number, each.lane) for each in stretches] == [(0, 0), (1, 1), (2, 1), (3, 0)]


def test_machines_have_lanes_of_their_own():
    stretches = stretches_of([at(0, 0, 10, "a"), at(1, 0, 10, "b"), at(2, 5, 10, "b")])
    assert [(each.node, each.lane) for each in stretches] == [("a", 0), ("b", 0), ("b", 1)]


def test_running_trial_lasts_until_the_last_that_is_known():
    stretches = stretches_of([at(0, 0, 10), at(1, 1, None)])
    assert stretches[1].end == BEGAN + 10
    assert stretches_of([at(0, 0, None)])[0].seconds == 2


def test_trial_without_an_epoch_is_on_the_only_machine():
    assert [each.node for each in stretches_of([at(0, 0, 3), at(1, 0, 3, "", ())])] == ["here", "here"]


def test_time_adds_up_by_hand():
    spent = time_spent(stretches_of([at(0, 0, 10), at(1, 0, 4), at(2, 4, 7)]))
    assert (spent.span, spent.num_lanes, spent.num_nodes, spent.available) == (10, 2, 1, 20)
    assert (spent.training, spent.around, spent.idle) == (6, 11, 3)


def test_no_trials_take_no_time():
    assert time_spent([]).available == 0


def test_trials_at_once_hold_all_of_their_time():
    stretches = stretches_of(make_search(40))
    began, ended = min(each.start for each in stretches), max(each.end for each in stretches)
    edges = np.linspace(began, ended, 8)
    total = trials_at_once(stretches, edges).sum() * (ended - began) / 7
    assert total == pytest.approx(sum(each.seconds for each in stretches))
