"""The cluster's nodes as they are now."""

from typing import Any


def alive_nodes() -> list[dict[str, Any]]:
    """Return what Ray knows of each node that is alive."""
    import ray

    return [node for node in ray.nodes() if node["Alive"]]


def draining_nodes() -> set[str]:
    """Return the ids of the nodes that have notice."""
    from ray._private.state import state

    return set(state.get_draining_nodes())
