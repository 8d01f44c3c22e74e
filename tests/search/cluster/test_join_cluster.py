"""The search's command against a real cluster that it must not join: exit code 2, one line, no waiting."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

from search.cluster.start import scratch_folder
from tests.search.commands import ENVIRONMENT, TIMEOUT_SECONDS, search_command

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    with scratch_folder() as scratch:
        head = {"num_cpus": 1, "include_dashboard": False, "temp_dir": scratch}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        yield cluster
        cluster.shutdown()


def complaint_of(address: str, home: Path, *options: str, **environment: str) -> str:
    """Return the one line of a search that is refused; it has no other token than the one that it is given."""
    (home / ".ray").mkdir(exist_ok=True)
    kept = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("RAY_AUTH")}
    ended = subprocess.run(
        search_command("refused", "--address", address, *options),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        cwd=home,
        env=kept | {"HOME": str(home)} | environment,
    )
    assert ended.returncode == 2, ended.stderr
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert not (home / "runs").exists()
    return ended.stderr


def test_search_refuses_to_join_without_a_token_and_says_where_it_belongs(cluster, tmp_path):
    assert "joining a cluster takes its token" in complaint_of(cluster.address, tmp_path)
    off = complaint_of(cluster.address, tmp_path, RAY_AUTH_MODE="disabled")
    assert f"the cluster at {cluster.address} wants a token, and RAY_AUTH_MODE=disabled shows it none" in off


def test_search_refuses_to_join_with_another_token_and_names_its_file(cluster, tmp_path):
    (tmp_path / ".ray").mkdir()
    token = tmp_path / ".ray/auth_token"
    token.touch(mode=0o600)
    token.write_text("0" * 64 + "\n")
    said = complaint_of(cluster.address, tmp_path)
    assert "the token from ~/.ray/auth_token must be that of the cluster" in said
    assert "is another one" in said


@pytest.mark.parametrize("other", [{"python_version": "3.99.1"}, {"ray_version": "2.99.0"}])
def test_search_refuses_to_join_a_cluster_of_other_versions_and_names_both(cluster, tmp_path, other):
    client, key = cluster.head_node.get_gcs_client(), b"CLUSTER_METADATA"
    stored = client.internal_kv_get(key, namespace=b"cluster")
    try:
        changed = json.loads(stored) | other
        client.internal_kv_put(key, json.dumps(changed).encode(), True, namespace=b"cluster")
        said = complaint_of(cluster.address, tmp_path, RAY_AUTH_TOKEN=os.environ["RAY_AUTH_TOKEN"])
    finally:
        client.internal_kv_put(key, stored, True, namespace=b"cluster")
    theirs = f"the cluster has Ray {changed['ray_version']} with Python {changed['python_version']}"
    assert f"{theirs}, this command has Ray {ray.__version__}" in said


def test_search_refuses_another_port_of_the_cluster(cluster, tmp_path):
    host = cluster.address.rpartition(":")[0]
    raylet = f"{host}:{cluster.head_node.node_manager_port}"
    assert "something else answers" in complaint_of(raylet, tmp_path, RAY_AUTH_TOKEN=os.environ["RAY_AUTH_TOKEN"])


def test_search_asks_for_no_card_where_the_cluster_has_none(cluster, tmp_path):
    token = os.environ["RAY_AUTH_TOKEN"]
    said = complaint_of(cluster.address, tmp_path, "--gpus-per-trial", "1", RAY_AUTH_TOKEN=token)
    assert "a trial must fit on one machine of the cluster (1 x 1 CPUs and 0 GPUs)" in said
