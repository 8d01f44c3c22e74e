"""The driver of one size in a process of its own: `python -m benchmarks.scaled_search ORDER`, ORDER as JSON.

It is `search.run.search_study` with trials that sleep. What it measures goes into the file that the order names.
"""

import dataclasses
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import search.tune
from benchmarks.fresh import status_megabytes
from benchmarks.processor_time import ClusterTime, machine_seconds, own_main_thread_seconds
from benchmarks.scaled_trials import Nap, NappingSettings, NappingTrainable, num_there
from core.progress import new_console
from core.store.study import StudyFolder
from search.run import search_study
from search.settings import SearchSettings
from search.trainable import WorkerSettings

SAMPLE_SECONDS = 1.0
LOOK_EVERY = 5
"""Samples between two looks at the cluster's processes: what a process does after the last look at it is not seen."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a driver is to run."""

    address: str
    data: str
    runs: str
    study: str
    trials: int
    epochs: int
    nap: Nap
    mark: str
    """A line of the environment of this cluster's processes."""
    found: str
    """File for what was measured."""

    @property
    def folder(self) -> StudyFolder:
        """The study's."""
        return StudyFolder(f"{self.runs}/{self.study}")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The driver at one moment."""

    at: float
    """Seconds since 1970."""
    num_ended: int
    seconds: float
    """Processor time of its process so far."""
    main_thread_seconds: float
    """Of it, that of the thread with Tune's loop."""
    megabytes: float
    """Resident."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """Processor seconds of the machine so far."""

    at: float
    machine: float
    by_kind: dict[str, float]


class Sampler:
    """Watches the driver and the machine from a thread, from the moment at which all workers are there."""

    def __init__(self, order: Order, num_ended: Callable[[], int]) -> None:
        """Watch the search of `order`, of whose trials so many have ended."""
        self._order, self._num_ended = order, num_ended
        self._cluster = ClusterTime(order.mark)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.samples: list[Sample] = []
        self.accounts: list[Account] = []

    def __enter__(self) -> "Sampler":
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Take the last sample."""
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        nap = self._order.nap
        while num_there(Path(nap.place)) < nap.num_workers:
            if self._is_over.wait(SAMPLE_SECONDS):
                return
        self.accounts.append(self._account())
        self.samples.append(self._sample())
        while self._num_ended() < self._order.trials and not self._is_over.wait(SAMPLE_SECONDS):
            self.samples.append(self._sample())
            if len(self.samples) % LOOK_EVERY == 0:
                self._cluster.look()
        self.samples.append(self._sample())
        self.accounts.append(self._account())

    def _sample(self) -> Sample:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return Sample(
            at=time.time(),
            num_ended=self._num_ended(),
            seconds=usage.ru_utime + usage.ru_stime,
            main_thread_seconds=own_main_thread_seconds(),
            megabytes=status_megabytes("VmRSS") or 0.0,
        )

    def _account(self) -> Account:
        return Account(at=time.time(), machine=machine_seconds(), by_kind=self._cluster.look())


def main(text: str) -> None:
    """Run the search of an order."""
    fields = json.loads(text)
    order = Order(**fields | {"nap": Nap(**fields["nap"])})
    found: dict[str, Any] = {}
    search.tune.run_tune = _napping(search.tune.run_tune, order, found)
    search_study(
        SearchSettings(
            data=order.data,
            runs=order.runs,
            study=order.study,
            trials=order.trials,
            epochs=order.epochs,
            gpus_per_trial=0,
            precision="float32",
            address=order.address,
        ),
        new_console(),
    )
    found["vote_in_search_seconds"] = time.time() - found["loop_ended"]
    Path(order.found).write_text(json.dumps(found))


def _napping(run_tune: Callable[..., None], order: Order, found: dict[str, Any]) -> Callable[..., None]:
    """Return the loop with trials that sleep; what it takes goes into `found`."""

    def run(steering: Any, folder: Any, plan: Any, worker: WorkerSettings, *rest: Any) -> None:
        napping = NappingSettings(**_fields(worker), nap=order.nap)
        found["loop_began"] = time.time()
        with Sampler(order, lambda: steering.ledger.num_ended) as sampler:
            _profiled(lambda: run_tune(steering, folder, plan, napping, *rest, trainable=NappingTrainable))
        found["loop_ended"] = time.time()
        found["samples"] = [asdict(sample) for sample in sampler.samples]
        found["accounts"] = [asdict(account) for account in sampler.accounts]

    return run


def _fields(worker: WorkerSettings) -> dict[str, Any]:
    return {field.name: getattr(worker, field.name) for field in dataclasses.fields(worker)}


def _profiled(work: Callable[[], None]) -> None:
    """Do the work, and leave a profile of it where the environment names a file for one."""
    path = os.environ.get("SOFTVOTE_PROFILE")
    if not path:
        work()
        return
    import cProfile

    profile = cProfile.Profile()
    profile.runcall(work)
    profile.dump_stats(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
