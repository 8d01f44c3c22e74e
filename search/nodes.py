"""Which nodes of the cluster are alive, and which have notice to go."""

from dataclasses import dataclass

import ray
import ray._private.state  # the nodes that drain have no public look-up but the dashboard's


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node that is alive."""

    node_id: str
    """Ray's own id of one start of a node, hexadecimal: a node that comes back has another."""
    name: str
    """Host name."""
    resources: dict[str, float]
    """All that it has, in use or not, by Ray's names: CPU, GPU, memory, node:__internal_head__ on the head, ..."""


def alive_nodes() -> tuple[Node, ...]:
    """Return the nodes that are alive, draining ones too."""
    return tuple(
        Node(node_id=node["NodeID"], name=node["NodeManagerHostname"], resources=node["Resources"])
        for node in ray.nodes()
        if node["Alive"]
    )


def draining_nodes() -> frozenset[str]:
    """Return the ids of the nodes that have notice to go."""
    return frozenset(ray._private.state.state.get_draining_nodes())
