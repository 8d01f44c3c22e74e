"""What a cluster's description says of the machines that may come."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import yaml  # type: ignore[import-untyped]  # ray brings it

from cluster.check.description import ANNOTATION
from search.cluster.growth import Growth, read_growth
from search.money.cluster_file import NodeType, description_on_head, read_cluster_file
from tests.cluster.guide import ROOT
from tests.cluster.policy_kubernetes import cluster_of

SMALL = NodeType(name="small", cpus=4, gpus=1, max_workers=3)
LARGE = NodeType(name="large", cpus=16, gpus=4, max_workers=1)
PLAIN = NodeType(name="plain", cpus=8, gpus=0, max_workers=2)


@pytest.mark.parametrize(
    ("most_machines", "cpus", "gpus", "trials", "machines"),
    [
        (8, 1, 1, 4 + 3, 4),
        (8, 1, 0.25, 16 + 3 * 4, 4),  # a quarter of a card: four slots each
        (2, 1, 1, 4 + 1, 2),  # the large one and one small
        (8, 4, 0, 4 + 2 * 2 + 3, 6),
        (3, 4, 0, 4 + 2 * 2, 3),  # those with the most slots count first
        (8, 1, 2, 2, 1),  # on one machine, or on none
        (8, 32, 0, 0, 0),
        (0, 1, 1, 0, 0),
    ],
)
def test_growth_counts_trials_on_the_largest_machines_that_may_come(most_machines, cpus, gpus, trials, machines):
    growth = Growth(types=(SMALL, LARGE, PLAIN), most_machines=most_machines)
    assert growth.most_trials(cpus, gpus) == trials
    assert growth.most_useful_machines(cpus, gpus) == machines


@pytest.fixture
def cluster_file(tmp_path, monkeypatch):
    """Put a cluster's description where `ray up` leaves it, on a cluster whose own tables say nothing."""
    monkeypatch.setattr("search.money.cluster_file.CLUSTER_FILE", tmp_path / "cluster.yaml")
    monkeypatch.setattr("ray._private.state.state.get_cluster_config", lambda: None)
    return tmp_path / "cluster.yaml"


def test_growth_is_read_from_the_description_that_ray_up_leaves(cluster_file):
    assert read_growth() is None
    cluster_file.write_text(
        """
        provider: {type: aws}
        max_workers: 8
        head_node_type: head
        available_node_types:
          head: {resources: {CPU: 8}}
          gpu: {resources: {CPU: 4, GPU: 1}, max_workers: 5}
          any: {resources: {CPU: 2}}
          off: {resources: {CPU: 2}, max_workers: 0}
          unsaid: {resources: {}, max_workers: 5}
        """
    )
    gpu = NodeType(name="gpu", cpus=4, gpus=1, max_workers=5)
    assert read_growth() == Growth(types=(gpu, NodeType(name="any", cpus=2, gpus=0, max_workers=8)), most_machines=8)
    assert Growth(types=(gpu,), most_machines=8).has_gpus


@pytest.mark.parametrize(
    "text",
    [
        "available_node_types: [torn",
        "[]",
        "available_node_types: {gpu: 3}",
        "provider: {type: aws}\nmax_workers: many",
        "{provider: {type: local}, max_workers: 3, available_node_types: {own: {resources: {}}}, head_node_type: own}",
    ],
)
def test_cluster_does_not_grow_where_its_description_says_nothing_of_use(cluster_file, text):
    cluster_file.write_text(text)
    assert read_growth() is None


def test_growth_is_what_the_clusters_own_tables_say_where_they_do(cluster_file, monkeypatch):
    cluster_file.write_text(
        "{provider: {type: aws}, max_workers: 3, available_node_types: {gpu: {resources: {CPU: 1}}, head: {}}}"
    )
    assert read_growth() is not None
    groups = [
        SimpleNamespace(name="a", resources={"CPU": 4, "GPU": 1}, max_count=2),
        SimpleNamespace(name="b", resources={"CPU": 4}, max_count=-1),
    ]
    config = SimpleNamespace(node_group_configs=groups)
    monkeypatch.setattr("ray._private.state.state.get_cluster_config", lambda: config)
    growth = read_growth()
    assert growth is not None
    assert [(kind.name, kind.gpus) for kind in growth.types] == [("a", 1), ("b", 0)]
    assert growth.most_trials(1, 1) == 2


@pytest.mark.parametrize("name", ["kubernetes.yaml", "raycluster.yaml"])
def test_growth_on_kubernetes_is_what_the_head_has_where_ray_up_leaves_it(cluster_file, name):
    *_, document = yaml.safe_load_all((ROOT / "cluster" / name).read_text())
    cluster_file.write_text(cluster_of(document)["headGroupSpec"]["template"]["metadata"]["annotations"][ANNOTATION])
    growth = read_growth()
    assert growth is not None
    [gpu] = growth.types
    assert (gpu.name, gpu.cpus, gpu.gpus, gpu.max_workers) == ("gpu", 4, 1, 8)
    assert (growth.has_gpus, growth.most_trials(1, 0.25), growth.most_useful_machines(1, 0.25)) == (True, 32, 8)
    described, written = description_on_head(), read_cluster_file(str(ROOT / "cluster" / name))[0]
    assert described is not None
    assert replace(described, file=written.file, name=written.name) == written
