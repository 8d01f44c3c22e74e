"""--max-cost on a real cluster of labelled nodes, at prices so high that it ends a search after some seconds."""

import contextlib
import itertools
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from core.store import files
from core.store.records import EpochReport, read_record
from search.cluster.capacity import plan_resources
from search.cluster.start import scratch_folder
from search.money.cap import SETUP_MINUTES, MoneyCap
from search.money.cluster_file import read_cluster_file
from search.money.meter import Meter
from search.money.spent import read_costs
from search.trainable import TrialTrainable
from tests.search.cluster.live import run_untrained
from tests.search.conftest import epoch_report, write_small_predictions

from .making import HEAD_LABELS, WORKER_LABELS, price_list, ray_file
from .test_cluster_file import write

pytestmark = pytest.mark.cluster

EPOCH_SECONDS = 0.3
CAP = 25.0
USD_A_SECOND = 1.1
"""Of the head and one worker."""
ROWS = ("own,here,head.small,on-demand,360,2026-01,a test", "own,here,gpu.large,spot,3600,2026-01,a test")
VOTE_SECONDS, IDLE_SECONDS = 6.0, 2.0


class Sleeps(TrialTrainable):
    """Sleeps for each of its epochs, and predicts from its early deadline on."""

    def _start(self) -> Any:
        self._epoch = self._assignment["num_recorded_epochs"]
        return SimpleNamespace(next_epoch=self._next_epoch, trainer=SimpleNamespace(precision="float32"))

    def _next_epoch(self) -> tuple[EpochReport, bool]:
        time.sleep(EPOCH_SECONDS)
        self._epoch += 1
        may_end = self._epoch == 9 or time.time() + EPOCH_SECONDS > self._assignment["early_deadline"]
        if may_end:
            write_small_predictions(f"{self._assignment['folder']}/predictions.npz")
        return epoch_report(self._epoch, 0.5, EPOCH_SECONDS), may_end


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    import ray
    from ray.cluster_utils import Cluster

    from search.cluster.start import QUIET_ENVIRONMENT

    with scratch_folder() as scratch, pytest.MonkeyPatch.context() as environment:
        for name, value in QUIET_ENVIRONMENT.items():
            environment.setenv(name, value)
        head = {"num_cpus": 0, "include_dashboard": False, "temp_dir": scratch, "labels": HEAD_LABELS}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        cluster.add_node(num_cpus=1, labels=WORKER_LABELS)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        with contextlib.ExitStack() as stack:
            stack.callback(cluster.shutdown)
            stack.callback(ray.shutdown)
            yield cluster


def search(
    steering: Any, usd: float, tmp_path: Any, generation: int, on_step: Any = lambda: None
) -> tuple[MoneyCap, float]:
    """Run a search of trials that sleep, under a cap; nothing is killed, nothing trained.

    Returns:
        The cap, and the longest time between two of its looks, in seconds. A machine that stalls for longer than ever
        before costs that time: no cap can know of it beforehand.
    """
    folder = steering.ledger.folder
    files.write_json(folder.manifest, {})
    cap = MoneyCap(
        usd=usd,
        folder=folder,
        generation=generation,
        vote_seconds=VOTE_SECONDS,
        earlier=read_costs(folder),
        meter=Meter(prices=price_list(tmp_path, *ROWS)),
        description=read_cluster_file(write(tmp_path, ray_file(idle_timeout_minutes=IDLE_SECONDS / 60)))[0],
    )
    cap.begin()
    looks = [time.time()]

    def step() -> None:
        looks.append(time.time())
        cap.limit(steering)
        on_step()

    step()
    with scratch_folder() as scratch:
        run_untrained(steering, plan_resources(1, 0), scratch, Sleeps, step)
    looks.append(time.time())
    cap.close()
    return cap, max(later - earlier for earlier, later in itertools.pairwise(looks))


def test_cap_ends_a_search_in_time_and_a_higher_one_goes_on(cluster, make_steering, tmp_path):
    steering = make_steering(num_trials=100)
    first, stall = search(steering, CAP, tmp_path, 1)
    [cost] = read_costs(steering.ledger.folder)
    assert 0 < first.meter.usd < cost.usd <= CAP + USD_A_SECOND * stall, "with the vote and the idle minutes"
    num_ended = steering.ledger.num_ended
    assert 0 < num_ended < 100
    assert steering.spending.startswith("spent $")
    num_epochs = sum(len(record.epochs) for record in steering.ledger.records)
    assert num_epochs > 0

    again = make_steering(num_trials=num_ended + 3)
    assert sum(len(record.epochs) for record in again.ledger.records) == num_epochs, "nothing is trained again"
    second, _ = search(again, 80.0, tmp_path, 2)
    assert again.ledger.num_ended == num_ended + 3
    assert not again.ledger.cut_short
    costs = read_costs(again.ledger.folder)
    assert [item.generation for item in costs] == [1, 2]
    assert second.spent == pytest.approx(costs[0].usd + second.meter.usd)
    assert sum(item.usd for item in costs) <= 80.0
    record = read_record(again.ledger.folder.trial("t000000").record)
    assert [epoch.epoch for epoch in record.epochs] == list(range(1, 10))


def test_machine_that_joins_costs_its_setup_and_ends_the_search_sooner(cluster, make_steering, tmp_path):
    steering = make_steering(num_trials=40)
    added: list[Any] = []

    def on_step() -> None:
        if not added and steering.ledger.longest_epoch_seconds is not None:
            added.append(cluster.add_node(num_cpus=1, labels=WORKER_LABELS))

    setup_usd = 60 * SETUP_MINUTES * 1.0
    cap, stall = search(steering, setup_usd + 60, tmp_path, 1, on_step)
    most = setup_usd + 60 + (USD_A_SECOND + 1.0) * stall
    [bill] = [bill for machine, bill in cap.meter.bills.items() if machine.machine == "gpu.large"]
    assert bill.num_machines == 2
    assert setup_usd < bill.usd <= most
    assert read_costs(steering.ledger.folder)[0].usd <= most
