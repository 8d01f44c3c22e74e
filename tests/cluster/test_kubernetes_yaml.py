"""cluster/kubernetes.yaml and raycluster.yaml, through our policy and Kubernetes' own schemas."""

import functools
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from cluster.check import kuberay, kubernetes
from cluster.check.description import ANNOTATION
from cluster.check.spelling import unknown
from search.money.cluster_file import CLUSTER_FILE
from tests.cluster.guide import GUIDE, ROOT
from tests.cluster.policy_kubernetes import cluster_of, groups_of, violations

JOB = ROOT / "cluster" / "kubernetes.yaml"
CLUSTER = ROOT / "cluster" / "raycluster.yaml"
DOCKERFILE = (ROOT / "cluster" / "Dockerfile").read_text()
SCHEMAS = "kubernetes-validate==1.37.0"
Edit = Callable[[dict[str, dict[str, Any]]], object]


@functools.cache
def as_text(file: Path) -> str:
    return json.dumps(list(yaml.safe_load_all(file.read_text())))


@pytest.fixture
def documents() -> list[dict[str, Any]]:
    return json.loads(as_text(JOB))  # which knows no anchors: what is edited in one place stays as it was elsewhere


@pytest.fixture
def job(documents: list[dict[str, Any]]) -> dict[str, Any]:
    return documents[-1]


@pytest.fixture
def cluster() -> dict[str, Any]:
    return json.loads(as_text(CLUSTER))[0]


def test_cluster_that_stays_is_the_one_of_the_job(job: dict[str, Any], cluster: dict[str, Any]) -> None:
    assert cluster["kind"] == "RayCluster"
    assert cluster["spec"] == cluster_of(job)
    assert cluster["metadata"] == job["metadata"]


def test_files_have_no_field_that_kuberay_has_not(job: dict[str, Any], cluster: dict[str, Any]) -> None:
    for document in (job, cluster):
        assert list(unknown(document["spec"], document["kind"], kuberay.schemas())) == []


def test_job_ends_tries_again_and_cleans_up(job: dict[str, Any]) -> None:
    spec = job["spec"]
    assert spec["shutdownAfterJobFinishes"] is True
    assert 0 < spec["ttlSecondsAfterFinished"] <= 600
    assert 0 < spec["activeDeadlineSeconds"] <= 7 * 86400
    assert spec["backoffLimit"] > 0
    assert spec["submissionMode"] == "HTTPMode"


def test_job_runs_the_search_of_the_guide(job: dict[str, Any]) -> None:
    searches = [line for line in GUIDE.read_text().replace("\\\n", "").splitlines() if "ray job submit" in line]
    words = searches[0].partition("-- ")[2].strip('" ').split()
    entrypoint = re.sub(r" --gpus-per-trial \S+", "", job["spec"]["entrypoint"]).split()
    assert [word for word in entrypoint if "FILL-IN" not in word] == [word for word in words if "$" not in word]


def test_head_runs_no_trials_and_is_not_a_spot_machine(job: dict[str, Any]) -> None:
    head = cluster_of(job)["headGroupSpec"]
    assert head["rayStartParams"]["num-cpus"] == "0"
    assert head["labels"]["market"] == "on-demand"
    assert "tolerations" not in head["template"]["spec"]
    assert not [key for key in head["template"]["spec"]["nodeSelector"] if "spot" in key]


def test_workers_are_spot_gpus_from_none_to_the_maximum(job: dict[str, Any]) -> None:
    cluster = cluster_of(job)
    assert cluster["enableInTreeAutoscaling"] is True
    assert cluster["autoscalerOptions"]["idleTimeoutSeconds"] > 0
    (worker,) = cluster["workerGroupSpecs"]
    assert (worker["replicas"], worker["minReplicas"], worker["maxReplicas"]) == (0, 0, 8)
    pod = worker["template"]["spec"]
    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert {toleration["key"] for toleration in pod["tolerations"]} >= {"nvidia.com/gpu"}
    assert worker["labels"]["market"] == "spot"
    assert pod["nodeSelector"]["cloud.google.com/gke-spot"] == "true"


