"""A Ray cluster of several nodes on this machine whose nodes are killed, drained and replaced on command.

Run as a process of its own, which takes a command a line on stdin and answers each with a line of JSON: Ray's test
cluster adds nodes from a main thread alone.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

NUM_NODES = 2
"""Of one core each, beside a head of none; where not told otherwise."""
START_SECONDS = 120
POLL_SECONDS = 0.2


class Raylets:
    """The process with the cluster, as seen from outside."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Take over a process that has just been started."""
        self._process = process
        self.address = str(self._answer()["address"])

    def kill_every(self, seconds: float, most: int | None) -> None:
        """Let Ray's own RayletKiller kill a node at some moment of each such time; each is replaced at once."""
        self._ask(f"kill {seconds} {most or 0}")

    def spare(self) -> None:
        """Kill no more."""
        self._ask("spare")

    def give_notice(self) -> str:
        """Drain one node, as a cloud's notice does, add another, and return the id of the drained one."""
        return str(self._ask("drain")["node"])

    def remove(self, node_id: str) -> None:
        """End a node."""
        self._ask(f"remove {node_id}")

    def num_killed(self) -> int:
        """Return how many nodes have been found killed, and replaced, so far."""
        return int(self._ask("count")["killed"])

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process with the cluster has ended; its last words are on stderr")
        return dict(json.loads(line))


@contextlib.contextmanager
def raylets(environment: Mapping[str, str], num_nodes: int = NUM_NODES) -> Iterator[Raylets]:
    """Start the cluster, its nodes with an environment, for as long as the block runs."""
    command = [sys.executable, "-m", "benchmarks.raylets", str(num_nodes)]
    root = Path(__file__).resolve().parent.parent
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(environment), cwd=root
    )
    try:
        yield Raylets(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()  # which ends it, and with it the nodes
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()


def _serve(num_nodes: int) -> None:
    """Run the cluster until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # Ray's testing tools print
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    ray.init(address=cluster.address, logging_level="ERROR", log_to_driver=False)
    nodes = _Nodes(cluster, num_nodes)
    answers.write(json.dumps({"address": cluster.address}) + "\n")
    while True:
        nodes.replace_killed()
        if select.select([sys.stdin], [], [], POLL_SECONDS)[0]:
            words = sys.stdin.readline().split()
            if not words:
                break
            answers.write(json.dumps(nodes.obey(*words)) + "\n")
    ray.shutdown()
    cluster.shutdown()


class _Nodes:
    """The nodes that are to be there, beside the head."""

    def __init__(self, cluster: Any, num_nodes: int) -> None:
        """Start all."""
        self._cluster = cluster
        self._num_killed = 0
        self._killer: Any = None
        self._nodes = [cluster.add_node(num_cpus=1) for _ in range(num_nodes)]

    def replace_killed(self) -> None:
        """Start a node for each that was killed."""
        for node in [node for node in self._nodes if _is_dead(node)]:
            self._num_killed += 1
            self._nodes.remove(node)
            self._cluster.worker_nodes.discard(node)
            node.kill_all_processes(check_alive=False, allow_graceful=False)
            self._nodes.append(self._cluster.add_node(num_cpus=1))

    def obey(self, word: str, *words: str) -> dict[str, Any]:
        """Carry out one command."""
        import ray

        if word == "kill":
            self._start_killer(float(words[0]), int(words[1]) or None)
        if word == "spare":
            ray.kill(self._killer)
        if word == "drain":
            return {"node": self._drain()}
        if word == "remove":
            leaving = next(node for node in self._cluster.worker_nodes if node.node_id == words[0])
            self._cluster.remove_node(leaving)
        return {"killed": self._num_killed}

    def _start_killer(self, seconds: float, most: int | None) -> None:
        """Let Ray's killer begin; it leaves a node alive, so that the next one waits for a replacement."""
        from ray._private.test_utils import RayletKiller, get_and_run_resource_killer

        self._killer = get_and_run_resource_killer(RayletKiller, seconds, max_to_kill=most)

    def _drain(self) -> str:
        """Give a node notice of two minutes, as a cloud does, and start another."""
        import ray
        from ray.core.generated import autoscaler_pb2

        node = self._nodes.pop(0)
        reason = autoscaler_pb2.DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
        client = ray._raylet.GcsClient(address=self._cluster.address)
        is_accepted, why_not = client.drain_node(node.node_id, reason, "notice", int((time.time() + 120) * 1000))
        assert is_accepted, why_not
        self._nodes.append(self._cluster.add_node(num_cpus=1))
        return str(node.node_id)


def _is_dead(node: Any) -> bool:
    """True where a node's raylet has ended."""
    return all(each.process.poll() is not None for each in node.all_processes.get("raylet", []))


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
