"""A file for Kubernetes: KubeRay's fields, what it refuses of them, and the versions that the image must have."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # ray brings it

from cluster.check import description, kuberay
from cluster.check.spelling import unknown

KINDS = ("RayJob", "RayCluster")
PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def mistakes(file: str, config: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong, one line each.

    Args:
        file: path of the file, all of whose documents are looked at.
        config: the first of them.
    """
    documents = [document for document in yaml.safe_load_all(Path(file).read_text()) if document]
    ours = [document for document in documents if document.get("kind") in KINDS]
    if not ours:
        kinds = ", ".join(str(document.get("kind")) for document in documents) or config.get("kind")
        yield f"{file} must hold a RayJob or a RayCluster of ray.io/v1, got {kinds}"
    for document in ours:
        kind, name = document["kind"], str((document.get("metadata") or {}).get("name", ""))
        where = f"{file}: {kind} {name}"
        if document["apiVersion"] != "ray.io/v1":
            yield f"{where} must have apiVersion ray.io/v1, got {document['apiVersion']}"
        if not 1 <= len(name) <= kuberay.LONGEST_NAME:
            yield f"{where} must have a name of 1 to {kuberay.LONGEST_NAME} letters, got {len(name)}"
        spec = document.get("spec") or {}
        misspelt = list(unknown(spec, kind, kuberay.schemas()))
        yield from (f"{where} {mistake}" for mistake in misspelt)
        if not misspelt:  # what follows takes the fields for what they are
            yield from _in_cluster(where, spec.get("rayClusterSpec") or {} if kind == "RayJob" else spec)
            yield from description.mistakes(where, document)
            if kind == "RayJob" and not spec.get("entrypoint"):
                yield f"{where} must say its entrypoint: the command of the search"


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
    containers = ((group.get("template") or {}).get("spec") or {}).get("containers") or []
    if not containers:
        yield f"{where} must have a container in its template"
    for container in containers:
        image = str(container.get("image", ""))
        if "FILL-IN" not in image and image.partition("@")[0].rpartition("/")[2].partition(":")[2] != tag:
            yield f"{where} must run an image with the tag {tag}, got {image or 'none'}: cluster/README.md makes it"


def versions() -> dict[str, str]:
    """Return the project's own version of Python and of each package that it names."""
    project = tomllib.loads(PROJECT.read_text())["project"]
    pins = (line.partition("==")[::2] for line in project["dependencies"])
    python = project["requires-python"].split(",")[0].removeprefix(">=")
    return {"python": python, **{name.partition("[")[0]: version for name, version in pins}}


def image_tag(wanted: dict[str, str]) -> str:
    """Return the image's tag, which says the versions that a cluster must agree on."""
    return f"py{wanted['python']}-ray{wanted['ray']}-tf{wanted['tensorflow']}"
