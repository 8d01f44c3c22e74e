"""A cap with a clock of the test's own: 0.36 USD an hour the head, 3.6 the worker."""

from typing import Any

import pytest

from core.store import files
from search.cluster.nodes import Node
from search.money.cap import MoneyCap
from search.money.spent import StartCost
from tests.search.conftest import HERE, epoch_report, write_whole_predictions

from .making import HEAD_LABELS, WORKER_LABELS, Clock, make_meter, node

RATE = 3.96 / 3600
WORKER = 3.6 / 3600
KEPT = 100 * RATE + 600 * WORKER
"""100 seconds for the vote, 600 of idle workers."""


class Money:
    """A cap, its nodes and its clock."""

    def __init__(
        self, tmp_path: Any, steering: Any, amount: float, earlier: float = 0.0, *, begins: bool = True
    ) -> None:
        self.nodes: list[Node] = [node("h", HEAD_LABELS), node("a", WORKER_LABELS)]
        self.clock = Clock()
        folder = steering.ledger.folder
        files.write_json(folder.manifest, {})
        costs = (StartCost(generation=1, began=0, until=1, usd=earlier, machines=()),) if earlier else ()
        self.cap = MoneyCap(
            usd=amount,
            folder=folder,
            generation=2,
            vote_seconds=100,
            earlier=costs,
            meter=make_meter(tmp_path, self.nodes, self.clock),
            clock=self.clock,
        )
        self.said = [self.cap.begin()] if begins else []

    @property
    def seconds_left(self) -> float:
        return self.cap.deadline() - self.clock.now


@pytest.fixture
def make_money(tmp_path, make_steering):
    return lambda amount, **more: Money(tmp_path, make_steering(), amount, **more)


def report(steering: Any, epoch: int, seconds: float) -> int:
    number = steering.next_trial().record.number
    write_whole_predictions(steering, number)
    steering.report(number, epoch_report(epoch, 0.5, seconds), worker=HERE, has_predictions=True)
    return number
