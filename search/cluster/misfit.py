"""What the user is told where a trial fits on no machine that is there or may come."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.errors import ClusterError
from search.money.cluster_file import CLUSTER_FILE

if TYPE_CHECKING:
    from search.cluster.growth import Growth
    from search.cluster.nodes import Node


def nothing_fits(
    nodes: Sequence["Node"], growth: "Growth | None", cpus_per_trial: int, gpus_per_trial: float
) -> ClusterError:
    """Return the error that names what there is, what a trial asks for, and what to do."""
    return ClusterError(
        f"a trial must fit on one machine of the cluster ({_offers(nodes, growth) or 'none'}); got --cpus-per-trial "
        f"{cpus_per_trial} and --gpus-per-trial {gpus_per_trial:g}. {_advice(nodes, growth, gpus_per_trial)}"
    )


def _offers(nodes: Sequence["Node"], growth: "Growth | None") -> str:
    """Return what the machines have that are there or may come, each kind once."""
    there = Counter(
        f"{node.resources.get('CPU', 0):g} CPUs and {node.resources.get('GPU', 0):g} GPUs" for node in nodes
    )
    offers = [f"{num} x {offer}" for offer, num in there.items()]
    coming = () if growth is None else growth.types
    return ", ".join(offers + [f"{kind.name}: {kind.cpus:g} CPUs and {kind.gpus:g} GPUs" for kind in coming])


def _advice(nodes: Sequence["Node"], growth: "Growth | None", gpus_per_trial: float) -> str:
    """Return what to do where no trial fits on any node."""
    if growth is not None:
        return "Ask for less, or name a larger machine in the cluster's file and bring it up again"
    if not any(node.resources.get("CPU", 0) for node in nodes):
        return (
            "No worker is there. Machines of your own: see `ray status`, and run `ray up` again. Machines that come "
            f"when asked for: search on the head, where the cluster's description must lie at {CLUSTER_FILE}"
        )
    if gpus_per_trial and not any(node.resources.get("GPU", 0) for node in nodes):
        return (
            "No machine has a GPU that Ray knows of: leave --gpus-per-trial out, or see `nvidia-smi` and `ray status`"
        )
    return "Ask for less"
