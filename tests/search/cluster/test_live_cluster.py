"""A search on a real cluster of several nodes, which come and go while it runs; its trials train nothing."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.data.dataset import Dataset
from core.data.split import Split
from core.errors import ClusterError
from core.store.records import EpochReport
from search.cluster.admission import Admission
from search.cluster.capacity import LOOK_UP_SECONDS, plan_resources
from search.cluster.nodes import alive_nodes
from search.cluster.start import QUIET_ENVIRONMENT, scratch_folder
from search.trainable import TrialTrainable, WorkerSettings
from tests.s3 import serve_s3
from tests.search.conftest import EPOCHS, epoch_report, write_small_predictions

pytestmark = pytest.mark.cluster
SECONDS = 1.0


class NotesItsNode(TrialTrainable):
    """Takes a second for its only epoch, and leaves a file that says on which node it began, and at what time."""

    def _start(self) -> Any:
        import ray

        node = ray.get_runtime_context().get_node_id()
        number = self._assignment["number"]
        (Path(self._worker.scratch) / f"trial {number} began at {time.time()} on {node}").touch()
        return SimpleNamespace(next_epoch=self._next_epoch, trainer=SimpleNamespace(precision="float32"))

    def _next_epoch(self) -> tuple[EpochReport, bool]:
        time.sleep(SECONDS)
        write_small_predictions(f"{self._assignment['folder']}/predictions.npz")
        return epoch_report(EPOCHS, 0.5), True


class Nodes:
    """A cluster whose nodes have two processors each; the head has those that it is given."""

    def __init__(self, scratch: str, num_head_cpus: int) -> None:
        import ray
        from ray.cluster_utils import Cluster

        head = {"num_cpus": num_head_cpus, "include_dashboard": False, "temp_dir": scratch}
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self.address = self._cluster.address
        ray.init(address=self.address, log_to_driver=False, logging_level="ERROR")

    def add(self, num_cpus: int = 2, **environment: str) -> Any:
        return self._cluster.add_node(num_cpus=num_cpus, env_vars=environment)

    def end(self, node: Any) -> None:
        self._cluster.remove_node(node, allow_graceful=False)
        wait_until(lambda: all(known.node_id != node.node_id for known in alive_nodes()))
        time.sleep(LOOK_UP_SECONDS)  # a trial that is given to a node in its last second is lost with it: another test

    def close(self) -> None:
        import ray

        ray.shutdown()
        self._cluster.shutdown()


@pytest.fixture
def scratch(monkeypatch) -> Iterator[str]:
    for name, value in QUIET_ENVIRONMENT.items():
        monkeypatch.setenv(name, os.environ.get(name, value))
    with scratch_folder() as folder:
        yield folder


@pytest.fixture
def make_nodes(scratch) -> Iterator[Callable[[int], Nodes]]:
    with contextlib.ExitStack() as opened:

        def make(num_head_cpus: int) -> Nodes:
            nodes = Nodes(scratch, num_head_cpus)
            opened.callback(nodes.close)
            return nodes

        yield make


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.2)


def search_on(steering: Any, scratch: str, on_step: Callable[[], None], say: Callable[[str], None]) -> list[str]:
    """Run a search's trials; return the nodes on which they began, in order."""
    from search.tune import run_tune

    plan = plan_resources(1, 0, say)
    worker = WorkerSettings(
        num_threads=1,
        use_gpu=False,
        generation=1,
        ending_epochs=(),
        deadline=None,
        keeps_models=False,
        scratch=scratch,
    )
    dataset, split = Dataset.__new__(Dataset), Split.__new__(Split)
    folder = steering.ledger.folder
    run_tune(steering, folder, plan, worker, dataset, (split,), scratch, on_step, NotesItsNode)
    assert steering.ledger.num_ended == steering.num_trials
    return began_on(scratch)


def began_on(scratch: str) -> list[str]:
    files = sorted(Path(scratch).glob("trial *"), key=lambda path: float(path.name.split()[4]))
    return [path.name.split()[-1] for path in files]


def head_of() -> str:
    import ray

    return str(ray.get_runtime_context().get_node_id())


