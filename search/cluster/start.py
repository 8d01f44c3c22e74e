"""Starting or joining a Ray cluster, quietly, and leaving nothing of it behind."""

import contextlib
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from typing import Any

from core.errors import ClusterError
from core.quiet import stderr_held_back
from core.store.manifest import usable_cores
from search.cluster.authentication import set_authentication
from search.cluster.join import require_joinable
from search.signals import sigterm_handler_kept

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
    "RAY_TRAIN_COUNT_PREEMPTION_AS_FAILURE": "1",  # else Tune starts such a trial again by itself, beside the steering
    "TUNE_GLOBAL_CHECKPOINT_S": "1e9",  # its snapshots of all trials stand still for seconds, and nobody reads them
    "TUNE_MAX_PENDING_TRIALS_PG": "1000",  # side by side start as many workers as the searcher has trials for
    "TUNE_FORCE_TRIAL_CLEANUP_S": "2",  # everything is on disk before an epoch is reported: nothing to wait for
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
PROBE_SECONDS = 10
LOOPBACK = "127.0.0.1"


@contextlib.contextmanager
def ray_cluster(address: str | None, scratch: str) -> Iterator[None]:
    """Join the cluster at `address`, or start one on this machine for as long as the block runs.

    A process that has joined a cluster already, a notebook say, stays on that one.

    Args:
        address: of a running cluster; None starts a private one, guarded by a random token of its own.
        scratch: a short path for the private cluster's sockets and logs.

    Raises:
        ClusterError: no cluster can be joined at `address`, or none can be started here.
    """
    for name, value in QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    set_authentication(address)
    import ray

    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # failures are told in our own words, see search.tune
    if ray.is_initialized():
        yield
        return
    if address is None:
        _require_loopback()
    _start_or_join(address if address is None else require_joinable(address), scratch)
    try:
        yield
    finally:
        ray.shutdown()


def cluster_lost(reason: str) -> ClusterError:
    """Return the error of a cluster that is gone before the search has ended."""
    return ClusterError(
        f"the Ray cluster must last as long as the search, and did not: {reason}. What is finished is kept: the same "
        "command goes on"
    )


def _start_or_join(address: str | None, scratch: str) -> None:
    """Call `ray.init`, and put its failures into words of ours."""
    import ray.exceptions

    failure: Exception | None = None
    with sigterm_handler_kept(), stderr_held_back():  # without a network Ray's native part warns of just that
        try:
            ray.init(log_to_driver=False, logging_level="ERROR", **_init_options(address, scratch))
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            failure = error
    if failure is None:
        return
    if address is None:
        raise ClusterError(f"Ray must be able to start on this machine, and cannot: {failure}") from failure
    raise ClusterError(
        f"the Ray cluster at {address} answers, and cannot be joined: {failure}. Look at it with `ray status`"
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


@contextlib.contextmanager
def scratch_folder() -> Iterator[str]:
    """Make a short-named temporary folder, and delete it in the end whatever is in it."""
    path = tempfile.mkdtemp(prefix="softvote-", dir="/tmp" if os.path.isdir("/tmp") else None)  # noqa: PTH112
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
