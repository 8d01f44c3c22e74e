"""What a cluster's description says of the machines that may come."""

from types import SimpleNamespace

import pytest

from search.cluster.growth import Growth, NodeType, read_growth

SMALL = NodeType(name="small", cpus=4, gpus=1, most=3)
LARGE = NodeType(name="large", cpus=16, gpus=4, most=1)
PLAIN = NodeType(name="plain", cpus=8, gpus=0, most=2)


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
    monkeypatch.setattr("search.cluster.growth.CLUSTER_FILE", tmp_path / "cluster.yaml")
    monkeypatch.setattr("ray._private.state.state.get_cluster_config", lambda: None)
    return tmp_path / "cluster.yaml"


def test_growth_is_read_from_the_description_that_ray_up_leaves(cluster_file):
    assert read_growth() is None
    cluster_file.write_text(
        """
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
    gpu = NodeType(name="gpu", cpus=4, gpus=1, most=5)
    assert read_growth() == Growth(types=(gpu, NodeType(name="any", cpus=2, gpus=0, most=8)), most_machines=8)
    assert Growth(types=(gpu,), most_machines=8).has_gpus


@pytest.mark.parametrize(
    "text",
    [
        "available_node_types: [torn",
        "[]",
        "available_node_types: {gpu: 3}",
        "max_workers: many",
        "{max_workers: 3, available_node_types: {own: {resources: {}}}}",
    ],
)
def test_cluster_does_not_grow_where_its_description_says_nothing_of_use(cluster_file, text):
    cluster_file.write_text(text)
    assert read_growth() is None


def test_growth_is_what_the_clusters_own_tables_say_where_they_do(cluster_file, monkeypatch):
    cluster_file.write_text("{max_workers: 3, available_node_types: {gpu: {resources: {CPU: 1}}}}")
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


POD = {"containers": [{"resources": {"limits": {"cpu": "4", "nvidia.com/gpu": "1", "memory": "8Gi"}}}]}


def group(name: str, most: int) -> dict[str, object]:
    return {
        "groupName": name,
        "minReplicas": 0,
        "maxReplicas": most,
        "rayStartParams": {},
        "template": {"spec": POD},
    }


@pytest.mark.parametrize(("is_growing", "trials"), [(True, 6), (False, None)])
def test_growth_on_kubernetes_is_what_the_ray_cluster_says(cluster_file, tmp_path, monkeypatch, is_growing, trials):
    asked = []
    cluster: dict[str, object] = {
        "metadata": {"namespace": "here", "name": "mine"},
        "spec": {
            "enableInTreeAutoscaling": is_growing,
            "headGroupSpec": {"rayStartParams": {"num-cpus": "0"}, "template": {"spec": POD}},
            "workerGroupSpecs": [group("gpu", 6)],
        },
    }

    def get(client: object, path: str) -> dict[str, object]:
        asked.append(path)
        return cluster

    (tmp_path / "namespace").write_text("here\n")
    monkeypatch.setattr("search.cluster.growth.POD_NAMESPACE", tmp_path / "namespace")
    monkeypatch.setenv("RAY_CLUSTER_NAME", "mine")
    monkeypatch.setattr("ray.autoscaler._private.kuberay.node_provider.KubernetesHttpApiClient.get", get)
    growth = read_growth()
    assert asked == ["rayclusters/mine"]
    assert (None if growth is None else growth.most_trials(1, 1)) == trials
