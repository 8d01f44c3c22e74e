"""A cluster's file read for what costs money: its kinds of machines, how many of each, and their labels.

Ray's own files (`ray up`) and KubeRay's (RayCluster, RayJob) say the same things under different names.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from search.money.prices import LABELS

CLUSTER_FILE = Path("~/ray_bootstrap_config.yaml")
"""What `ray up` leaves on the head, and cluster/kubernetes.yaml mounts there: the cluster's description."""
IDLE_MINUTES = 10.0
"""What a machine stays that nobody uses, where a file does not say it."""
KUBERNETES_IDLE_MINUTES = 1.0
"""KubeRay's own default."""


@dataclass(frozen=True, kw_only=True)
class NodeType:
    """A kind of machine in a cluster's file."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    """All of them; those that say what it costs are `machine`, `market` and `region`."""
    cpus: float
    gpus: float
    min_workers: int = 0
    max_workers: int = 0
    """How many of them there may be at once beside the head."""

    @property
    def is_named(self) -> bool:
        """True where some label says what it costs."""
        return any(name in self.labels for name in LABELS)


@dataclass(frozen=True, kw_only=True)
class ClusterFile:
    """A cluster as its file describes it."""

    file: str
    name: str
    is_own: bool
    """Whether the machines are one's own, which no price list knows."""
    head: NodeType
    workers: tuple[NodeType, ...]
    max_workers: int
    """Of all kinds together."""
    idle_minutes: float = IDLE_MINUTES

    @property
    def is_named(self) -> bool:
        """True where some kind of machine has labels that say what it costs."""
        return any(node.is_named for node in (self.head, *self.workers))


def read_cluster_file(file: str) -> tuple[ClusterFile, ...]:
    """Return the clusters that a file describes: one in Ray's own form, one or more in KubeRay's.

    Raises:
        ConfigError: it is not there, or describes none.
    """
    import yaml  # type: ignore[import-untyped]  # ray brings it

    try:
        text = Path(file).read_text(encoding="utf-8")
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"a cluster's file must be named, such as cluster/config.yaml, got {file}: {error}"
        ) from error
    except (yaml.YAMLError, ValueError, TypeError) as error:  # ValueError: no such date; TypeError: no key of a mapping
        raise ConfigError(f"{file} must be a cluster's description in YAML: {' '.join(str(error).split())}") from error
    try:
        clusters = tuple(clusters_in(file, documents))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        told = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ConfigError(f"{file} must describe a cluster's kinds of machines, and does not: {told}") from error
    except OverflowError as error:
        raise ConfigError(f"{file} must name finite numbers of machines: {error}") from error
    if not clusters:
        raise ConfigError(f"{file} must describe a cluster for `ray up`, or be a RayCluster or RayJob, and is neither")
    return clusters


def description_on_head() -> ClusterFile | None:
    """Return the description of the cluster whose head this machine is; None where none lies there."""
    path = CLUSTER_FILE.expanduser()
    if not path.is_file():
        return None
    try:
        return read_cluster_file(str(path))[0]
    except ConfigError:
        return None


def clusters_in(file: str, documents: list[Any]) -> Iterator[ClusterFile]:
    """Yield each cluster of the parsed documents of a file.

    Raises:
        KeyError, TypeError, ValueError, AttributeError, IndexError: one of them is not what it must be.
    """
    for document in documents:
        if not isinstance(document, dict):
            raise TypeError(f"a document must be a mapping, got {document!r}")
        if "provider" in document:
            yield _for_ray_up(file, document)
        elif document.get("kind") in ("RayCluster", "RayJob"):
            spec = document["spec"]
            cluster = spec["rayClusterSpec"] if document["kind"] == "RayJob" else spec
            yield _for_kuberay(file, f"{document['kind']} {document['metadata']['name']}", cluster)


