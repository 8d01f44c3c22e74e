"""cluster/onprem.yaml on hosts made of namespaces, commanded from a laptop that is one too."""

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from sklearn.datasets import load_digits

from benchmarks.epochs_noted import EpochsNoted, read_epochs
from core.store.records import TrialRecord, read_record
from tests.cluster.guide import ROOT
from tests.cluster.homes import make_host_home, make_laptop_home
from tests.cluster.hosts import SHARED, SYSTEM_PATH, Host, Network

CONFIG = ROOT / "cluster" / "onprem.yaml"
FILL_IN = re.compile(r"# (?P<name>\w+): (?P<example>.*?) # FILL-IN: .*")
STUDY = "first"
Answer = TypeVar("Answer")


def filled_in(text: str, values: dict[str, str]) -> str:
    """Return a cluster file with its FILL-IN lines as a user has them."""
    return FILL_IN.sub(lambda line: f"{line['name']}: {values[line['name']]}", text)


@dataclass(frozen=True, kw_only=True)
class OnPrem:
    """A laptop and the machines that its `onprem.yaml` names."""

    network: Network
    laptop: Host
    head: Host
    workers: tuple[Host, ...]

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The machines, the head first."""
        return (self.head, *self.workers)

    def start(self, command: str, **environment: str) -> subprocess.Popen[str]:
        """Start one of the guide's commands on the laptop, in the repository's folder."""
        return self.laptop.start(f"cd {ROOT} && {_without_uv(command)}", **{**self._environment(), **environment})

    def run(self, command: str, *, seconds: float = 300, **environment: str) -> tuple[int, str]:
        """Run one of the guide's commands on the laptop; return its exit code and what it printed."""
        known = {**self._environment(), **environment}
        return self.laptop.run(f"cd {ROOT} && {_without_uv(command)}", seconds=seconds, **known)

    def status(self) -> str:
        """Return what `ray status` says on the head."""
        return self.run('uv run --extra cluster ray exec $CLUSTER "ray status"')[1]

    def num_joined(self) -> int:
        """Return the machines that are part of the cluster now."""
        active = re.search(r"^Active:\s+(\d+) local.cluster.node", self.status(), re.MULTILINE)
        return int(active[1]) if active else 0

    def is_idle(self, host: Host) -> bool:
        """True where nothing runs on a machine but its ssh server."""
        return all("sshd" in line for line in host.processes())

    def records(self) -> list[TrialRecord]:
        """Return the trials so far, by number."""
        # read on this machine, which has the folder that the hosts share
        trials = (self.network.shared / "runs" / STUDY / "trials").glob("t*/trial.json")
        return [read_record(str(path)) for path in sorted(trials)]

    def epochs_noted(self, record: TrialRecord) -> EpochsNoted:
        """Return what the machines' processes have trained of a trial, whether or not it is on record."""
        return read_epochs(self.network.shared / "epochs.jsonl", {record.seed})

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}",
            "RAY_AUTH_MODE": "token",
            "CLUSTER": f"{self.laptop.home}/onprem.yaml",
            "DATA": f"{SHARED}/digits.npz",
            "RUNS": f"{SHARED}/runs",
        }


@contextlib.contextmanager
def on_prem(folder: Path, num_workers: int) -> Iterator[OnPrem]:
    """Start a laptop and machines with nothing on them but uv, and fill in the laptop's `onprem.yaml`."""
    (folder / "shared").mkdir()
    _write_digits(folder / "shared" / "digits.npz")
    laptop_home = make_laptop_home(folder / "laptop")
    public_key = (laptop_home / ".ssh" / "id_ed25519.pub").read_text()
    with contextlib.closing(Network(folder / "shared")) as network:
        # below a home folder of root's own the machines have another one: the laptop keeps what it runs from
        laptop = network.add("laptop", laptop_home, serves_ssh=False, kept=_below_tmp(ROOT, Path(sys.prefix)))
        names = ["head", *(f"worker{number}" for number in range(1, num_workers + 1))]
        head, *workers = (
            network.add(name, make_host_home(folder / name, public_key), serves_ssh=True) for name in names
        )
        values = {
            "head_ip": head.address,
            "worker_ips": f"[{', '.join(worker.address for worker in workers)}]",
            "ssh_user": "root",
            # ssh takes ~ for the home folder of the user, not for the laptop's
            "ssh_private_key": f"{laptop.home}/.ssh/id_ed25519",
        }
        (laptop_home / "onprem.yaml").write_text(filled_in(CONFIG.read_text(), values))
        yield OnPrem(network=network, laptop=laptop, head=head, workers=tuple(workers))


def wait_for(what: str, ask: Callable[[], Answer], *, seconds: float) -> Answer:
    """Ask again and again until the answer is true, and return it."""
    start = time.monotonic()
    while not (answer := ask()):
        assert time.monotonic() < start + seconds, f"not within {seconds:g} s: {what}"
        time.sleep(0.5)
    print(f"{what}: after {time.monotonic() - start:.0f} s")  # which pytest shows where a test fails
    return answer


def _write_digits(path: Path) -> None:
    """Write scikit-learn's digits, a fifth of them as test rows."""
    digits = load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)
    num_train = len(images) * 4 // 5
    np.savez(path, x_train=images[:num_train], y_train=digits.target[:num_train], x_test=images[num_train:])


def _below_tmp(*folders: Path) -> tuple[Path, ...]:
    """Return those of the folders that a host's own /tmp would hide."""
    return tuple(folder for folder in folders if folder.is_relative_to("/tmp"))


def _without_uv(command: str) -> str:
    """Return a command without `uv run`: here the environment is that of the tests, already there."""
    return re.sub(r"uv run (--extra \w+ )*(-m )?", lambda run: "python -m " if run[2] else "", command)
