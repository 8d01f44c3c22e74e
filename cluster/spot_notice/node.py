"""This machine's Ray node: found without a driver, drained through Ray's own command."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

DRAIN_SECONDS = 20.0  # of one request; it takes one or two where the machine is not busy
RETRY_SECONDS = 1.0
PROCESSES = Path("/proc")


@dataclass(frozen=True, kw_only=True)
class Node:
    """A Ray node of this machine, as its raylet's command line tells it."""

    node_id: str
    """Hex."""
    gcs_address: str
    """The cluster's host:port."""
    session_dir: str
    """Where Ray keeps the session's sockets and logs on this machine."""
    is_head: bool

    def is_alive(self) -> bool:
        """Whether its raylet runs."""
        return any(node.node_id == self.node_id for node in local_nodes())


def find_node(node_id: str | None = None) -> Node:
    """Return this machine's only node, or the one asked for.

    Raises:
        LookupError: There is none, there are several, or it is the head; the message is for the user.
    """
    nodes = [node for node in local_nodes() if node_id in (None, node.node_id)]
    if not nodes:
        asked = f" with id {node_id}" if node_id else ""
        raise LookupError(
            f"you run no Ray node{asked} on this machine: run this on a worker that has joined the cluster"
        )
    if len(nodes) > 1:
        raise LookupError(
            f"several Ray nodes run here: name one by --node-id, of {', '.join(n.node_id for n in nodes)}"
        )
    if nodes[0].is_head:
        raise LookupError("this is the cluster's head, which cannot be drained: `ray down` takes the cluster down")
    return nodes[0]


def local_nodes() -> list[Node]:
    """Return the nodes that this user runs on this machine."""
    found = {}
    for process in PROCESSES.glob("[0-9]*"):
        try:
            is_ours = process.stat().st_uid == os.getuid()
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0") if is_ours else [""]
        except OSError:
            continue  # it has just ended
        flags = dict(word.partition("=")[::2] for word in words[1:])
        if words[0].rpartition("/")[2] == "raylet" and "--node_id" in flags:
            node_id = flags["--node_id"]  # seen twice for the moment in which the raylet starts a child
            found[node_id] = Node(
                node_id=node_id,
                gcs_address=flags["--gcs-address"],
                session_dir=flags["--session_dir"],
                is_head="--head" in flags,
            )
    return list(found.values())


def drain(node: Node, message: str, seconds: float) -> bool:
    """Ask Ray to drain `node` until it accepts.

    Asking again does no harm: Ray moves the deadline. The node itself ends as soon as nothing runs on it.

    Args:
        node: The node.
        message: Why, for Ray's records and the log.
        seconds: Until the machine goes.

    Returns:
        False if the time was up, or the node gone, before Ray accepted.
    """
    log(f"{message}: draining node {node.node_id}, {seconds:.0f} seconds left")
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0 and node.is_alive():
        refusal = _request_drain(node, message, left)
        if not refusal:
            log("the node drains: no new trial comes, its trials leave after their next epoch")
            return True
        log(f"not accepted, asks again: {refusal}")
        time.sleep(RETRY_SECONDS)
    log(f"could not drain the node: {'the time is up' if node.is_alive() else 'it has ended'}")
    return False


def _request_drain(node: Node, message: str, seconds: float) -> str:
    """Return why Ray did not accept, or "". A process of its own, since Ray's client may hang or abort its process."""
    command = [sys.executable, "-P", "-m", "ray.scripts.scripts", "drain-node", "--address", node.gcs_address]
    command += ["--node-id", node.node_id, "--reason", "DRAIN_NODE_REASON_PREEMPTION", "--reason-message", message]
    command += ["--deadline-remaining-seconds", str(max(1, int(seconds)))]  # Ray takes 0 for no deadline
    environment = {"RAY_AUTH_MODE": "token", **os.environ}  # a shell by hand may lack what ~/.bashrc exports
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=DRAIN_SECONDS)
    except subprocess.TimeoutExpired:
        return f"no answer from {node.gcs_address} within {DRAIN_SECONDS:.0f} seconds"
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return "" if done.returncode == 0 else one_line(lines[-1] if lines else f"exit code {done.returncode}")


def one_line(text: str) -> str:
    """Return `text` on one line of at most 200 characters."""
    return " ".join(text.split())[:200]


def log(text: str) -> None:
    """Print one line with the time before it."""
    print(f"{datetime.now().astimezone().isoformat(timespec='seconds')} spot_notice: {text}", flush=True)
