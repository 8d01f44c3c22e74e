"""What a file for Kubernetes must never say: read from its parsed documents."""

import re
from collections.abc import Iterator
from typing import Any

from cluster.check.kubernetes import image_tag
from tests.cluster.policy import OPEN_TO_THE_WORLD, SECRET_VALUES, scalars

NEEDED = {"Namespace", "ServiceAccount", "NetworkPolicy", "RayJob", "RayCluster"}
"""Any other kind opens a door, gives a right or carries a secret: Service, Ingress, Role, Secret, ..."""
SECRET_NAMES = re.compile(r"secret|password|token|key", re.IGNORECASE)
HOST_DOORS = ("hostNetwork", "hostPID", "hostIPC", "hostPort", "hostPath", "privileged", "enableIngress")
LOCKED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
EXACT_IMAGE = re.compile(r"python:(\d+\.\d+)\.\d+-[a-z]+-[a-z]+(@sha256:[0-9a-f]{64})?")
"""Python to its patch and Debian by name: any shorter tag becomes another Python, or another Debian, some day."""
POD_LOCKED = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def violations(documents: list[dict[str, Any]], versions: dict[str, str]) -> list[str]:
    """Return what is wrong with the documents of one file, one line each; `versions` are the project's own pins."""
    found = [*_openings_and_secrets(documents)]
    for document in documents:
        if document["kind"] == "NetworkPolicy":
            found += _wide_policies(document["spec"])
        if document["kind"] == "Namespace" and _label(document, "pod-security.kubernetes.io/enforce") != "restricted":
            found.append("Namespace must enforce restricted pods")
        if document["kind"] == "ServiceAccount" and document.get("automountServiceAccountToken") is not False:
            found.append(f"ServiceAccount {document['metadata']['name']} must not hand out its key to Kubernetes")
        if document["kind"] in ("RayJob", "RayCluster"):
            found += _unsafe_cluster(document, versions)
    return found


def loose_images(dockerfile: str, versions: dict[str, str]) -> list[str]:
    """Return what is wrong with the images that a Dockerfile is built on, one line each."""
    images = re.findall(r"^FROM (?:--\S+ )?(\S+)", dockerfile, re.MULTILINE)
    found = [f"{image} must name patch and distribution" for image in images if not EXACT_IMAGE.fullmatch(image)]
    exact = filter(None, (EXACT_IMAGE.fullmatch(image) for image in images))
    found += [f"{one[0]} must have Python {versions['python']}" for one in exact if one[1] != versions["python"]]
    return found if images else ["the image must be built on another"]


def _label(document: dict[str, Any], name: str) -> str:
    return str(document["metadata"].get("labels", {}).get(name))


def cluster_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return the description of the Ray cluster in a RayJob or a RayCluster."""
    return document["spec"]["rayClusterSpec"] if document["kind"] == "RayJob" else document["spec"]


def groups_of(cluster: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each group of pods with its name."""
    yield "head", cluster["headGroupSpec"]
    for group in cluster["workerGroupSpecs"]:
        yield group["groupName"], group


def _openings_and_secrets(documents: list[dict[str, Any]]) -> Iterator[str]:
    for document in documents:
        if document["kind"] not in NEEDED:
            yield f"{document['kind']} is not needed"
        for where, text in scalars(document):
            field = where.rpartition(".")[2]
            if any(word in text for word in OPEN_TO_THE_WORLD):
                yield f"{where} is open to the world: {text}"
            if field in HOST_DOORS and text != "False":
                yield f"{where} opens the machine: {text}"
            if field == "serviceType" and text != "ClusterIP":
                yield f"{where} is reached from outside: {text}"
            if SECRET_VALUES.search(text):
                yield f"{where} looks like a secret"


def _wide_policies(spec: dict[str, Any]) -> Iterator[str]:
    if "Ingress" not in spec.get("policyTypes", []):
        yield "NetworkPolicy must say who reaches the pods (policyTypes: [Ingress])"
    for rule in spec.get("ingress", []):
        if not rule.get("from") or any(not _names_pods(source) for source in rule["from"]):
            yield f"NetworkPolicy lets anybody in: {rule}"


def _names_pods(source: dict[str, Any]) -> bool:
    return bool(source.get("podSelector", {}).get("matchLabels")) and "ipBlock" not in source


def _unsafe_cluster(document: dict[str, Any], versions: dict[str, str]) -> Iterator[str]:
    cluster, notes = cluster_of(document), document["metadata"].get("annotations", {})
    for name in ("python", "ray", "tensorflow"):
        if notes.get(f"softvote/{name}") != versions[name]:
            yield f"annotation softvote/{name} must be {versions[name]}"
    if cluster.get("rayVersion") != versions["ray"]:
        yield f"rayVersion must be {versions['ray']}, got {cluster.get('rayVersion')}"
    if cluster.get("authOptions", {}).get("mode") != "token":
        yield "authOptions must ask for the token"
    yield from _unlocked("autoscaler", cluster["autoscalerOptions"])
    if "image" in cluster["autoscalerOptions"]:
        yield "autoscaler must run the head's image"
    for name, group in groups_of(cluster):
        yield from _unsafe_pod(name, group["template"], image_tag(versions))


def _unsafe_pod(name: str, template: dict[str, Any], tag: str) -> Iterator[str]:
    pod = template["spec"]
    if template["metadata"]["labels"].get("app") != "softvote":
        yield f"{name} must carry the label of the NetworkPolicy"
    if pod.get("automountServiceAccountToken") is not False:
        yield f"{name} must not mount a key to Kubernetes"
    if pod.get("serviceAccountName", "default") == "default":
        yield f"{name} must have a service account of its own"
    for key, value in POD_LOCKED.items():
        if pod.get("securityContext", {}).get(key) != value:
            yield f"{name} must have {key}: {value} in its pod's securityContext"
    for container in pod["containers"]:
        image = container.get("image", "")
        if image.partition("@")[0].rpartition("/")[2].partition(":")[2] != tag:
            yield f"{name} must run an image with the tag {tag}, got {image}"
        yield from _unlocked(name, container)
        for variable in container.get("env", []):
            if SECRET_NAMES.search(variable["name"]) and "value" in variable:
                yield f"{name} says {variable['name']} in the file: refer to a Secret"


def _unlocked(name: str, container: dict[str, Any]) -> Iterator[str]:
    for key, value in LOCKED.items():
        if container.get("securityContext", {}).get(key) != value:
            yield f"{name} must have {key}: {value} in its securityContext"
    resources = container.get("resources", {})
    if not resources.get("limits") or resources.get("requests") != resources["limits"]:
        yield f"{name} must ask for what it is limited to"
