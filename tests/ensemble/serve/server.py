"""A server of ours on a free port, asked over real HTTP."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import uvicorn
from starlette.types import ASGIApp

DRAWING = json.dumps({"strokes": [[[0.2, 0.1], [0.8, 0.1], [0.4, 0.9]]]}).encode()
JSON, BYTES = {"content-type": "application/json"}, {"content-type": "application/octet-stream"}


class Asked:
    """An answer."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """One that answers."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(
        self, path: str, body: bytes | Iterator[bytes] | None = None, headers: Mapping[str, str] = {}, method: str = ""
    ) -> Asked:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may refuse before all is sent
                connection.request(method or ("GET" if body is None else "POST"), path, body, dict(headers))
            return Asked(connection.getresponse())
        finally:
            connection.close()


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[Server]:
    """Serve an application from a thread."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", server_header=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield Server(listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
