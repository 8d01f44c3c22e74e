"""A cap that does not pay for one trial."""

from typing import Any

import pytest

from core.errors import ConfigError
from tests.search.conftest import HERE, epoch_report

from .conftest import report


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