def _for_ray_up(file: str, raw: dict[str, Any]) -> ClusterFile:
    """Read the form that `ray up` takes."""
    is_own = raw["provider"].get("type") == "local"
    types = {str(name): node for name, node in (raw.get("available_node_types") or {}).items()}
    most = int(raw.get("max_workers", 2))  # Ray's default
    head_name = raw.get("head_node_type", "head")
    nodes = {name: _of_ray_up(name, node, 0 if name == head_name else most, most) for name, node in types.items()}
    if not is_own and head_name not in nodes:
        raise ValueError(f"head_node_type {head_name!r} is none of available_node_types")
    return ClusterFile(
        file=file,
        name=str(raw.get("cluster_name", "")),
        is_own=is_own,
        head=nodes.get(head_name, NodeType(name=head_name, cpus=0, gpus=0)),
        workers=tuple(node for name, node in nodes.items() if name != head_name),
        max_workers=most,
        idle_minutes=float(raw.get("idle_timeout_minutes", IDLE_MINUTES)),
    )


def _of_ray_up(name: str, raw: dict[str, Any], default: int, most: int) -> NodeType:
    """Read one of `available_node_types`, of which there may be `default` where it does not say how many."""
    resources = raw.get("resources") or {}
    return NodeType(
        name=name,
        labels={str(key): str(value) for key, value in (raw.get("labels") or {}).items()},
        cpus=float(resources.get("CPU", 0)),
        gpus=float(resources.get("GPU", 0)),
        min_workers=int(raw.get("min_workers", 0)),
        max_workers=min(int(raw.get("max_workers", default)), most),
    )


def _for_kuberay(file: str, name: str, spec: dict[str, Any]) -> ClusterFile:
    """Read the part of KubeRay's form that RayCluster and RayJob share."""
    groups = [
        _of_kuberay(
            _name_of(group),
            group,
            int(group.get("minReplicas", group.get("replicas", 0))),
            int(group.get("maxReplicas", group.get("replicas", 0))),
        )
        for group in spec.get("workerGroupSpecs") or []
    ]
    seconds = (spec.get("autoscalerOptions") or {}).get("idleTimeoutSeconds", 60 * KUBERNETES_IDLE_MINUTES)
    return ClusterFile(
        file=file,
        name=name,
        is_own=False,
        head=_of_kuberay("head", spec["headGroupSpec"], 0, 0),
        workers=tuple(groups),
        max_workers=sum(group.max_workers for group in groups),
        idle_minutes=float(seconds) / 60,
    )


def _name_of(group: dict[str, Any]) -> str:
    """Return a group's name, under which its machines are counted."""
    name = group["groupName"]
    if not isinstance(name, str):
        raise TypeError(f"groupName must be text, got {name!r}")
    return name


def _of_kuberay(name: str, raw: dict[str, Any], least: int, most: int) -> NodeType:
    """Read one group of pods; each is taken for a machine of its own."""
    container = raw["template"]["spec"]["containers"][0]
    limits = (container.get("resources") or {}).get("limits") or {}
    started_with = raw.get("rayStartParams") or {}
    return NodeType(
        name=name,
        labels=_labels_of_group(raw, started_with),
        cpus=float(started_with.get("num-cpus", _cores(str(limits.get("cpu", 0))))),
        gpus=float(started_with.get("num-gpus", limits.get("nvidia.com/gpu", 0))),
        min_workers=least,
        max_workers=most,
    )


def _labels_of_group(raw: dict[str, Any], started_with: dict[str, Any]) -> dict[str, str]:
    """Return the labels that Ray gives a group's nodes, by the group's own field or by `ray start`'s option."""
    if raw.get("labels"):
        return {str(key): str(value) for key, value in raw["labels"].items()}
    text = str(started_with.get("labels", ""))
    if text.startswith("{"):
        return {str(key): str(value) for key, value in json.loads(text).items()}
    pairs = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _cores(text: str) -> float:
    """Return Kubernetes' number of cores, such as 2 or 500m, as Ray counts them: whole ones, rounded up."""
    return float(math.ceil(float(text[:-1]) / 1000)) if text.endswith("m") else float(math.ceil(float(text)))
