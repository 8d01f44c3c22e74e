"""The time for which a cluster's machines are counted under --max-cost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from search.money.cap import MoneyCap


@contextmanager
def metered(cap: MoneyCap | None, say: Callable[[str], None]) -> Iterator[None]:
    """Count what the cluster's machines cost while the block runs, and say in the end what it was.

    Raises:
        ConfigError: a machine of the cluster does not say what it is, or has no price.
    """
    if cap is None:
        yield
        return
    say(cap.begin())
    try:
        yield
    finally:
        for line in cap.close():
            say(line)
