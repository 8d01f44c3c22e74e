"""How many trials may run at once, and on which nodes, while a cluster's nodes come and go."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from search.cluster.misfit import nothing_fits

if TYPE_CHECKING:  # it loads ray, which must not be loaded before search.cluster.authentication has had its say
    from search.cluster.growth import Growth
    from search.cluster.nodes import Node

HEAD = "node:__internal_head__"
"""Resource that Ray gives the head."""
LOOK_UP_SECONDS = 1.0
HEAD_RETURNS_SECONDS = 900.0
"""A spared head trains again once no other node has been there for so long."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a trial takes of a cluster, and how many fit."""

    cpus_per_trial: int
    gpus_per_trial: float
    max_concurrent: int
    """Trials that fit side by side at the beginning."""
    live: "LiveCapacity | None" = None
    """How many fit at any time, and where; None where that stays as it is."""

    def num_at_once(self) -> int:
        """Return how many trials may run side by side now."""
        return self.max_concurrent if self.live is None else self.live.num_at_once()

    def shunned_nodes(self) -> tuple[str, ...]:
        """Return the ids of the nodes on which no further trial may be placed."""
        return () if self.live is None else self.live.shunned_nodes()


def plan_resources(
    cpus_per_trial: int,
    gpus_per_trial: float | None,
    say: Callable[[str], None] = lambda _: None,
    *,
    growth: "Growth | None" = None,
    most_at_once: int | None = None,
) -> Resources:
    """Return how many trials fit on the cluster that was joined, now and from now on.

    Args:
        cpus_per_trial: processor cores of one trial.
        gpus_per_trial: graphics cards of one trial; None for one where the cluster has any, or may have.
        say: told in one line when no node is left to run on, and when there is one again.
        growth: the machines that may come; None where none do.
        most_at_once: trials that may run side by side, however many fit; None for as many as fit.

    Raises:
        ClusterError: not even one does, now or on a machine that may come.
    """
    nodes = usable_nodes()
    if gpus_per_trial is None:
        has_gpus = any(node.resources.get("GPU", 0) for node in nodes) or (growth is not None and growth.has_gpus)
        gpus_per_trial = 1.0 if has_gpus else 0.0
    is_growing = growth is not None and growth.most_trials(cpus_per_trial, gpus_per_trial) > 0
    live = LiveCapacity(
        cpus_per_trial=cpus_per_trial,
        gpus_per_trial=gpus_per_trial,
        say=say,
        growth=growth if is_growing else None,
        most_at_once=most_at_once,
    )
    fitting = live.num_at_once()
    if fitting < 1 and not is_growing:
        raise nothing_fits(nodes, growth, cpus_per_trial, gpus_per_trial)
    return Resources(cpus_per_trial=cpus_per_trial, gpus_per_trial=gpus_per_trial, max_concurrent=fitting, live=live)


def usable_nodes() -> list["Node"]:
    """Return the nodes that are alive and have no notice."""
    from search.cluster.nodes import alive_nodes, draining_nodes

    draining = draining_nodes()
    return [node for node in alive_nodes() if node.node_id not in draining]


def is_head(node: "Node") -> bool:
    """True for the node that leads the cluster."""
    return HEAD in node.resources


def num_fitting_on(node: "Node", cpus_per_trial: int, gpus_per_trial: float) -> int:
    """Return how many trials fit on one node."""
    return num_fitting(node.resources.get("CPU", 0), node.resources.get("GPU", 0), cpus_per_trial, gpus_per_trial)


class Screen(Protocol):
    """Decides which nodes may run trials."""

    refused: set[str]
    """Ids of the nodes that can run none."""
    complaints: list[str]
    """What each node lacks that was refused since the last one was admitted."""

    def shunned(self) -> set[str]:
        """Return the ids of those that may not, and of those of which it is not known yet."""

    def admitted(self, nodes: list["Node"]) -> list["Node"]:
        """Return those that may, as far as it is known yet."""


