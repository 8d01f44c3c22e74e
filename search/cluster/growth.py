"""What the cluster may grow to, by its own description: which machines may come, and how many of each."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.cluster.capacity import num_fitting

CLUSTER_FILE = Path("~/ray_bootstrap_config.yaml")
"""What `ray up` leaves on the head: the cluster's description."""
POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
UNLIMITED = 1_000_000


@dataclass(frozen=True, kw_only=True)
class NodeType:
    """Machines of one kind, which the autoscaler may start."""

    name: str
    cpus: float
    gpus: float
    most: int
    """How many of them there may be at once, 1 or more."""


@dataclass(frozen=True, kw_only=True)
class Growth:
    """The machines that may come beside the head, those included that are there."""

    types: tuple[NodeType, ...]
    most_machines: int
    """How many there may be at once, of all types together."""

    @property
    def has_gpus(self) -> bool:
        """True where a machine with a graphics card may come."""
        return any(kind.gpus for kind in self.types)

    def most_trials(self, cpus_per_trial: int, gpus_per_trial: float) -> int:
        """Return how many trials could run side by side, were the largest machines all there."""
        return sum(num * fitting for num, fitting in self._largest(cpus_per_trial, gpus_per_trial))

    def most_useful_machines(self, cpus_per_trial: int, gpus_per_trial: float) -> int:
        """Return how many machines that a trial fits on there may be at once."""
        return sum(num for num, _ in self._largest(cpus_per_trial, gpus_per_trial))

    def least_trials(self, cpus_per_trial: int, gpus_per_trial: float) -> int:
        """Return how many trials fit on the smallest machine that one fits on, 0 without any."""
        return min((num for _, num in self._largest(cpus_per_trial, gpus_per_trial)), default=0)

    def _largest(self, cpus_per_trial: int, gpus_per_trial: float) -> list[tuple[int, int]]:
        """Return numbers of machines and how many trials fit on one, those with the most trials first."""
        fitting = [(num_fitting(kind.cpus, kind.gpus, cpus_per_trial, gpus_per_trial), kind) for kind in self.types]
        left, found = self.most_machines, []
        for num_trials, kind in sorted(fitting, key=lambda pair: -pair[0]):
            if num_trials:
                found.append((min(kind.most, left), num_trials))
                left -= found[-1][0]
        return found


def read_growth() -> Growth | None:
    """Return what the cluster that was joined may grow to; None where nothing says that it grows."""
    for read in (_from_cluster, _from_file, _from_kubernetes):
        growth = read()
        if growth is not None and growth.types:
            return growth
    return None


def _from_cluster() -> Growth | None:
    """Return what the cluster's own tables say, where a platform has written it there."""
    import ray._private.state

    config = ray._private.state.state.get_cluster_config()
    if config is None:
        return None
    groups = [(group.name, dict(group.resources), group.max_count) for group in config.node_group_configs]
    return _growth([(name, resources, UNLIMITED if most < 0 else most) for name, resources, most in groups], UNLIMITED)


def _from_file() -> Growth | None:
    """Return what the description says that `ray up` has left on the head."""
    return _from_description(_read_file())


def _from_kubernetes() -> Growth | None:
    """Return what the RayCluster of this pod says, where KubeRay's autoscaler follows it."""
    name = os.environ.get("RAY_CLUSTER_NAME")
    if name is None or not POD_NAMESPACE.is_file():
        return None
    import requests  # ray's autoscaler brings it
    from ray.autoscaler._private.kuberay.autoscaling_config import _derive_autoscaling_config_from_ray_cr
    from ray.autoscaler._private.kuberay.node_provider import KubernetesHttpApiClient

    namespace = os.environ.get("RAY_CLUSTER_NAMESPACE") or POD_NAMESPACE.read_text().strip()
    try:
        cluster = KubernetesHttpApiClient(namespace=namespace).get(f"rayclusters/{name}")
        is_growing = cluster["spec"].get("enableInTreeAutoscaling", False)
        return _from_description(_derive_autoscaling_config_from_ray_cr(cluster)) if is_growing else None
    except (OSError, requests.RequestException, KeyError, ValueError, AssertionError):  # no right to read it, say
        return None


def promised_workers() -> int:
    """Return the least number of workers that the description on the head asks for; 0 where there is none here."""
    try:
        return sum(int(kind.get("min_workers", 0)) for kind in _read_file()["available_node_types"].values())
    except (KeyError, TypeError, ValueError, AttributeError):
        return 0


def _read_file() -> Any:
    """Return the description that `ray up` has left on the head, None where there is none that can be read."""
    import yaml  # type: ignore[import-untyped]  # ray brings it

    try:
        return yaml.safe_load(CLUSTER_FILE.expanduser().read_text())
    except (OSError, yaml.YAMLError):
        return None


def _from_description(description: Any) -> Growth | None:
    """Return what a description in the form of `ray up` says; None where it is none."""
    try:
        most = int(description.get("max_workers", UNLIMITED))
        default = {description.get("head_node_type"): 0}
        named = [
            (name, kind.get("resources") or {}, int(kind.get("max_workers", default.get(name, most))))
            for name, kind in description["available_node_types"].items()
        ]
        return _growth(named, most)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _growth(named: list[tuple[str, dict[str, Any], int]], most: int) -> Growth:
    """Return what types of machines, each with what it has and how many there may be, come to."""
    types = [
        NodeType(name=name, cpus=float(resources.get("CPU", 0)), gpus=float(resources.get("GPU", 0)), most=number)
        for name, resources, number in named
    ]
    # a type without processors is a head, or one whose size nobody has said
    return Growth(types=tuple(kind for kind in types if kind.most > 0 and kind.cpus > 0), most_machines=most)
