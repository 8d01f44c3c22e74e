"""Nodes that are still starting: after `ray up` the head is there at once, its workers come minutes later."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from search.cluster.capacity import is_head, num_fitting_on, usable_nodes

MOST_SECONDS = 900.0
"""A machine with graphics cards takes some minutes from its order to its first trial."""
POLL_SECONDS = 1.0
CLUSTER_FILE = Path("~/ray_bootstrap_config.yaml")
"""What `ray up` leaves on the head: the cluster's description."""


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
    return max(_num_ordered(), _num_promised() - sum(not is_head(node) for node in usable_nodes()))


def _fits_beside_head(cpus_per_trial: int, gpus_per_trial: float | None) -> bool:
    """True where a node that is not the head can run a trial."""
    workers = [node for node in usable_nodes() if not is_head(node)]
    return any(num_fitting_on(node, cpus_per_trial, gpus_per_trial or 0) for node in workers)


def _num_ordered() -> int:
    """Return how many nodes are on their way, which is what `ray status` shows as pending."""
    from ray._private.ray_constants import DEBUG_AUTOSCALING_STATUS
    from ray._raylet import (  # type: ignore[attr-defined]
        GCS_AUTOSCALER_STATE_NAMESPACE,
        GCS_AUTOSCALER_V2_ENABLED_KEY,
    )
    from ray.experimental.internal_kv import _internal_kv_get

    if _internal_kv_get(GCS_AUTOSCALER_V2_ENABLED_KEY, namespace=GCS_AUTOSCALER_STATE_NAMESPACE) == b"1":
        return _num_ordered_v2()
    report = json.loads(_internal_kv_get(DEBUG_AUTOSCALING_STATUS) or "{}").get("autoscaler_report") or {}
    return len(report.get("pending_nodes", ())) + sum(report.get("pending_launches", {}).values())


def _num_ordered_v2() -> int:
    """Return the same from Ray's second autoscaler."""
    import ray
    from ray.autoscaler.v2.sdk import get_cluster_status

    status = get_cluster_status(ray.get_runtime_context().gcs_address)
    return len(status.pending_nodes) + sum(launch.count for launch in status.pending_launches)


def _num_promised() -> int:
    """Return the least number of workers that the cluster's description asks for; 0 where there is none here."""
    import yaml  # type: ignore[import-untyped]  # ray brings it

    try:
        description: Any = yaml.safe_load(CLUSTER_FILE.expanduser().read_text())
        return sum(int(kind.get("min_workers", 0)) for kind in description["available_node_types"].values())
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError):
        return 0
