"""What keeps a search from joining a cluster: one clear line each, before Ray begins to try again and again."""

import http.server
import socket
import threading

import pytest

from core.errors import ClusterError
from search.cluster.join import require_joinable


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "local", "10.0.0.1:0", "10.0.0.1:99999", ":6379", "http://head:8265", ""]
)
def test_join_wants_auto_or_host_and_port(address):
    with pytest.raises(ClusterError, match=r"--address must be auto.*or host:port such as 10.0.0.1:6379, got"):
        require_joinable(address)


def test_join_tells_a_host_that_nobody_knows():
    with pytest.raises(ClusterError, match=r"--address must be a Ray cluster that answers, got 'no\.such\.host:6379'"):
        require_joinable("no.such.host:6379")


def test_join_tells_a_port_where_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ClusterError, match=rf"'127.0.0.1:{port}'.*refused.*`ray status`"):
        require_joinable(f"127.0.0.1:{port}")


def test_join_tells_a_port_where_something_else_answers():
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        with pytest.raises(ClusterError, match=r"something else answers.*6379 as a rule"):
            require_joinable(f"127.0.0.1:{server.server_port}")
        thread.join()


def test_join_tells_that_auto_has_no_cluster_here(monkeypatch):
    def find_none(*_: object) -> None:
        raise ConnectionError("Could not find any running Ray instance.")

    monkeypatch.setattr("ray._private.services.canonicalize_bootstrap_address", find_none)
    with pytest.raises(ClusterError, match=r"--address auto means.*no Ray runs here. Start one with `ray up`"):
        require_joinable("auto")