def test_worker_drains_before_it_goes(job: dict[str, Any]) -> None:
    pod = cluster_of(job)["workerGroupSpecs"][0]["template"]["spec"]
    command = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert command[:5] == ["python", "-m", "cluster.spot_notice", "--now", "--seconds"]
    assert int(command[5]) < pod["terminationGracePeriodSeconds"]


def test_labels_say_the_machine_that_is_asked_for(job: dict[str, Any]) -> None:
    for name, group in groups_of(cluster_of(job)):
        selector = group["template"]["spec"]["nodeSelector"]
        assert group["labels"]["machine"] == selector["node.kubernetes.io/instance-type"], name
        assert group["labels"]["region"] == selector["topology.kubernetes.io/region"], name


def test_only_the_autoscaler_has_a_key_to_kubernetes(job: dict[str, Any]) -> None:
    cluster, place = cluster_of(job), "/var/run/secrets/kubernetes.io/serviceaccount"
    assert place in [mount["mountPath"] for mount in cluster["autoscalerOptions"]["volumeMounts"]]
    for _, group in groups_of(cluster):
        for container in group["template"]["spec"]["containers"]:
            assert place not in [mount["mountPath"] for mount in container["volumeMounts"]]


def test_head_has_the_clusters_description_where_ray_up_leaves_it(job: dict[str, Any]) -> None:
    """What it says, and that the search reads it: see test_growth and cluster.check."""
    template = cluster_of(job)["headGroupSpec"]["template"]
    (head,) = template["spec"]["containers"]
    [home] = re.findall(r"HOME=(\S+)", DOCKERFILE)
    [mount] = [m for m in head["volumeMounts"] if m["mountPath"] == str(CLUSTER_FILE).replace("~", home)]
    [volume] = [volume for volume in template["spec"]["volumes"] if volume["name"] == mount["name"]]
    [item] = volume["downwardAPI"]["items"]
    assert item["path"] == mount["subPath"]
    assert item["fieldRef"]["fieldPath"] == f"metadata.annotations['{ANNOTATION}']"
    assert ANNOTATION in template["metadata"]["annotations"]


@pytest.mark.parametrize("file", [JOB, CLUSTER])
def test_files_break_no_rule_of_the_policy(file: Path) -> None:
    assert violations(json.loads(as_text(file)), kubernetes.versions()) == []


