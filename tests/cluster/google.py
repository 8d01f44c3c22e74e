"""Google's Compute Engine, played: the real client sends its requests to answers made here, and to no network."""

import functools
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httplib2  # type: ignore[import-untyped]
import pytest
from googleapiclient import discovery
from googleapiclient.discovery_cache import get_static_doc
from ray.autoscaler._private.gcp import node, node_provider

EXHAUSTED = {"errors": [{"code": "ZONE_RESOURCE_POOL_EXHAUSTED", "message": "no g2-standard-4 left"}]}


@dataclass(kw_only=True)
class ComputeEngine:
    """What was asked, in order, and which machine types are refused for want of capacity or are not known."""

    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    """Method, path below the project, body."""
    exhausted: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def request(self, uri: str, method: str = "GET", body: str | None = None, **_: Any) -> tuple[Any, bytes]:
        """Answer as httplib2 does."""
        path = urlsplit(uri).path.partition("/projects/")[2].partition("/")[2]
        self.asked.append((method, path, json.loads(body) if body else {}))
        status, answer = self._answer(method, path)
        return httplib2.Response({"status": status, "content-type": "application/json"}), json.dumps(answer).encode()

    def _answer(self, method: str, path: str) -> tuple[int, dict[str, Any]]:
        if path.rpartition("/")[2] in self.unknown:
            return 404, {"error": {"code": 404, "message": "not found"}}
        if method == "GET" and "/operations/" in path:
            kind = self.orders()[-1]["machineType"].rpartition("/")[2]
            return 200, {"name": "order", "status": "DONE"} | ({"error": EXHAUSTED} if kind in self.exhausted else {})
        if (method, path.rpartition("/")[2]) == ("GET", "instances"):
            return 200, {"items": [{**body, "status": "RUNNING", "labelFingerprint": "x"} for body in self.orders()]}
        return 200, {"name": "order", "status": "RUNNING"}

    def orders(self) -> list[dict[str, Any]]:
        """Return the machines that were ordered, as the cloud saw them."""
        return [body for method, path, body in self.asked if method == "POST" and path.endswith("/instances")]


class _Wire:
    """What the client sends through: it takes a second to make, so that one has to do for all engines."""

    credentials = None
    engine: ComputeEngine

    def request(self, uri: str, method: str = "GET", **asked: Any) -> tuple[Any, bytes]:
        return self.engine.request(uri, method, **asked)

    def close(self) -> None:
        """There is nothing to close."""


_WIRE = _Wire()


def client(engine: ComputeEngine) -> Any:
    """Return Google's own client, whose requests end at `engine`, the last one that was asked for."""
    _WIRE.engine = engine
    return _made_client()


@functools.cache
def _made_client() -> Any:
    return discovery.build_from_document(get_static_doc("compute", "v1"), http=_WIRE)


def play(monkeypatch: pytest.MonkeyPatch, engine: ComputeEngine) -> None:
    """Let Ray's provider order from `engine`."""
    compute = client(engine)
    monkeypatch.setattr(node_provider, "construct_clients_from_provider_config", lambda _: (None, None, compute, None))
    monkeypatch.setattr(node.GCPCompute, "get_new_authorized_http", lambda _, http: http)
