"""Ctrl-C and SIGTERM during a search: the first ends it cleanly, a second Ctrl-C at once."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from search.watch import Watch


@contextlib.contextmanager
def stop_on_signals(watch: Watch) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM interrupt the stage; nothing changes outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    earlier = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, frame: FrameType | None) -> None:
        watch.interrupt()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    for number in earlier:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def sigterm_handler_kept() -> Iterator[None]:
    """Put SIGTERM's handler back after the block: `ray.init` sets its own, which ends the process at once."""
    earlier = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if callable(earlier) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, earlier)