def worker_pod(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return cluster_of(found["RayJob"])["workerGroupSpecs"][0]["template"]["spec"]


def add(kind: str) -> Edit:
    return lambda found: found.update({kind: {"kind": kind, "metadata": {"name": "x"}}})


def container(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return worker_pod(found)["containers"][0]


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (add("Service"), "Service is not needed"),
        (add("Ingress"), "Ingress is not needed"),
        (add("Secret"), "Secret is not needed"),
        (add("ClusterRoleBinding"), "ClusterRoleBinding is not needed"),
        (lambda f: cluster_of(f["RayJob"])["headGroupSpec"].update(serviceType="LoadBalancer"), "from outside"),
        (lambda f: cluster_of(f["RayJob"])["headGroupSpec"].update(serviceType="NodePort"), "from outside"),
        (lambda f: cluster_of(f["RayJob"])["headGroupSpec"].update(enableIngress=True), "opens the machine: True"),
        (lambda f: worker_pod(f).update(hostNetwork=True), "opens the machine: True"),
        (lambda f: container(f).update(ports=[{"containerPort": 1, "hostPort": 1}]), "opens the machine: 1"),
        (lambda f: f["NetworkPolicy"]["spec"]["ingress"].append({}), "lets anybody in"),
        (lambda f: f["NetworkPolicy"]["spec"]["ingress"][1]["from"][0].pop("podSelector"), "lets anybody in"),
        (
            lambda f: f["NetworkPolicy"]["spec"]["ingress"][0]["from"].append({"ipBlock": {"cidr": "0.0.0.0/0"}}),
            "is open to the world",
        ),
        (lambda f: f["NetworkPolicy"]["spec"].update(policyTypes=["Egress"]), "must say who reaches the pods"),
        (lambda f: f["Namespace"]["metadata"].pop("labels"), "must enforce restricted pods"),
        (lambda f: f["ServiceAccount"].pop("automountServiceAccountToken"), "must not hand out its key"),
        (lambda f: cluster_of(f["RayJob"]).pop("authOptions"), "authOptions must ask for the token"),
        (lambda f: cluster_of(f["RayJob"])["authOptions"].update(mode="disabled"), "must ask for the token"),
        (lambda f: cluster_of(f["RayJob"]).update(rayVersion="2.59.0"), "rayVersion must be"),
        (lambda f: f["RayJob"]["metadata"]["annotations"].update({"softvote/python": "3.12"}), "softvote/python must"),
        (lambda f: container(f).update(image="r/softvote:latest"), "must run an image with the tag py"),
        (lambda f: container(f).update(image="r/softvote"), "must run an image with the tag py"),
        (lambda f: container(f).update(image="r/softvote:py3.11-ray2.59.0-tf2.21.0"), "must run an image with the tag"),
        (lambda f: container(f).pop("securityContext"), "gpu must have readOnlyRootFilesystem: True"),
        (lambda f: container(f)["securityContext"].update(capabilities={}), "gpu must have capabilities"),
        (lambda f: cluster_of(f["RayJob"])["autoscalerOptions"].pop("securityContext"), "autoscaler must have"),
        (lambda f: worker_pod(f)["securityContext"].update(runAsNonRoot=False), "gpu must have runAsNonRoot: True"),
        (lambda f: worker_pod(f)["securityContext"].pop("seccompProfile"), "gpu must have seccompProfile"),
        (lambda f: worker_pod(f).pop("automountServiceAccountToken"), "gpu must not mount a key to Kubernetes"),
        (lambda f: worker_pod(f).pop("serviceAccountName"), "gpu must have a service account of its own"),
        (lambda f: container(f)["resources"].pop("requests"), "gpu must ask for what it is limited to"),
        (
            lambda f: container(f).update(env=[{"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}]),
            "gpu says AWS_SECRET_ACCESS_KEY in the file",
        ),
        (lambda f: container(f).update(args=["AKIA" + 16 * "A"]), "looks like a secret"),
    ],
)
def test_policy_catches_an_unsafe_edit(documents: list[dict[str, Any]], edit: Edit, complaint: str) -> None:
    by_kind = {document["kind"]: document for document in documents}
    edit(by_kind)
    assert any(complaint in line for line in violations(list(by_kind.values()), kubernetes.versions()))


def test_image_runs_as_the_user_whom_the_pods_name(job: dict[str, Any]) -> None:
    user = re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE)
    assert [f"--uid {number}" in DOCKERFILE for number in user] == [True]
    for name, group in groups_of(cluster_of(job)):
        assert [str(group["template"]["spec"]["securityContext"]["runAsUser"])] == user, name


@pytest.mark.slow
def test_pods_and_what_is_not_kuberays_fit_kubernetes_own_schemas(
    documents: list[dict[str, Any]], tmp_path: Path
) -> None:
    *own, job = documents
    options = cluster_of(job)["autoscalerOptions"]
    scaler = {key: options[key] for key in ("resources", "securityContext", "volumeMounts")}
    pods = [group["template"] for _, group in groups_of(cluster_of(job))]
    pods.append({"spec": {"containers": [{"name": "autoscaler", **scaler}]}})
    templates = [
        {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "x"}, "template": pod} for pod in pods
    ]
    assert schema_errors([*own, *templates], tmp_path) == [""] * (len(own) + len(templates))
    pods[0]["spec"]["containers"][0]["imagePulPolicy"] = "Always"
    assert "imagePulPolicy" in schema_errors(templates[:1], tmp_path)[0]


def schema_errors(documents: list[dict[str, Any]], folder: Path) -> list[str]:
    """Return of each document what Kubernetes' schema says against it; skips where uv cannot bring the schemas."""
    (folder / "documents.json").write_text(json.dumps(documents))
    script = (
        "import json, sys, kubernetes_validate as k\n"
        "def error(document):\n"
        "    try: k.validate(document, '1.34', strict=True); return ''\n"
        "    except k.ValidationError as error: return str(error)\n"
        "print(json.dumps([error(document) for document in json.load(open(sys.argv[1]))]))"
    )
    command = ["uv", "run", "--no-project", "--with", SCHEMAS, "python", "-c", script, f"{folder}/documents.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"needs {SCHEMAS}: {done.stderr.strip()[-200:]}")
    return json.loads(done.stdout)
