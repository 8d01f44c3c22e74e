"""Which nodes of the cluster are alive, which have notice to go, and with which node an actor died.

Looked up in Ray's own tables, each at most once a second, so that the loop may ask with every epoch.
"""

import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import ray
import ray._private.state  # the nodes that drain, and an actor's node, have no public look-up but the dashboard's
from ray.exceptions import GetTimeoutError, RayActorError, RayError

if TYPE_CHECKING:
    from ray.actor import ActorHandle

LOOK_UP_SECONDS = 1.0
"""How old an answer may be."""
MOST_WAIT_SECONDS = 3.0
"""A node that shuts down may end its processes before its own end is known; so long that is waited for."""
UNAVAILABLE = "is unavailable"
"""Words of Ray's error on an actor that cannot be reached, for whatever reason."""
_NODE_DIED = re.compile(r"node has died\. Node Id: ([0-9a-f]+)")
_ACTOR = re.compile(r"\b[0-9a-f]{32}\b")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node that is alive."""

    node_id: str
    """Ray's own id of one start of a node, hexadecimal: a node that comes back has another."""
    name: str
    """Host name."""
    resources: dict[str, float]
    """All that it has, in use or not, by Ray's names: CPU, GPU, memory, node:__internal_head__ on the head, ..."""
    labels: dict[str, str] = field(default_factory=dict)
    """Those of its type in the cluster's file (machine, market, region), and Ray's own."""


class _Lookup(Generic[_Answer]):
    """A question to the cluster whose answer is good for a moment."""

    def __init__(self, ask: Callable[[], _Answer], nothing: _Answer) -> None:
        """Remember the question, and the answer where there is no cluster."""
        self._ask = ask
        self._answer = self._nothing = nothing
        self._asked_at = -LOOK_UP_SECONDS

    def __call__(self, most_seconds: float = LOOK_UP_SECONDS) -> _Answer:
        """Return an answer that is at most so old."""
        if not ray.is_initialized():
            return self._nothing
        if time.monotonic() - self._asked_at >= most_seconds:
            try:
                self._answer = self._ask()
            except RayError:  # a head that is busy answers the next time; that it is gone, others notice
                return self._answer
            self._asked_at = time.monotonic()
        return self._answer


def alive_nodes() -> tuple[Node, ...]:
    """Return the nodes that are alive, draining ones too, as they were a second ago at most; none without a cluster."""
    return tuple(
        Node(
            node_id=node["NodeID"],
            name=node["NodeManagerHostname"],
            resources=node["Resources"],
            labels=node.get("Labels") or {},
        )
        for node in _all_nodes()
        if node["Alive"]
    )


def draining_nodes() -> frozenset[str]:
    """Return the ids of the nodes that have notice to go, as they were a second ago at most; none without a cluster.

    Ray starts nothing new there; what runs there goes on until the node is gone.
    """
    return _draining()


def name_of(node_id: str) -> str:
    """Return the host name of a node, dead or alive; the beginning of its id where it is not known."""
    return next((node["NodeManagerHostname"] for node in _all_nodes() if node["NodeID"] == node_id), node_id[:8])


def node_of_actor(actor_id: str) -> str:
    """Return the id of the node on which an actor is or was, nothing where it never was on one."""
    return str(_actor(actor_id).get("Address", {}).get("NodeID", ""))


def lost_node(error: str) -> str | None:
    """Return the id of the node with which an actor was lost, None where its process died alone.

    Args:
        error: the text of Ray's error.

    Where the text does not say it, this may wait for MOST_WAIT_SECONDS. A process that dies on a node with notice
    counts as lost with it.
    """
    told = _NODE_DIED.search(error)
    if told is not None:
        return told[1]
    actor = _ACTOR.search(error)
    if actor is None or not ray.is_initialized():
        return None
    node_id = node_of_actor(actor[0])
    is_own = node_id == ray.get_runtime_context().get_node_id()  # were it dead, so would this process be
    if is_own or all(node["NodeID"] != node_id for node in _all_nodes(0)):
        return None
    deadline = time.monotonic() + MOST_WAIT_SECONDS
    while _is_staying(node_id):
        if time.monotonic() >= deadline:
            return node_id if UNAVAILABLE in error and not _has_died_alone(actor[0]) else None
        time.sleep(0.2)
    return node_id


def end_actor(actor: "ActorHandle") -> None:
    """End an actor's process, and return once it takes no more work, or after MOST_WAIT_SECONDS."""
    ray.kill(actor)
    deadline = time.monotonic() + MOST_WAIT_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        try:
            ray.get(actor.__ray_ready__.remote(), timeout=left)
        except (RayActorError, GetTimeoutError):
            return


def _is_staying(node_id: str) -> bool:
    """True where a node is alive, answers, and has no notice, at this moment."""
    node = next((node for node in _all_nodes(0) if node["NodeID"] == node_id and node["Alive"]), None)
    return node is not None and node_id not in _draining(0) and _answers(node)


def _answers(node: dict[str, Any]) -> bool:
    """True where the node's raylet takes a connection; of one that was killed the head hears 15 seconds later."""
    try:
        socket.create_connection((node["NodeManagerAddress"], node["NodeManagerPort"]), timeout=1).close()
    except OSError:
        return False
    return True


def _has_died_alone(actor_id: str) -> bool:
    """True where the node says that the actor's process has died; one that lives may just be out of reach."""
    return "worker process has died" in str(_actor(actor_id).get("DeathCause", ""))


def _actor(actor_id: str) -> dict[str, Any]:
    """Return the cluster's row on an actor; an empty one where there is none."""
    try:
        return dict(ray._private.state.state.actor_table(actor_id))
    except RayError:
        return {}


_all_nodes: _Lookup[list[dict[str, Any]]] = _Lookup(lambda: ray.nodes(), [])
_draining: _Lookup[frozenset[str]] = _Lookup(
    lambda: frozenset(ray._private.state.state.get_draining_nodes()), frozenset()
)