def test_search_grows_onto_nodes_that_come_and_leaves_its_head_to_them(make_steering, make_nodes, scratch):
    nodes = make_nodes(1)
    steering = make_steering(num_trials=8, others=("a", "b"))
    added: list[Any] = []
    most_at_once = 0

    def on_step() -> None:
        nonlocal most_at_once
        most_at_once = max(most_at_once, len(steering.running))
        if len(steering.ledger.ended) >= 2 and not added:
            added.append(nodes.add())

    began = search_on(steering, scratch, on_step, lambda _: None)
    assert began[:2] == [head_of()] * 2
    assert set(began[4:]) == {added[0].node_id}, "one began on the head while the node came, none from then on"
    assert most_at_once == 2


def test_search_waits_once_all_its_nodes_are_lost_and_goes_on_when_one_comes(make_steering, make_nodes, scratch):
    nodes = make_nodes(0)
    doomed = nodes.add(1)
    steering = make_steering(num_trials=3, others=("a",))
    said = []

    def say(line: str) -> None:
        said.append(line)
        if "no node is left" in line:
            nodes.add()

    def on_step() -> None:
        if len(steering.ledger.ended) == 1 and doomed in nodes._cluster.worker_nodes and not steering.running:
            nodes.end(doomed)

    began = search_on(steering, scratch, on_step, say)
    assert len(said) == 2
    assert said[1] == "going on; trials at once: 2"
    assert (began[0], len(set(began))) == (doomed.node_id, 2)


def start_worker(address: str, *prefix: str) -> subprocess.Popen[bytes]:
    """Start a node in processes of its own; `prefix` is the command that starts it elsewhere."""
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", f"--address={address}", "--num-cpus=1", "--block"]
    return subprocess.Popen(
        [*prefix, *command], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@pytest.fixture
def start_unshared(tmp_path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Start nodes that see an empty folder in the place of the studies'."""
    allowed = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0
    if not allowed:
        pytest.skip("needs the right to make mount namespaces (root on Linux)")
    (tmp_path / "runs").mkdir()
    started = []

    def start(address: str) -> subprocess.Popen[bytes]:
        hide = f'mount -t tmpfs none {tmp_path}/runs && exec "$@"'
        started.append(start_worker(address, "unshare", "--mount", "sh", "-c", hide, "sh"))
        return started[-1]

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_admission_refuses_a_node_that_does_not_share_the_studys_folder(make_nodes, start_unshared, tmp_path):
    nodes = make_nodes(0)
    good = nodes.add(1)
    start_unshared(nodes.address)
    wait_until(lambda: len(alive_nodes()) == 3)
    runs = tmp_path / "runs"
    plan = plan_resources(1, 0)
    assert plan.live is not None
    assert plan.max_concurrent == 2
    admission = Admission(f"{runs}/study", (), head_of(), lambda _: None)
    try:
        with pytest.raises(ClusterError, match=r"--runs must be a place that every node.*s3://.*does not share"):
            admission.require(plan.live.trial_nodes())
    finally:
        admission.close()
    assert list(runs.rglob("*")) == [], "nothing is left of the question"
    said: list[str] = []
    late = Admission(f"{runs}/study", (), head_of(), said.append)
    plan.live.screen = late
    wait_until(lambda: plan.num_at_once() == 1 and bool(said))
    late.close()
    assert len(said) == 1
    assert said[0].startswith("left out: --runs must be")
    assert len(late.refused) == 1
    assert good.node_id not in late.refused
    assert list(runs.rglob("*")) == []


def test_admission_asks_on_s3_and_refuses_a_node_without_credentials(make_nodes):
    with serve_s3() as s3:
        url = f"{s3.make_bucket('studies')}/study"
        nodes = make_nodes(0)
        good = nodes.add(1)
        said: list[str] = []
        admission = Admission(url, (), head_of(), said.append)
        plan = plan_resources(1, 0)
        assert plan.live is not None
        admission.require(plan.live.trial_nodes())
        plan.live.screen = admission
        bad = nodes.add(1, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
        wait_until(lambda: plan.num_at_once() == 1 and bool(said))
        admission.close()
        assert admission.refused == {bad.node_id}
        assert good.node_id not in plan.shunned_nodes()
        assert "says:" in said[0]
        assert "credentials" in said[0]
        assert s3._client().list_objects_v2(Bucket="studies")["KeyCount"] == 0
