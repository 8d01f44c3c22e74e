"""A file for Kubernetes: KubeRay's fields, what it refuses of them, and the versions that the image must have."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # ray brings it

from cluster.check import description, kuberay
from cluster.check.project import versions
from cluster.check.spelling import unknown

KINDS = ("RayJob", "RayCluster")


def mistakes(file: str, config: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong, one line each.

    Args:
        file: path of the file, all of whose documents are looked at.
        config: the first of them.
    """
    documents = [document for document in yaml.safe_load_all(Path(file).read_text(encoding="utf-8")) if document]
    if not all(isinstance(document, dict) for document in documents):
        yield f"{file} must hold mappings, one a document, got another value between two lines `---`"
        return
    ours = [document for document in documents if document.get("kind") in KINDS]
    if not ours:
        kinds = ", ".join(str(document.get("kind")) for document in documents) or config.get("kind")
        yield f"{file} must hold a RayJob or a RayCluster of ray.io/v1, got {kinds}"
    yield from _without_version(file, documents)
    for document in ours:
        flat = [part for part in ("metadata", "spec") if not isinstance(document.get(part), dict)]
        for part in flat:
            yield f"{file}: {document['kind']} must have a mapping as its {part}, got {document.get(part)!r}"
        if flat:
            continue
        kind, name = document["kind"], str(document["metadata"].get("name") or "")
        where = f"{file}: {kind} {name}"
        if (got := document.get("apiVersion", "ray.io/v1")) != "ray.io/v1":
            yield f"{where} must have apiVersion ray.io/v1, got {got}"
        if not 1 <= len(name) <= kuberay.LONGEST_NAME:
            yield f"{where} must have a name of 1 to {kuberay.LONGEST_NAME} letters, got {len(name)}"
        yield from _other_versions(where, document["metadata"].get("annotations") or {})
        spec = document["spec"]
        misspelt = list(unknown(spec, kind, kuberay.schemas()))
        yield from (f"{where} {mistake}" for mistake in misspelt)
        if not misspelt:  # what follows takes the fields for what they are
            yield from _in_cluster(where, spec.get("rayClusterSpec") or {} if kind == "RayJob" else spec)
            yield from description.mistakes(where, document)
            if kind == "RayJob" and not spec.get("entrypoint"):
                yield f"{where} must say its entrypoint: the command of the search"


def _without_version(file: str, documents: list[dict[str, Any]]) -> Iterator[str]:
    for document in documents:
        if "apiVersion" not in document:
            yield f"{file}: {document.get('kind')} must say its apiVersion, got none"


def _other_versions(where: str, annotations: Any) -> Iterator[str]:
    if not isinstance(annotations, dict):
        yield f"{where} must have a mapping as its annotations, got {annotations!r}"
        return
    for name, own in versions().items():
        if (said := annotations.get(f"softvote/{name}", own)) != own:
            yield f"{where} is for {name} {said}, pyproject.toml says {own}: write that in its annotations"


def _in_cluster(where: str, cluster: dict[str, Any]) -> Iterator[str]:
    wanted = versions()
    if (cluster.get("authOptions") or {}).get("mode") != "token":
        yield f"{where} must have `authOptions: {{ mode: token }}`: whoever reaches a port may run code otherwise"
    if (got := cluster.get("rayVersion")) != wanted["ray"]:
        yield f"{where} is for ray {got}, the project's is {wanted['ray']}: write that in rayVersion and in the image"
    if "headGroupSpec" not in cluster:
        yield f"{where} must have a headGroupSpec"
    groups = [("head", cluster.get("headGroupSpec") or {})]
    groups += [(str(group.get("groupName")), group) for group in cluster.get("workerGroupSpecs") or []]
    for name, group in groups:
        yield from _in_group(f"{where}: group {name}", group, image_tag(wanted))
    for name, group in groups[1:]:
        least, most = group.get("minReplicas", 0), group.get("maxReplicas", 0)
        if not 0 <= least <= most or most == 0:
            yield f"{where}: group {name} must have 0 <= minReplicas <= maxReplicas, and some, got {least} and {most}"


def _in_group(where: str, group: dict[str, Any], tag: str) -> Iterator[str]:
    start = group.get("rayStartParams") or {}
    if "labels" in start:
        yield f"{where} must have its labels beside rayStartParams, which KubeRay refuses in it"
    for key, value in start.items():
        if not isinstance(value, str):
            yield f'{where} must have text in rayStartParams.{key}, got {value!r}: write "{value}"'
    pod = (group.get("template") or {}).get("spec")
    containers = pod.get("containers") if isinstance(pod, dict) else None
    if not isinstance(containers, list) or not all(isinstance(container, dict) for container in containers):
        containers = []
    if not containers:
        yield f"{where} must have a container in its template: a list of mappings below spec.containers"
    for container in containers:
        image = str(container.get("image", ""))
        if "FILL-IN" not in image and image.partition("@")[0].rpartition("/")[2].partition(":")[2] != tag:
            yield f"{where} must run an image with the tag {tag}, got {image or 'none'}: cluster/README.md makes it"


def image_tag(wanted: dict[str, str]) -> str:
    """Return the image's tag, which says the versions that a cluster must agree on."""
    return f"py{wanted['python']}-ray{wanted['ray']}-tf{wanted['tensorflow']}"
