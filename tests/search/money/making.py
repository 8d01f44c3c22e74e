"""Machines, prices and clusters' files for the tests of what things cost."""

import time
from pathlib import Path
from typing import Any

from search.cluster.capacity import HEAD
from search.cluster.nodes import Node
from search.money.meter import Meter
from search.money.prices import COLUMNS, PriceList, read_prices

HEAD_LABELS = {"machine": "head.small", "market": "on-demand", "region": "here"}
WORKER_LABELS = {"machine": "gpu.large", "market": "spot", "region": "here"}
OTHER_LABELS = {"machine": "gpu.huge", "market": "spot", "region": "here"}
ROWS = (
    "own,here,head.small,on-demand,0.36,2026-01,a test",
    "own,here,gpu.large,spot,3.6,2026-01-31,a test",
    "own,here,gpu.huge,spot,9,2026-01,a test",
)


def price_file(folder: Path, *rows: str, header: str = ",".join(COLUMNS)) -> str:
    path = folder / "prices.csv"
    path.write_text("\n".join([header, *(rows or ROWS)]) + "\n")
    return str(path)


def price_list(folder: Path, *rows: str) -> PriceList:
    return read_prices(price_file(folder, *rows))


def node(name: str, labels: dict[str, str], *, cpus: float = 4, gpus: float = 1) -> Node:
    resources = {"CPU": cpus, "GPU": gpus} | ({HEAD: 1.0} if labels is HEAD_LABELS else {})
    return Node(node_id=name, name=name, resources=resources, labels=labels)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def make_meter(folder: Path, nodes: list[Node], clock: Clock, *rows: str) -> Meter:
    """Return a meter over a list of nodes that the test changes."""
    return Meter(prices=price_list(folder, *rows), look_up=lambda: tuple(nodes), clock=clock)


def ray_file(**changes: Any) -> dict[str, Any]:
    """Return a cluster's file as `ray up` takes it, parsed."""
    kinds = {
        "head": {"resources": {"CPU": 0}, "labels": HEAD_LABELS},
        "large": {"resources": {"CPU": 4, "GPU": 1}, "labels": WORKER_LABELS, "max_workers": 4},
        "huge": {"resources": {"CPU": 8, "GPU": 1}, "labels": OTHER_LABELS, "min_workers": 1},
    }
    base = {"cluster_name": "c", "max_workers": 6, "provider": {"type": "aws"}, "head_node_type": "head"}
    return {**base, "available_node_types": kinds, **changes}
