"""Says what a cluster costs, by its file and the prices in cluster/prices.csv: idle, and at full size.

    python -m cluster.cost cluster/config.yaml

Exits with 2 where a price is missing or a file is not what it must be, told in one line on stderr.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import tyro

from core.cli import run_command
from search.money.cluster_file import ClusterFile, NodeType, read_cluster_file
from search.money.prices import Machine, PriceList, machine_of, read_prices

HOURS_A_DAY = 24
HOURS_A_MONTH = 730
DESCRIPTION = """What a cluster costs an hour, a day and a month, by its file: idle, and at full size."""


@dataclass(frozen=True, kw_only=True)
class CostSettings:
    """Settings of `python -m cluster.cost`."""

    file: Annotated[str, tyro.conf.Positional]
    """The cluster's file, such as cluster/config.yaml."""
    prices: Annotated[str | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    """Table of prices: cloud, region, machine, market, usd_per_hour, date, source.
    Left out: cluster/prices.csv."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """A cluster of so many machines."""

    name: str
    counts: tuple[tuple[NodeType, int], ...]
    """Besides the head."""


def main(settings: CostSettings) -> None:
    """Print what the clusters of a file cost."""
    for cluster in read_cluster_file(settings.file):
        for line in cost_lines(cluster, settings.prices):
            print(line)


def cost_lines(cluster: ClusterFile, prices_file: str | None = None) -> Iterator[str]:
    """Yield what is printed on one cluster.

    Raises:
        ConfigError: a machine has no price, or does not say what it is.
    """
    if cluster.is_own:
        yield f"{cluster.file}: no prices: machines of your own"
        return
    if not cluster.is_named:
        yield (
            f"{cluster.file} ({cluster.name}): no machine is named: the labels machine, market and region of a group "
            "say what it costs"
        )
        return
    prices = read_prices(prices_file)
    nodes = [cluster.head, *cluster.workers]
    machines = {node.name: machine_of(node.labels, f"{cluster.file}, {node.name}") for node in nodes}
    hourly = {name: prices.hourly(machine) for name, machine in machines.items()}
    yield f"{cluster.file} ({cluster.name}), prices of {prices.file}, before taxes"
    yield from _price_lines(nodes, machines, prices)
    yield ""
    yield f"{'USD':<34} {'an hour':>9} {'a day':>9} {'a month':>9}"
    for size in sizes(cluster, hourly):
        usd = usd_an_hour(cluster, size, hourly)
        yield f"{size.name:<34} {usd:>9.3f} {HOURS_A_DAY * usd:>9.2f} {HOURS_A_MONTH * usd:>9.2f}"
    month = HOURS_A_MONTH * usd_an_hour(cluster, _idle(cluster), hourly)
    yield f"a head that is forgotten costs {month:.0f} USD a month: take it down with `ray down`"


def usd_an_hour(cluster: ClusterFile, size: Size, hourly: dict[str, float]) -> float:
    """Return what an hour of a cluster costs, the head included; `hourly` is one machine's, by its type's name."""
    return hourly[cluster.head.name] + sum(count * hourly[node.name] for node, count in size.counts)


def sizes(cluster: ClusterFile, hourly: dict[str, float]) -> Iterator[Size]:
    """Yield the sizes that are worth knowing: idle, each type alone at its most, the cheapest and dearest of all."""
    yield _idle(cluster)
    for node in cluster.workers:
        if most := min(node.max_workers, cluster.max_workers):
            yield Size(name=f"head and {most} {node.name}", counts=((node, most),))
    yield _full(cluster, sorted(cluster.workers, key=lambda node: hourly[node.name]), "cheapest")
    yield _full(cluster, sorted(cluster.workers, key=lambda node: -hourly[node.name]), "dearest")


def _idle(cluster: ClusterFile) -> Size:
    """Return the cluster while nothing runs: the head, and the machines that always stay."""
    kept = tuple((node, node.min_workers) for node in cluster.workers if node.min_workers)
    names = "".join(f", {count} {node.name}" for node, count in kept)
    return Size(name=f"idle: head{names}", counts=kept)


def _full(cluster: ClusterFile, in_order: list[NodeType], what: str) -> Size:
    """Return the cluster with as many machines as it may have, those first in order that may be taken first."""
    counts = {node.name: node.min_workers for node in in_order}
    for node in in_order:
        free = max(cluster.max_workers - sum(counts.values()), 0)
        counts[node.name] += min(max(node.max_workers - node.min_workers, 0), free)
    num = sum(counts.values())
    return Size(name=f"full size, {what} {num}", counts=tuple((node, counts[node.name]) for node in in_order))


def _price_lines(nodes: list[NodeType], machines: dict[str, Machine], prices: PriceList) -> Iterator[str]:
    """Yield each machine's price with its date and source, and what every machine has besides."""
    width = max(len(node.name) for node in nodes)
    for node in nodes:
        price = prices.of(machines[node.name])
        what = f"{node.name:<{width}}  {machines[node.name]} in {price.region}"
        yield f"{what}: {price.usd_per_hour:g} an hour ({price.date}; {price.source})"
    for price in dict.fromkeys(part for node in nodes for part in prices.with_each(machines[node.name])):
        what = f"{'each':<{width}}  {price.machine} in {price.region}"
        yield f"{what}: {price.usd_per_hour:g} an hour ({price.date}; {price.source})"


if __name__ == "__main__":
    run_command(CostSettings, main, prog="python -m cluster.cost", description=DESCRIPTION)
