from types import SimpleNamespace

from search.callbacks import MOST_HAND_OVER_SECONDS, HandOver


def test_hand_over_is_under_way_from_a_suggestion_to_a_warm_worker_until_it_begins():
    hand_over = HandOver()
    hand_over.begin()
    assert not hand_over.is_under_way, "a cold worker takes seconds"
    hand_over.on_trial_complete(0, [], None)
    assert not hand_over.is_under_way
    hand_over.begin()
    assert hand_over.is_under_way
    hand_over.on_trial_start(0, [], None)
    assert not hand_over.is_under_way


def test_hand_over_that_never_ends_is_given_up(monkeypatch):
    now = 100.0
    monkeypatch.setattr("search.callbacks.time", SimpleNamespace(monotonic=lambda: now))
    hand_over = HandOver()
    hand_over.on_trial_complete(0, [], None)
    hand_over.begin()
    assert hand_over.is_under_way
    now += MOST_HAND_OVER_SECONDS
    assert not hand_over.is_under_way
