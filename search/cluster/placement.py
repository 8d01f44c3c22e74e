"""On which nodes Ray may place a trial."""

import functools
from collections.abc import Callable, Iterable
from typing import Any

from ray.tune import PlacementGroupFactory

from search.cluster.capacity import Resources

NODE_ID = "ray.io/node-id"
"""Label that Ray gives every node."""


def placement(plan: Resources) -> Callable[[dict[str, Any]], PlacementGroupFactory]:
    """Return what tells Tune what a trial asks for: a share of one node, and not of those named in its config.

    Tune asks once for each trial, when it is made, and pickles what it asks. Workers are handed on between trials that
    ask for the same: one on the head is not handed on once the head is spared.
    """
    return functools.partial(_request, cpus=plan.cpus_per_trial, gpus=plan.gpus_per_trial)


def _request(config: dict[str, Any], *, cpus: int, gpus: float) -> PlacementGroupFactory:
    """Return one trial's request."""
    share = {"CPU": cpus, "GPU": gpus}
    shunned = config["trial"]["shunned_nodes"]
    if not shunned:
        return PlacementGroupFactory([share])
    return PlacementGroupFactory([share], bundle_label_selector=[elsewhere(shunned)])


def elsewhere(node_ids: Iterable[str]) -> dict[str, str]:
    """Return the label selector of every node but these."""
    return {NODE_ID: f"!in({','.join(node_ids)})"}
