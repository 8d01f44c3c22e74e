"""Nodes that are still starting: after `ray up` the head is there at once, its workers come minutes later.

Where the cluster's description says what they will be like, a search begins without them, see `search.cluster.demand`;
here they are waited for where it does not, as on machines of one's own.
"""

import time
from collections.abc import Callable

from search.cluster.autoscaler import num_ordered
from search.cluster.capacity import is_head, num_fitting_on, usable_nodes
from search.cluster.growth import promised_workers

MOST_SECONDS = 900.0
"""A machine with graphics cards takes some minutes from its order to its first trial."""
POLL_SECONDS = 1.0


def wait_for_starting_nodes(
    cpus_per_trial: int,
    gpus_per_trial: float | None,
    say: Callable[[str], None],
    *,
    deadline: float | None = None,
    pause: Callable[[float], None] = time.sleep,
    num_starting: Callable[[], int] | None = None,
) -> None:
    """Wait until a node other than the head is there that a trial fits on, where nodes are about to come.

    Args:
        cpus_per_trial: processor cores of one trial.
        gpus_per_trial: graphics cards of one trial; None takes what comes.
        say: told in one line that nodes are waited for.
        deadline: seconds since 1970 after which nothing is waited for.
        pause: waits for so many seconds, and raises where the user wants to stop.
        num_starting: counts the nodes that are to come; by default as the cluster's autoscaler tells it.
    """
    num_starting = num_starting or num_starting_nodes
    until = min(time.time() + MOST_SECONDS, float("inf") if deadline is None else deadline)
    is_told = False
    while not _fits_beside_head(cpus_per_trial, gpus_per_trial) and time.time() < until:
        num = num_starting()
        if num == 0:
            return
        if not is_told:
            say(f"waiting for {num} nodes that are starting, {MOST_SECONDS / 60:.0f} min at most (Ctrl-C stops)")
            is_told = True
        pause(POLL_SECONDS)


def num_starting_nodes() -> int:
    """Return how many nodes the autoscaler has ordered, or has to order, and are not there yet."""
    return max(num_ordered(), promised_workers() - sum(not is_head(node) for node in usable_nodes()))


def _fits_beside_head(cpus_per_trial: int, gpus_per_trial: float | None) -> bool:
    """True where a node that is not the head can run a trial."""
    workers = [node for node in usable_nodes() if not is_head(node)]
    return any(num_fitting_on(node, cpus_per_trial, gpus_per_trial or 0) for node in workers)