@dataclass(kw_only=True)
class LiveCapacity:
    """Follows the nodes of the cluster; they are looked up once a second at most.

    The head, without which there is no cluster, runs trials only as long as no other node was there that could, and
    again when none has come back for a quarter of an hour. Where others may come, these are waited for in that way.
    """

    cpus_per_trial: int
    gpus_per_trial: float
    say: Callable[[str], None] = lambda _: None
    growth: "Growth | None" = None
    """The machines that may come, on one of which at least a trial fits; None where none do."""
    most_at_once: int | None = None
    """Trials that may run side by side, however many fit; None for as many as fit."""
    screen: Screen | None = None
    look_up: Callable[[], list["Node"]] = usable_nodes
    clock: Callable[[], float] = time.monotonic
    is_waiting: bool = False
    """True while the user knows that there is nothing to run on; the first machine that comes is told then."""
    _spared_heads: set[str] = field(default_factory=set)
    _others_seen: float = 0.0
    _are_others_due: bool = False
    _num_machines: int = 0
    _num_at_once: int = 0
    _until: float = float("-inf")

    def __post_init__(self) -> None:
        self._others_seen = self.clock()
        self._are_others_due = self.growth is not None

    def num_at_once(self) -> int:
        """Return how many trials may run side by side now."""
        if self.clock() >= self._until:
            nodes = self.trial_nodes()
            earlier, fitting = self._num_at_once, sum(map(self._fit_on, nodes))
            self._num_at_once = fitting if self.most_at_once is None else min(fitting, self.most_at_once)
            self._num_machines = len(nodes)
            self._until = self.clock() + LOOK_UP_SECONDS
            self._tell(earlier)
        return self._num_at_once

    def num_machines(self) -> int:
        """Return how many machines run trials, as of the last look."""
        return self._num_machines

    def num_beside_head(self) -> int:
        """Return how many trials fit on the other machines, those included that have just come and are still asked."""
        refused = self._refused()
        return sum(self._fit_on(node) for node in self.look_up() if node.node_id not in refused and not is_head(node))

    def num_unused(self) -> int:
        """Return how many trials would fit on the machines that are there and are to run none."""
        unused = self._refused() | self._spared_heads
        return sum(self._fit_on(node) for node in self.look_up() if node.node_id in unused)

    def complaints(self) -> list[str]:
        """Return what the machines lack that came since the last useful one, and can run no trial of this study."""
        return [] if self.screen is None else self.screen.complaints

    def expect_no_others(self) -> None:
        """Let the head train from now on, until another machine does come."""
        self._are_others_due = False
        self._spared_heads.clear()
        self._until = float("-inf")

    @property
    def is_head_spared(self) -> bool:
        """True while the head could train, and leaves it to others."""
        return bool(self._spared_heads)

    def _refused(self) -> set[str]:
        """Return the ids of the nodes that can run no trial."""
        return set() if self.screen is None else self.screen.refused

    def shunned_nodes(self) -> tuple[str, ...]:
        """Return the ids of the nodes on which no further trial may be placed, sorted."""
        return tuple(sorted(self._spared_heads | (set() if self.screen is None else self.screen.shunned())))

    def trial_nodes(self) -> list["Node"]:
        """Return the nodes that may run trials now, as far as it is known yet."""
        fitting = [node for node in self.look_up() if self._fit_on(node)]
        nodes = [node for node in fitting if node.node_id not in self._spared_heads]
        if self.screen is not None:
            nodes = self.screen.admitted(nodes)
        if any(not is_head(node) for node in nodes):  # from now on: a head that takes its turns is slow for all
            self._spared_heads |= {node.node_id for node in fitting if is_head(node)}
            self._others_seen = self.clock()
        elif self.clock() - self._others_seen <= HEAD_RETURNS_SECONDS:
            if self._are_others_due:
                self._spared_heads |= {node.node_id for node in fitting if is_head(node)}
        elif self._spared_heads:
            self._are_others_due = False
            self._spared_heads.clear()
            nodes = fitting if self.screen is None else self.screen.admitted(fitting)
        return [node for node in nodes if node.node_id not in self._spared_heads]

    def _fit_on(self, node: "Node") -> int:
        """Return how many trials fit on one node."""
        return num_fitting_on(node, self.cpus_per_trial, self.gpus_per_trial)

    def _tell(self, earlier: int) -> None:
        """Say once that there is nothing to run on, and once that there is again."""
        if earlier and not self._num_at_once:
            self.is_waiting = True
            returns = f", {HEAD_RETURNS_SECONDS / 60:.0f} min before the head trains" if self._spared_heads else ""
            self.say(f"no node is left for trials: waiting for one{returns} (Ctrl-C stops; the same command goes on)")
        elif self.is_waiting and self._num_at_once:
            self.is_waiting = False
            self.say(f"going on; trials at once: {self._num_at_once}")


def num_fitting(cpus: float, gpus: float, cpus_per_trial: int, gpus_per_trial: float) -> int:
    """Return how many trials fit on one machine; a trial's share of a card lies on one card, as Ray places it."""
    by_cpus = int(cpus // cpus_per_trial)
    if gpus_per_trial == 0:
        return by_cpus
    if gpus_per_trial >= 1:
        return min(by_cpus, int(gpus // gpus_per_trial))
    return min(by_cpus, int(gpus) * int(1 / gpus_per_trial + 1e-9))
