"""What every request passes: whose it may be, how much it may bring, and the headers of every answer.

A page of another site that someone has open must not talk to this server: the Host header stops names that were bound
to this address (DNS rebinding), the Origin header stops forms and scripts of others.
"""

import asyncio
import ipaddress
import json
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ensemble.serve.refused import RefusedError

BODY_SECONDS = 15.0
"""Within which a request's body has to arrive."""
SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Gate:
    """Lets through what comes from this server's own page, and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, *, host: str) -> None:
        """Guard `app`, which listens on `host`."""
        self._app = app
        self._names = _own_names(host)
        self._takes_addresses = _is_address(host) and ipaddress.ip_address(host).is_unspecified

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if scope["type"] != "http":
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        try:
            self._require_ours(scope["method"], Headers(scope=scope))
        except RefusedError as refused:
            await refusal(refused)(scope, receive, send_guarded)
            return
        await self._app(scope, receive, send_guarded)

    def _require_ours(self, method: str, headers: Headers) -> None:
        """Raise RefusedError unless the request was sent to this server by name, and by its own page."""
        host = headers.get("host", "")
        name = _name_of(host)
        if name not in self._names and not (self._takes_addresses and _is_address(name)):
            raise RefusedError("This server answers only under its own address, which it printed when it started.", 403)
        origin = headers.get("origin")
        is_foreign = origin is not None and origin.partition("://")[2] != host
        if method == "POST" and (is_foreign or headers.get("sec-fetch-site", "same-origin") != "same-origin"):
            raise RefusedError("This server answers its own page, not those of others.", 403)


async def read_body(request: Request, most_bytes: int) -> bytes:
    """Return a request's body, of which never more than `most_bytes` is held.

    Raises:
        RefusedError: it is larger, or does not come.
    """
    too_large = RefusedError(f"At most {most_bytes / 1e6:g} MB can be sent.", 413)
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > most_bytes:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most_bytes:
                    raise too_large
    except TimeoutError as error:
        raise RefusedError(f"The request did not arrive within {BODY_SECONDS:g} s.", 408) from error
    return bytes(body)


def refusal(refused: RefusedError) -> Response:
    """Return the answer to a refused request; the connection ends with it, for its body may still be coming."""
    headers = {"connection": "close"} if refused.status in (403, 408, 413) else {}
    content = json.dumps({"error": str(refused)})
    return Response(content, status_code=refused.status, media_type="application/json", headers=headers)


def _own_names(host: str) -> set[str]:
    """Return the names under which a server that listens on `host` is asked for."""
    names: Iterable[str] = ("localhost", "127.0.0.1", "::1", host)
    if not is_loopback(host):
        names = (*names, socket.gethostname(), socket.getfqdn())
    return {name.lower() for name in names if name}


def is_loopback(host: str) -> bool:
    """True for this machine's own address."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _name_of(host: str) -> str:
    """Return a Host header's name or address, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _is_address(name: str) -> bool:
    """True for an IP address, which no name service stands behind."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
