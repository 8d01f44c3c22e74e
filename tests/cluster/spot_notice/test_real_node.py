"""The agent on a real Ray node of a cluster with a token: what Ray makes of it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.spot_notice.metadata_service import Service

pytestmark = pytest.mark.cluster
ROOT = Path(__file__).resolve().parent.parent.parent.parent
PATIENCE_SECONDS = 60  # of a loaded machine; nothing here is about speed


def eventually(claim: Callable[[], object]) -> bool:
    """Whether `claim` holds before patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without CPUs in a folder of its own; the tests add the workers."""
    import ray
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="spot-", dir="/tmp")  # short: a socket's path has at most 107 characters
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, "temp_dir": folder}
    )
    try:
        ray.init(address=cluster.address, logging_level="ERROR", log_to_driver=False)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def worker(cluster: Any) -> Iterator[Any]:
    node = cluster.add_node(num_cpus=1)
    yield node
    if raylet_of(node).poll() is None:
        cluster.remove_node(node)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start an agent as a worker does, but for its options; what is left running ends with the test."""
    started = []

    def start(*options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "cluster.spot_notice", "--poll-seconds", "0.2", *options]
        environment = {name: value for name, value in os.environ.items() if name != "RAY_AUTH_MODE"}
        agent = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        started.append(agent)
        return agent

    yield start
    for agent in started:
        agent.kill()
        agent.communicate()


def raylet_of(node: Any) -> subprocess.Popen[bytes]:
    return node.all_processes["raylet"][0].process


def draining() -> dict[str, int]:
    """Return the draining nodes' ids with their deadlines, in milliseconds since 1970."""
    from ray._private.state import state

    return state.get_draining_nodes()


class Trial:
    def is_up(self) -> bool:
        return True


def keep_busy(node: Any) -> Any:
    """Occupy the node's only CPU: Ray ends a draining node as soon as it is empty."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(node.node_id, soft=False)
    trial: Any = ray.remote(num_cpus=1, scheduling_strategy=here)(Trial).remote()
    assert ray.get(trial.is_up.remote())
    return trial


def test_notice_drains_exactly_this_node_until_the_clouds_deadline(
    worker: Any, service: Service, start: Callable[..., subprocess.Popen[str]]
) -> None:
    import ray

    trial = keep_busy(worker)
    service.play_gcp()
    agent = start("--node-id", worker.node_id, "--service", service.url)
    assert eventually(lambda: len(service.asked) > 3)
    assert draining() == {}
    before = time.time()
    service.play_gcp("TRUE")
    said, _ = agent.communicate(timeout=PATIENCE_SECONDS)
    assert agent.returncode == 0, said
    assert "the node drains" in said
    assert list(draining()) == [worker.node_id]
    assert before + 28 < draining()[worker.node_id] / 1000 < time.time() + 30
    ray.kill(trial)
    assert eventually(lambda: raylet_of(worker).poll() is not None)  # once empty, by itself


def test_second_agent_replaces_the_first_and_ends_with_the_node(
    cluster: Any, worker: Any, service: Service, start: Callable[..., subprocess.Popen[str]]
) -> None:
    service.play_azure()
    first = start("--node-id", worker.node_id, "--service", service.url)
    assert eventually(lambda: service.asked)
    second = start("--node-id", worker.node_id, "--service", service.url)
    said, _ = first.communicate(timeout=PATIENCE_SECONDS)
    assert "a later agent watches the node now" in said
    assert second.poll() is None
    raylet_of(worker).kill()
    said, _ = second.communicate(timeout=PATIENCE_SECONDS)
    assert second.returncode == 0
    assert "its node has ended" in said


def test_drain_by_hand_waits_for_the_trials_and_refuses_the_head(
    cluster: Any, worker: Any, start: Callable[..., subprocess.Popen[str]]
) -> None:
    import ray

    trial = keep_busy(worker)
    by_hand = start("--now", "--seconds", "300", "--node-id", worker.node_id)
    assert eventually(lambda: list(draining()) == [worker.node_id])
    assert by_hand.poll() is None
    ray.kill(trial)
    said, _ = by_hand.communicate(timeout=PATIENCE_SECONDS)
    assert by_hand.returncode == 0
    assert said.endswith("has left the cluster: the machine may go\n")
    of_the_head = start("--now", "--node-id", cluster.head_node.node_id)
    said, _ = of_the_head.communicate(timeout=PATIENCE_SECONDS)
    assert of_the_head.returncode == 2
    assert "cannot be drained" in said


def test_another_clusters_token_is_refused_and_said(
    worker: Any, start: Callable[..., subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = keep_busy(worker)
    monkeypatch.setenv("RAY_AUTH_TOKEN", 64 * "b")
    agent = start("--now", "--seconds", "6", "--node-id", worker.node_id)
    said, _ = agent.communicate(timeout=PATIENCE_SECONDS)
    assert agent.returncode == 1
    assert "not accepted, asks again: ray.exceptions.AuthenticationError" in said
    assert draining() == {}
    del keep
