"""What the machines of a running cluster cost, added up while a search looks on."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.errors import ConfigError
from search.cluster.capacity import is_head
from search.money.fleet import SETUP_MINUTES
from search.money.prices import SECONDS_AN_HOUR, Machine, PriceList, machine_of

if TYPE_CHECKING:  # it loads ray, which must not be loaded before search.cluster.authentication has had its say
    from search.cluster.nodes import Node

LOOK_SECONDS = 1.0
"""How often nodes are looked up at most."""


def nodes_of_cluster() -> Sequence["Node"]:
    """Return the nodes that are alive: every one is paid for, in use or not."""
    from search.cluster.nodes import alive_nodes

    return alive_nodes()


@dataclass(kw_only=True)
class Bill:
    """All machines of one kind."""

    num_machines: int = 0
    hours: float = 0.0
    """Of all of them."""
    usd: float = 0.0


@dataclass(kw_only=True)
class Meter:
    """Counts every node from when it is first seen, at its machine's price.

    A node that comes later than the first look was booted for this search, and is charged for SETUP_MINUTES on top,
    and as if it had been there since the look before.
    """

    prices: PriceList
    look_up: Callable[[], Sequence["Node"]] = nodes_of_cluster
    clock: Callable[[], float] = time.time
    notices: list[str] = field(default_factory=list)
    """What the user is told, a line each."""
    bills: dict[Machine, Bill] = field(default_factory=dict)
    _nodes: dict[str, tuple["Node", Machine]] = field(default_factory=dict)
    """Those that are there, by their ids."""
    _looked_at: float = 0.0

    def begin(self) -> None:
        """Count from now on.

        Raises:
            ConfigError: a node does not say what it is, or has no price.
        """
        for node in self.look_up():
            machine = machine_of(node.labels, f"node {node.name} of the cluster")
            self.prices.hourly(machine)
            self._admit(node, machine)
        self._looked_at = self.clock()

    def look(self) -> None:
        """Charge what has passed since the last look; more often than each second nothing happens."""
        seconds = self.clock() - self._looked_at
        if not self._nodes or seconds < LOOK_SECONDS:
            return
        self._looked_at += seconds
        nodes = {node.node_id: node for node in self.look_up()}
        for node in nodes.values():
            if node.node_id not in self._nodes:
                machine = self._machine(node)
                self._admit(node, machine)
                self._charge(machine, 60 * SETUP_MINUTES)
        for _, machine in self._nodes.values():
            self._charge(machine, seconds)
        if nodes:  # a head that does not answer for a moment costs as much
            self._nodes = {node_id: known for node_id, known in self._nodes.items() if node_id in nodes}

    @property
    def usd(self) -> float:
        """All that was charged."""
        return sum(bill.usd for bill in self.bills.values())

    @property
    def num_machines(self) -> int:
        """All that were seen so far, those that are gone too."""
        return sum(bill.num_machines for bill in self.bills.values())

    @property
    def usd_an_hour(self) -> float:
        """Of all nodes that are there."""
        return sum(self.prices.hourly(machine) for _, machine in self._nodes.values())

    @property
    def head_usd_an_hour(self) -> float:
        """Of the head."""
        return sum(self.prices.hourly(machine) for node, machine in self._nodes.values() if is_head(node))

    def dearest_first(self) -> list[tuple[Machine, Bill]]:
        """Return the bills by kind of machine, the largest first."""
        return sorted(self.bills.items(), key=lambda item: -item[1].usd)

    def worker_prices(self) -> list[float]:
        """Return what an hour of each worker costs that is there."""
        return [self.prices.hourly(machine) for node, machine in self._nodes.values() if not is_head(node)]

    def charge_ahead(self, *, all_seconds: float, worker_seconds: float) -> float:
        """Return what the nodes that are there will cost: all of them for a while, then the workers alone."""
        workers = self.usd_an_hour - self.head_usd_an_hour
        return (all_seconds * self.usd_an_hour + worker_seconds * workers) / SECONDS_AN_HOUR

    def _admit(self, node: "Node", machine: Machine) -> None:
        """Take a node in."""
        self._nodes[node.node_id] = (node, machine)
        self.bills.setdefault(machine, Bill()).num_machines += 1

    def _charge(self, machine: Machine, seconds: float) -> None:
        """Charge one machine."""
        bill = self.bills[machine]
        bill.hours += seconds / SECONDS_AN_HOUR
        bill.usd += self.prices.hourly(machine) * seconds / SECONDS_AN_HOUR

    def _machine(self, node: "Node") -> Machine:
        """Return what a node is that came later; one without a price counts as the dearest that was there."""
        try:
            machine = machine_of(node.labels, f"node {node.name}")
            self.prices.hourly(machine)
        except ConfigError as error:
            machine = max(self.bills, key=self.prices.hourly)
            self.notices.append(f"counted as {machine}, the dearest so far: {error}")
        return machine
