"""Real nodes that cannot run a study's trials are refused, or left out, with the reason."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from core.errors import ClusterError
from search.cluster.admission import Admission
from search.cluster.capacity import plan_resources
from search.cluster.nodes import alive_nodes
from tests.s3 import serve_s3

from .live import head_of, wait_until

pytestmark = pytest.mark.cluster


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
