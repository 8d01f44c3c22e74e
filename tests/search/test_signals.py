import signal

import pytest

from search.signals import sigterm_handler_kept, stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_interrupts_the_steering_and_nothing_else(make_steering, number):
    steering = make_steering()
    before = signal.getsignal(number)
    with stop_on_signals(steering):
        signal.raise_signal(number)
        assert steering.stop_reason == "interrupted"
    assert signal.getsignal(number) == before


def test_second_ctrl_c_ends_at_once(make_steering):
    with stop_on_signals(make_steering()):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_sigterm_stays_ours_where_ray_sets_its_own_handler(make_steering):
    steering = make_steering()
    with stop_on_signals(steering):
        with sigterm_handler_kept():  # as `ray.init` does
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTERM)
        assert steering.stop_reason == "interrupted"
