"""Starting or joining a Ray cluster, quietly, and leaving nothing of it behind."""

import contextlib
import logging
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.errors import ClusterError
from core.quiet import stderr_held_back
from core.store.manifest import usable_cores

QUIET_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # one machine, one environment: no second copy of it for the workers
    "RAY_AIR_NEW_OUTPUT": "0",
    # the raylet's eight lines on a killed worker are printed whatever log_to_driver says, unless this drops them
    "RAY_DEDUP_LOGS": "1",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours, see search.run
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_GLOBAL_CHECKPOINT_S": "1e9",  # its snapshots of all trials stand still for seconds, and nobody reads them
    "TUNE_FORCE_TRIAL_CLEANUP_S": "2",  # everything is on disk before an epoch is reported: nothing to wait for
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
PROBE_SECONDS = 10
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a trial takes of a cluster, and how many fit."""

    cpus_per_trial: int
    gpus_per_trial: float
    max_concurrent: int
    """Trials that fit side by side."""


@contextlib.contextmanager
def ray_cluster(address: str | None, scratch: str) -> Iterator[None]:
    """Join the cluster at `address`, or start one on this machine for as long as the block runs.

    A process that has joined a cluster already, a notebook say, stays on that one.

    Args:
        address: of a running cluster; None starts a private one, guarded by a random token of its own.
        scratch: a short path for the private cluster's sockets and logs.

    Raises:
        ClusterError: no cluster answers at `address`, or none can be started here.
    """
    for name, value in QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if address is None:
        _require_loopback()
    else:
        _require_answer(address)
    _set_authentication(address)
    import ray

    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # failures are told in our own words, see search.tune
    if ray.is_initialized():
        yield
        return
    _start_or_join(address, scratch)
    try:
        yield
    finally:
        ray.shutdown()


def _start_or_join(address: str | None, scratch: str) -> None:
    """Call `ray.init`, and put its failures into words of ours."""
    import ray.exceptions

    failure: Exception | None = None
    with stderr_held_back():  # without a network Ray's native part warns of just that
        try:
            ray.init(log_to_driver=False, logging_level="ERROR", **_init_options(address, scratch))
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            failure = error
    if failure is None:
        return
    if address is None:
        raise ClusterError(f"Ray must be able to start on this machine, and cannot: {failure}") from failure
    raise ClusterError(
        f"--address must be a Ray cluster that answers and knows this client, got {address!r}: {failure}. Start one "
        "with `ray start --head`; where it has no token, set RAY_AUTH_MODE=disabled on every node and here"
    ) from failure


def _init_options(address: str | None, scratch: str) -> dict[str, Any]:
    """Return what `ray.init` is told of where to run."""
    if address is not None:
        return {"address": address}
    return {
        "address": "local",
        "num_cpus": usable_cores(),
        "include_dashboard": False,
        "_temp_dir": scratch,
        "_node_ip_address": LOOPBACK,  # open to this machine alone, and there without any network
    }


def _require_loopback() -> None:
    """Raise ClusterError where processes of this machine cannot talk to each other; Ray itself would wait for ever."""
    try:
        with socket.create_server((LOOPBACK, 0)) as server:
            socket.create_connection(server.getsockname(), timeout=PROBE_SECONDS).close()
    except OSError as error:
        raise ClusterError(
            f"this machine's loopback interface must be up, and {LOOPBACK} does not answer: {error}. "
            "Bring it up with `ip link set lo up`"
        ) from error


def _require_answer(address: str) -> None:
    """Raise ClusterError where nothing listens at host:port; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=PROBE_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(
            f"--address must be a Ray cluster that answers, got {address!r}: {error}. "
            "Start one with `ray start --head`, or look up its address with `ray status`"
        ) from error


def _set_authentication(address: str | None) -> None:
    """Turn token authentication on, for a private cluster with a random token that lives as long as this process.

    Ray would otherwise write a world-readable token file into the home folder. It reads these variables once, when
    it is imported: a process that has imported it already (a notebook's, a test's) keeps what it has.
    """
    if "ray" in sys.modules:
        return
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    if address is None and os.environ["RAY_AUTH_MODE"] == "token":
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


@contextlib.contextmanager
def scratch_folder() -> Iterator[str]:
    """Make a short-named temporary folder, and delete it in the end whatever is in it."""
    path = tempfile.mkdtemp(prefix="softvote-", dir="/tmp" if os.path.isdir("/tmp") else None)  # noqa: PTH112
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def plan_resources(cpus_per_trial: int, gpus_per_trial: float | None) -> Resources:
    """Return how many trials fit on the cluster that was joined.

    Raises:
        ClusterError: not even one does.
    """
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if gpus_per_trial is None:
        gpus_per_trial = 1.0 if any(node.get("GPU", 0) for node in nodes) else 0.0
    fitting = sum(num_fitting(node.get("CPU", 0), node.get("GPU", 0), cpus_per_trial, gpus_per_trial) for node in nodes)
    if fitting < 1:
        have = ", ".join(f"{node.get('CPU', 0):g} CPUs and {node.get('GPU', 0):g} GPUs" for node in nodes)
        raise ClusterError(
            f"a trial must fit on one machine of the cluster ({have or 'none'}); got --cpus-per-trial "
            f"{cpus_per_trial} and --gpus-per-trial {gpus_per_trial:g}. Ask for less"
        )
    return Resources(cpus_per_trial=cpus_per_trial, gpus_per_trial=gpus_per_trial, max_concurrent=fitting)


def num_fitting(cpus: float, gpus: float, cpus_per_trial: int, gpus_per_trial: float) -> int:
    """Return how many trials fit on one machine; a trial's share of a card lies on one card, as Ray places it."""
    by_cpus = int(cpus // cpus_per_trial)
    if gpus_per_trial == 0:
        return by_cpus
    if gpus_per_trial >= 1:
        return min(by_cpus, int(gpus // gpus_per_trial))
    return min(by_cpus, int(gpus) * int(1 / gpus_per_trial + 1e-9))
