"""The machines that a search would run on: from a cluster's file, from the nodes of one that runs, or this machine."""

import contextlib
import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import ConfigError
from core.store.manifest import usable_cores
from search.cluster.capacity import is_head, num_fitting, num_fitting_on
from search.money.cluster_file import IDLE_MINUTES, ClusterFile, NodeType
from search.money.prices import LABELS, PriceList, machine_of

if TYPE_CHECKING:
    from search.cluster.nodes import Node

SETUP_MINUTES = 6.0
"""What a machine of a cloud is paid for from its order until it trains: it boots and gets its packages."""
USE_SECONDS = 300.0
"""What a machine has to be good for, once it is there, to be asked for."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a trial takes of a machine."""

    cpus: int
    gpus: float | None
    """None for one where the machines have any."""

    def gpus_on(self, most_gpus: float) -> float:
        """Return the cards of a trial, where no machine has more than `most_gpus`."""
        if self.gpus is not None:
            return self.gpus
        return 1.0 if most_gpus else 0.0


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Machines, how many trials they run at once, and what they cost."""

    what: str
    """In words."""
    num_at_once: int
    gpus_per_trial: float
    workers_usd: float | None = None
    """An hour of all machines that train; None where they have no price."""
    head_usd: float | None = None
    """An hour of the head beside them; nothing where it is one of them."""
    setup_minutes: float = 0.0
    idle_minutes: float = 0.0
    why_no_price: str = ""
    """What to do about it."""
    dearest: "Fleet | None" = None
    """What may be taken instead, where these have no capacity; None where there is no other."""

    def with_most(self, max_concurrent: int) -> "Fleet":
        """Return the fleet with no more trials at once than this."""
        dearest = None if self.dearest is None else self.dearest.with_most(max_concurrent)
        return dataclasses.replace(self, num_at_once=min(self.num_at_once, max_concurrent), dearest=dearest)


def fleet_of_file(cluster: ClusterFile, prices: PriceList, share: Share, num_trials: int | None) -> Fleet | None:
    """Return the cheapest machines of a cluster's file that fit, as many as trials use; None for one's own.

    Raises:
        ConfigError: a trial fits on none, or they have no price.
    """
    if cluster.is_own:
        return None
    gpus = share.gpus_on(max((node.gpus for node in cluster.workers), default=0.0))
    fitting = {node.name: num_fitting(node.cpus, node.gpus, share.cpus, gpus) for node in cluster.workers}
    usable = [node for node in cluster.workers if fitting[node.name] and node.max_workers]
    if not usable:
        raise ConfigError(
            f"a trial must fit on a machine of {cluster.file}, and takes {share.cpus} CPUs and {gpus:g} GPUs; its "
            "workers have " + (", ".join(f"{n.cpus:g} and {n.gpus:g}" for n in cluster.workers) or "none")
        )

    def usd(node: NodeType) -> float:
        return prices.hourly(machine_of(node.labels, f"{cluster.file}, {node.name}")) if cluster.is_named else 0.0

    def fleet(node: NodeType, dearest: Fleet | None) -> Fleet:
        num = int(min(node.max_workers, cluster.max_workers, _num_needed(num_trials, fitting[node.name])))
        return Fleet(
            what=f"{num} {node.labels.get('machine', node.name)} ({node.labels.get('market', 'no market named')})",
            num_at_once=num * fitting[node.name],
            gpus_per_trial=gpus,
            workers_usd=num * usd(node) if cluster.is_named else None,
            head_usd=usd(cluster.head) if cluster.is_named else None,
            setup_minutes=SETUP_MINUTES,
            idle_minutes=cluster.idle_minutes,
            why_no_price=f"no machine of {cluster.file} is named: give its kinds the labels {', '.join(LABELS)}",
            dearest=dearest,
        )

    in_order = sorted(usable, key=lambda node: usd(node) / fitting[node.name])
    return fleet(in_order[0], fleet(in_order[-1], None) if len(in_order) > 1 and cluster.is_named else None)


def fleet_of_nodes(nodes: Sequence["Node"], prices: PriceList, share: Share) -> Fleet:
    """Return the machines of a cluster that runs, as they are now; the head trains where it is alone.

    Raises:
        ConfigError: a trial fits on none, or only some of them have a price.
    """
    gpus = share.gpus_on(max((node.resources.get("GPU", 0) for node in nodes), default=0.0))
    fitting = [node for node in nodes if num_fitting_on(node, share.cpus, gpus)]
    workers = [node for node in fitting if not is_head(node)] or fitting
    if not workers:
        raise ConfigError(
            f"a trial must fit on a machine that the cluster has now, and takes {share.cpus} CPUs and {gpus:g} GPUs. "
            "Name the cluster's file with --cluster"
        )
    num_at_once = sum(num_fitting_on(node, share.cpus, gpus) for node in workers)
    if not any("machine" in node.labels for node in nodes):
        why = "the cluster's machines have no labels machine, market and region: name the cluster's file with --cluster"
        what = f"{len(workers)} machines of the cluster"
        return Fleet(what=what, num_at_once=num_at_once, gpus_per_trial=gpus, why_no_price=why)
    usd = {node.node_id: prices.hourly(machine_of(node.labels, f"node {node.name}")) for node in nodes}
    names = sorted({node.labels["machine"] for node in workers})
    return Fleet(
        what=f"{len(workers)} machines of the cluster ({', '.join(names)})",
        num_at_once=num_at_once,
        gpus_per_trial=gpus,
        workers_usd=sum(usd[node.node_id] for node in workers),
        head_usd=sum(usd[node.node_id] for node in nodes if node not in workers),
        idle_minutes=IDLE_MINUTES,
    )


def fleet_of_this_machine(share: Share, *, is_own: bool = False) -> Fleet:
    """Return this machine, which has no price; `is_own` where it stands for a cluster of one's own machines."""
    why = (
        "machines of your own have none" if is_own else "this machine has none: name the cluster's file with --cluster"
    )
    return Fleet(
        what="this machine",
        num_at_once=max(usable_cores() // share.cpus, 1),
        gpus_per_trial=share.gpus or 0.0,
        why_no_price=why,
    )


def prices_of_kinds(cluster: ClusterFile | None, prices: PriceList) -> list[float]:
    """Return what an hour of each kind of worker costs that may come, as far as its price is known."""
    found = []
    for kind in () if cluster is None else cluster.workers:
        with contextlib.suppress(ConfigError):  # told where such a machine joins
            if kind.max_workers:
                found.append(prices.hourly(machine_of(kind.labels, kind.name)))
    return found


def _num_needed(num_trials: int | None, num_fitting_on_one: int) -> float:
    """Return how many machines trials use that all run at once."""
    return math.inf if num_trials is None else math.ceil(num_trials / num_fitting_on_one)
