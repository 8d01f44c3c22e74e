"""Joining a running cluster: what can be wrong is found before Ray tries for minutes, and told in one line."""

import json
import os
import platform
import socket
import time
from typing import Any

from core.errors import ClusterError
from core.quiet import stderr_held_back
from search.cluster.authentication import HOW_TO_MAKE_A_TOKEN, is_token_wanted, require_token, token_source

PROBE_SECONDS = 5
OWN_NODE_SECONDS = 5
"""What the node of this machine may take to show itself where the head's processes are there already."""
# a client's first words in HTTP/2, which gRPC is made of, and an empty frame of settings; the answer begins with one
HTTP2_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
FRAME_HEADER_BYTES = 9
SETTINGS_FRAME = 4
HOW_TO_RUN = "run the search on a machine of the cluster: on its head, or with `ray job submit`"


def require_joinable(address: str) -> str:
    """Return host:port of the cluster that `address` means, once it is known to answer and to fit.

    Args:
        address: `auto` or host:port.

    Raises:
        ClusterError: nothing or something else answers there, the token is missing or wrong, the cluster has other
            versions of Python or Ray, or this machine is none of its nodes.
    """
    require_token()
    found = _resolved(address)
    _require_answer(found, address)
    client = _connected(found, address)
    from ray.exceptions import RayError

    try:
        _require_same_versions(client, address)
        _require_own_node(client, found)
    except RayError as error:
        raise ClusterError(
            f"--address must be a Ray cluster that answers, and {_named(address, found)} has stopped to: "
            f"{type(error).__name__}. See `ray status`, and start the command again"
        ) from error
    return found


def _resolved(address: str) -> str:
    """Return host:port."""
    if address != "auto":
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536 or "/" in host:
            raise ClusterError(
                "--address must be auto, on a machine of the cluster, or host:port such as 10.0.0.1:6379, "
                f"got {address!r}"
            )
        return address
    from ray._private import services

    try:
        with stderr_held_back():
            found = services.canonicalize_bootstrap_address("auto")
    except (ConnectionError, ValueError, OSError):
        found = None
    if found is None:
        raise ClusterError(
            "--address auto means the cluster that this machine belongs to, and no Ray runs here. Start one with "
            f"`ray up` or `ray start --head`, and {HOW_TO_RUN}"
        )
    return str(found)


def _require_answer(found: str, address: str) -> None:
    """Raise ClusterError where nothing listens at host:port, or something that no cluster's head could be."""
    host, _, port = found.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=PROBE_SECONDS) as connection:
            if os.environ.get("RAY_USE_TLS", "0") not in ("0", ""):
                return
            connection.sendall(HTTP2_HELLO)
            answer = connection.recv(FRAME_HEADER_BYTES)
    except OSError as error:
        raise ClusterError(
            f"--address must be a Ray cluster that answers, got {_named(address, found)}: {error}. Start one with `ray "
            "up` or `ray start --head`, or look up its address with `ray status`"
        ) from error
    if len(answer) < FRAME_HEADER_BYTES or answer[3] != SETTINGS_FRAME:
        raise _no_head(found, address)


def _connected(found: str, address: str) -> Any:
    """Return Ray's client of the head's own service."""
    from ray._raylet import GcsClient  # type: ignore[attr-defined]
    from ray.exceptions import AuthenticationError, RayError

    failure: Exception | None = None
    with stderr_held_back():  # Ray's native part warns of what is told below
        try:
            return GcsClient(address=found)
        except (RayError, OSError, RuntimeError, ValueError) as error:
            failure = error
    if not isinstance(failure, AuthenticationError):
        raise _no_head(found, address) from failure
    if is_token_wanted():
        raise ClusterError(
            f"the token from {token_source()} must be that of the cluster at {found}, and is another one. Copy the "
            "cluster's ~/.ray/auth_token here (mode 0600)"
        ) from failure
    raise ClusterError(
        f"the cluster at {found} wants a token, and RAY_AUTH_MODE={os.environ.get('RAY_AUTH_MODE')} shows it none. "
        f"Set RAY_AUTH_MODE=token. {HOW_TO_MAKE_A_TOKEN}"
    ) from failure


def _require_same_versions(client: Any, address: str) -> None:
    """Raise ClusterError where the cluster runs another Python or Ray: what they send each other would not be read."""
    import ray
    from ray._private.utils import check_version_info

    stored = client.internal_kv_get(b"CLUSTER_METADATA", namespace=b"cluster", timeout=PROBE_SECONDS)
    if stored is None:  # the cluster's head is only just starting; ray.init looks again
        return
    cluster = json.loads(stored)
    try:
        check_version_info(cluster, "this machine")
    except RuntimeError as mismatch:
        raise ClusterError(
            f"the cluster (--address {address}) and this command must run the same Ray and Python: the cluster has "
            f"Ray {cluster['ray_version']} with Python {cluster['python_version']}, this command has Ray "
            f"{ray.__version__} with Python {platform.python_version()}. Install the project's environment on both "
            "with the same Python; on the cluster `ray up` does it"
        ) from mismatch


def _require_own_node(client: Any, found: str) -> None:
    """Raise ClusterError where this machine is no node of the cluster: Ray would look for a minute, and give up."""
    from ray._private import services

    until = time.monotonic() + OWN_NODE_SECONDS
    while True:
        nodes = client.get_all_node_info(timeout=PROBE_SECONDS).values()
        if {node.node_id.hex() for node in nodes} & set(services.find_node_ids()):
            return
        if time.monotonic() > until:
            raise ClusterError(f"this machine must be a node of the cluster at {found}, and is none: {HOW_TO_RUN}")
        time.sleep(0.5)


def _no_head(found: str, address: str) -> ClusterError:
    """Return the error where something answers that is no Ray cluster's head."""
    return ClusterError(
        f"--address must be the head of a Ray cluster, and at {_named(address, found)} something else answers. Its "
        "port is 6379 as a rule (8265 is the dashboard's, 10001 that of Ray's client); look it up with `ray status`"
    )


def _named(address: str, found: str) -> str:
    """Return an address as the user gave it, with what it stands for."""
    return repr(address) if address == found else f"{address!r} ({found})"
