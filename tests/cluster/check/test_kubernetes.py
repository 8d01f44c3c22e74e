"""The check of a file for Kubernetes: silent where all is right, and one line for each mistake."""

import os
import subprocess
from pathlib import Path

import pytest

from cluster.check import __main__, kuberay, kubernetes
from tests.cluster.guide import ROOT, commands

FILES = [ROOT / "cluster" / name for name in ("kubernetes.yaml", "raycluster.yaml")]


def told(path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    path.write_text(text)
    code = __main__.main([str(path)])
    printed, lines = capsys.readouterr()
    assert printed == ""
    return code, lines.splitlines()


@pytest.mark.parametrize("file", FILES)
def test_check_is_silent_where_all_is_right(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(tmp_path / "x.yaml", file.read_text().replace("-FILL-IN", "-1"), capsys) == (0, [])


@pytest.mark.parametrize("file", FILES)
def test_each_line_that_is_not_filled_in_is_told(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = told(tmp_path / "x.yaml", file.read_text(), capsys)
    assert code == 2
    assert all("must be filled in, got" in line for line in lines)


def test_guides_line_fills_in_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cluster").mkdir()
    for file in FILES:
        (tmp_path / "cluster" / file.name).write_text(file.read_text())
    build, fill_in = commands("Once for a Kubernetes cluster")[-2:]
    values = {"REGISTRY": "us-central1-docker.pkg.dev/mine/softvote", "BUCKET": "mine"}
    subprocess.run(["sh", "-c", fill_in], cwd=tmp_path, check=True, env=os.environ | values)
    for file in FILES:
        assert told(tmp_path / "x.yaml", (tmp_path / "cluster" / file.name).read_text(), capsys) == (0, [])
    assert build.endswith(f"softvote:{kubernetes.image_tag(kubernetes.versions())} .")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("kind: RayJob", "kind: RayJobb", "must hold a RayJob or a RayCluster of ray.io/v1, got Namespace, Serv"),
        ("ray.io/v1\n", "ray.io/v1alpha1\n", "must have apiVersion ray.io/v1, got ray.io/v1alpha1"),
        ("backoffLimit: 3", "backofLimit: 3", "RayJob softvote must not have backofLimit, which there is not: is it"),
        ("activeDeadlineSeconds: 86400", "activeDeadlineSeconds: 1d", "must have as activeDeadlineSeconds a value of"),
        ("submissionMode: HTTPMode", "submissionMode: HTTP", "must have as submissionMode one of K8sJobMode, HTTPMode"),
        ("mode: token", "mode: disabled", "must have `authOptions: { mode: token }`"),
        ('rayVersion: "2.60.0"', 'rayVersion: "2.59.0"', "is for ray 2.59.0, the project's is 2.60.0"),
        ("ray2.60.0-tf", "ray2.59.0-tf", "group gpu must run an image with the tag py3.11-ray2.60.0-tf2.21.0, got"),
        (":py3.11-ray2.60.0-tf2.21.0", ":latest", "group head must run an image with the tag py3.11-ray2.60.0-tf2.21"),
        (":py3.11-ray2.60.0-tf2.21.0", "", "group gpu must run an image with the tag py3.11-ray2.60.0-tf2.21.0"),
        ('{ num-cpus: "4" }', "{ num-cpus: 4 }", 'must have text in rayStartParams.num-cpus, got 4: write "4"'),
        ('{ num-cpus: "4" }', '{ labels: "a=b" }', "must have its labels beside rayStartParams, which KubeRay refuses"),
        ("minReplicas: 0", "minReplicas: 9", "must have 0 <= minReplicas <= maxReplicas, and some, got 9 and 8"),
        ("maxReplicas: 8", "maxReplicas: 0", "must have 0 <= minReplicas <= maxReplicas, and some, got 0 and 0"),
        (
            "softvote/cluster: |",
            "softvote/clustr: |",
            "must have the head's annotation softvote/cluster, without which",
        ),
        ("enableInTreeAutoscaling: true", "suspend: false", "must not have the head's annotation softvote/cluster"),
        ("provider: { type: kuberay }", "provider", "annotation softvote/cluster must describe the cluster"),
        ("              provider: { type: kuberay }\n", "", "must describe the cluster: it has no provider"),
        (
            "maxReplicas: 8",
            "maxReplicas: 9",
            "in its groups, got gpu: 0 to 8 of 4 CPUs and 1 GPUs (machine g2-standard-4",
        ),
        ("maxReplicas: 8", "maxReplicas: 6", "and in its groups, got machines in all: 8 and 6"),
        ("idleTimeoutSeconds: 600", "idleTimeoutSeconds: 60", "in its groups, got idle minutes: 10 and 1"),
        (
            "groupName: gpu",
            "groupName: card",
            "in its groups, got gpu: 0 to 8 of 4 CPUs and 1 GPUs (machine g2-standard",
        ),
        (
            "labels: { machine: g2-standard-4, market: spot, region: us-central1 } # one",
            "labels: {} # one",
            "1 GPUs ()",
        ),
        ("  entrypoint: >-", "  jobId: >-", "must say its entrypoint"),
        (
            "containers:\n            - name: ray-head",
            "pods:\n            - name: ray-head",
            "must have a container in",
        ),
        ("rayClusterSpec:", "rayClusterSpec: [", "must be a cluster's description in YAML"),
    ],
)
def test_each_mistake_is_one_line(
    old: str, new: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = FILES[0].read_text().replace("-FILL-IN", "-1")
    assert old in text
    code, lines = told(tmp_path / "x.yaml", text.replace(old, new), capsys)
    assert code == 2
    assert len([line for line in lines if words in line]) == 1


def test_image_may_be_pinned_by_its_digest_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tag = kubernetes.image_tag(kubernetes.versions())
    text = FILES[0].read_text().replace("-FILL-IN", "-1").replace(tag, f"{tag}@sha256:{64 * '0'}")
    assert told(tmp_path / "x.yaml", text, capsys) == (0, [])


def test_name_that_is_too_long_for_kuberay_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = FILES[1].read_text().replace("-FILL-IN", "-1")
    _, lines = told(tmp_path / "x.yaml", text.replace("  name: softvote\n", f"  name: {48 * 's'}\n", 1), capsys)
    assert any("must have a name of 1 to 47 letters, got 48" in line for line in lines)


def test_every_kind_that_is_referred_to_is_in_the_table() -> None:
    named = {
        field.get("$ref") or field.get("items", {}).get("$ref")
        for s in kuberay.schemas().values()
        for field in s["properties"].values()
    }
    assert named - {None} <= set(kuberay.FIELDS)
