"""A share of a card, on a real Ray cluster that believes in one: as many trials run on it as the share says."""

import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.store.records import EpochReport
from search.cluster.capacity import plan_resources
from search.cluster.start import ray_cluster, scratch_folder
from search.trainable import TrialTrainable
from tests.search.cluster.live import run_untrained
from tests.search.conftest import EPOCHS, epoch_report, write_small_predictions

NUM_AT_ONCE = 4


class WaitsForTheOthers(TrialTrainable):
    """Ends its first epoch when four trials are in theirs; a fifth that began before would show in the folder."""

    def _start(self) -> Any:
        meeting = Path(self._worker.scratch) / "meeting"
        meeting.mkdir(exist_ok=True)
        number = self._assignment["number"]
        (meeting / f"{number} on {os.environ.get('CUDA_VISIBLE_DEVICES')}").touch()
        until = time.monotonic() + 60
        while len(list(meeting.iterdir())) < NUM_AT_ONCE:
            assert time.monotonic() < until, f"trial {number} was left alone"
            time.sleep(0.05)
        return SimpleNamespace(next_epoch=self._next_epoch, trainer=SimpleNamespace(precision="float32"))

    def _next_epoch(self) -> tuple[EpochReport, bool]:
        write_small_predictions(f"{self._assignment['folder']}/predictions.npz")
        return epoch_report(EPOCHS, 0.5), True


@pytest.fixture
def cluster_with_a_card(monkeypatch):
    """A cluster of this test's own: 4 processors, and a card that nobody looks for."""
    import ray

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)  # the tests hide real ones from tensorflow
    with scratch_folder() as scratch:
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", "0" * 64)
        ray.init(
            address="local",
            num_cpus=NUM_AT_ONCE,
            num_gpus=1,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            _temp_dir=scratch,
        )
        yield scratch
        ray.shutdown()


def test_a_quarter_of_a_card_each_lets_four_trials_run_on_it_at_once(make_steering, cluster_with_a_card):
    steering = make_steering(num_trials=NUM_AT_ONCE, others=("a", "b"))
    with ray_cluster(None, cluster_with_a_card):
        plan = plan_resources(1, 0.25)
        assert plan.max_concurrent == NUM_AT_ONCE
        run_untrained(steering, plan, cluster_with_a_card, WaitsForTheOthers)
    assert [record.error for record in steering.ledger.records] == [None] * NUM_AT_ONCE
    meeting = Path(cluster_with_a_card) / "meeting"
    assert sorted(path.name for path in meeting.iterdir()) == [f"{number} on 0" for number in range(NUM_AT_ONCE)]
