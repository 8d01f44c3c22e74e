import json

import pytest
import yaml  # type: ignore[import-untyped]  # ray brings it

from core.errors import ConfigError
from search.money.cluster_file import read_cluster_file

from .making import HEAD_LABELS, WORKER_LABELS, ray_file


def write(folder, *documents) -> str:
    path = folder / "cluster.yaml"
    path.write_text(yaml.safe_dump_all(documents, sort_keys=False))
    return str(path)


def group(labels: dict[str, object], limits: dict[str, object], **fields: object) -> dict[str, object]:
    return {**labels, **fields, "template": {"spec": {"containers": [{"resources": {"limits": limits}}]}}}


def test_file_for_ray_up_says_kinds_labels_and_how_many(tmp_path):
    [cluster] = read_cluster_file(write(tmp_path, ray_file(idle_timeout_minutes=3)))
    assert (cluster.name, cluster.max_workers, cluster.idle_minutes, cluster.is_own) == ("c", 6, 3, False)
    assert (cluster.head.labels, cluster.head.cpus) == (HEAD_LABELS, 0)
    large, huge = cluster.workers
    assert (large.name, large.labels, large.cpus, large.gpus) == ("large", WORKER_LABELS, 4, 1)
    assert (large.min_workers, large.max_workers) == (0, 4)
    assert (huge.min_workers, huge.max_workers) == (1, 6), "as many as of all kinds together, where nothing is said"


def test_machines_of_ones_own_have_no_kinds(tmp_path):
    own = {"cluster_name": "mine", "provider": {"type": "local", "head_ip": "h"}}
    [cluster] = read_cluster_file(write(tmp_path, own))
    assert cluster.is_own
    assert not cluster.is_named


@pytest.mark.parametrize("form", ["labels", "rayStartParams", "rayStartParams as JSON"])
@pytest.mark.parametrize("kind", ["RayCluster", "RayJob"])
def test_file_for_kuberay_says_the_same(tmp_path, kind, form):
    pairs = ",".join(f"{key}={value}" for key, value in WORKER_LABELS.items())
    forms: dict[str, dict[str, object]] = {
        "labels": {"labels": WORKER_LABELS},
        "rayStartParams": {"rayStartParams": {"labels": pairs}},
        "rayStartParams as JSON": {"rayStartParams": {"labels": json.dumps(WORKER_LABELS)}},
    }
    worker = group(forms[form], {"cpu": "3500m", "nvidia.com/gpu": 1}, groupName="gpus", minReplicas=0, maxReplicas=5)
    cluster = {"headGroupSpec": group({}, {"cpu": "2"}), "workerGroupSpecs": [worker]}
    spec = cluster if kind == "RayCluster" else {"rayClusterSpec": cluster}
    other = {"kind": "Service", "metadata": {"name": "s"}}
    [read] = read_cluster_file(write(tmp_path, other, {"kind": kind, "metadata": {"name": "n"}, "spec": spec}))
    [gpus] = read.workers
    assert (read.name, read.max_workers, read.idle_minutes, read.head.cpus) == (f"{kind} n", 5, 1, 2)
    assert (dict(gpus.labels), gpus.cpus, gpus.gpus, gpus.max_workers) == (WORKER_LABELS, 4, 1, 5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "must be a cluster's description in YAML"),
        ("a: 1", "must describe a cluster for `ray up`, or be a RayCluster or RayJob, and is neither"),
        ("- 1", "must describe a cluster's kinds of machines"),
        ("", "and is neither"),
        (
            "provider: {type: aws}\navailable_node_types: {a: {}}",
            "head_node_type 'head' is none of available_node",
        ),
        ("kind: RayCluster\nmetadata: {name: n}\nspec: {}", "'headGroupSpec' is missing"),
    ],
)
def test_file_that_describes_no_cluster_is_refused_in_one_line(tmp_path, text, words):
    path = tmp_path / "cluster.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as error:
        read_cluster_file(str(path))
    assert "\n" not in str(error.value)


def test_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"a cluster's file must be named, .*, got .*none.yaml"):
        read_cluster_file(str(tmp_path / "none.yaml"))
