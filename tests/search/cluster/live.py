"""A real cluster of several nodes, and a search on it whose trials train nothing."""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from core.data.dataset import Dataset
from core.data.split import Split
from core.store.records import EpochReport
from search.cluster.capacity import LOOK_UP_SECONDS, Resources, plan_resources
from search.cluster.nodes import alive_nodes
from search.trainable import TrialTrainable, WorkerSettings
from tests.search.conftest import EPOCHS, epoch_report, write_small_predictions

SECONDS = 1.0


class NotesItsNode(TrialTrainable):
    """Takes a second for its only epoch, and leaves a file that says on which node it began, and at what time."""

    def _start(self) -> Any:
        import ray

        node = ray.get_runtime_context().get_node_id()
        number = self._assignment["number"]
        (Path(self._worker.scratch) / f"trial {number} began at {time.time()} on {node}").touch()
        return SimpleNamespace(next_epoch=self._next_epoch, trainer=SimpleNamespace(precision="float32"))

    seconds = SECONDS

    def _next_epoch(self) -> tuple[EpochReport, bool]:
        time.sleep(self.seconds)
        write_small_predictions(f"{self._assignment['folder']}/predictions.npz")
        return epoch_report(EPOCHS, 0.5), True


class OutlastsANotice(NotesItsNode):
    """Takes so long for its epoch that a short notice runs out on the way."""

    seconds = 6.0


class Nodes:
    """A cluster whose nodes have two processors each; the head has those that it is given."""

    def __init__(self, scratch: str, num_head_cpus: int) -> None:
        import ray
        from ray.cluster_utils import Cluster

        head = {"num_cpus": num_head_cpus, "include_dashboard": False, "temp_dir": scratch}
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self.address = self._cluster.address
        ray.init(address=self.address, log_to_driver=False, logging_level="ERROR")

    def add(self, num_cpus: int = 2, **environment: str) -> Any:
        return self._cluster.add_node(num_cpus=num_cpus, env_vars=environment)

    def end(self, node: Any) -> None:
        self._cluster.remove_node(node, allow_graceful=False)
        wait_until(lambda: all(known.node_id != node.node_id for known in alive_nodes()))
        time.sleep(LOOK_UP_SECONDS)  # a trial that is given to a node in its last second is lost with it: another test

    def close(self) -> None:
        import ray

        ray.shutdown()
        self._cluster.shutdown()


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.2)


def run_untrained(
    steering: Any,
    plan: Resources,
    scratch: str,
    trainable: type[TrialTrainable],
    on_step: Callable[[], None] = lambda: None,
) -> None:
    """Run trials that need no data in Tune's own loop."""
    from search.tune import run_tune

    worker = WorkerSettings(
        num_threads=1,
        use_gpu=plan.gpus_per_trial > 0,
        generation=1,
        ending_epochs=(),
        deadline=None,
        keeps_models=False,
        scratch=scratch,
    )
    dataset, split = Dataset.__new__(Dataset), Split.__new__(Split)
    # large enough to lie in the nodes' object stores, as real images do
    object.__setattr__(dataset, "x_train", np.zeros((5000, 28, 28, 1), np.uint8))
    run_tune(steering, steering.ledger.folder, plan, worker, dataset, (split,), scratch, on_step, trainable)


def search_on(
    steering: Any,
    scratch: str,
    on_step: Callable[[], None],
    say: Callable[[str], None],
    trainable: type[TrialTrainable] = NotesItsNode,
) -> list[str]:
    """Run a search's trials; return the nodes on which they began, in order."""
    run_untrained(steering, plan_resources(1, 0, say), scratch, trainable, on_step)
    assert steering.ledger.num_ended == steering.num_trials
    return began_on(scratch)


def began_on(scratch: str) -> list[str]:
    files = sorted(Path(scratch).glob("trial *"), key=lambda path: float(path.name.split()[4]))
    return [path.name.split()[-1] for path in files]


def head_of() -> str:
    import ray

    return str(ray.get_runtime_context().get_node_id())
