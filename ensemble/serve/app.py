"""The routes: the page, its style and script, and two questions."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ensemble.serve.answerer import Answerer
from ensemble.serve.gate import Gate, read_body, refusal
from ensemble.serve.refused import RefusedError

MOST_DRAWING_BYTES = 300_000
MOST_PICTURE_BYTES = 8_000_000
"""A phone's photograph has 2 to 6 MB."""
MOST_WAITING = 16
"""Questions that wait for the one that is being answered; the page itself asks one at a time."""
SENT_AS = {"/drawing": "application/json", "/picture": "application/octet-stream"}
"""Content types that another site's form cannot send."""
WRONG = {404: "There is nothing at this address.", 405: "This address does not take that kind of request."}


def make_app(answerer: Answerer, files: Mapping[str, tuple[str, bytes]], *, host: str) -> ASGIApp:
    """Return the whole server as an ASGI application.

    Args:
        answerer: answers.
        files: content type and content by path: the page and what it asks for.
        host: where the server listens.
    """
    turns = _Turns()
    routes = [
        Route(path, partial(_file, content=content, kind=kind), methods=["GET"])
        for path, (kind, content) in files.items()
    ]
    questions = {
        "/drawing": (MOST_DRAWING_BYTES, answerer.answer_drawing),
        "/picture": (MOST_PICTURE_BYTES, answerer.answer_picture),
    }
    for path, (most_bytes, answer) in questions.items():
        asked = partial(_ask, most_bytes=most_bytes, answer=answer, turns=turns, kind=SENT_AS[path])
        routes.append(Route(path, asked, methods=["POST"]))
    handlers = {RefusedError: _on_refused, HTTPException: _on_http_error, Exception: _on_fault}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return Gate(app, host=host)


async def _file(request: Request, content: bytes, kind: str) -> Response:
    """Return one of our own files."""
    return Response(content, media_type=kind)


async def _ask(
    request: Request, most_bytes: int, answer: Callable[[bytes], bytes], turns: "_Turns", kind: str
) -> Response:
    """Answer a drawing or a picture."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != kind:
        raise RefusedError(f"{request.url.path} takes {kind}.", 415)
    with turns:
        body = await read_body(request, most_bytes)
        async with turns.one_at_a_time:
            return Response(await run_in_threadpool(answer, body), media_type="application/json")


class _Turns:
    """Bounds who is answered and who waits."""

    def __init__(self) -> None:
        self.one_at_a_time = asyncio.Lock()  # the models take all cores by themselves
        self._num_asked = 0

    def __enter__(self) -> None:
        if self._num_asked > MOST_WAITING:
            raise RefusedError("Too many ask at once. Try again in a moment.", 503)
        self._num_asked += 1

    def __exit__(self, *_: object) -> None:
        self._num_asked -= 1


async def _on_refused(request: Request, error: Exception) -> Response:
    """Say why a request is refused."""
    assert isinstance(error, RefusedError)
    return refusal(error)


async def _on_http_error(request: Request, error: Exception) -> Response:
    """Say in our form what starlette refuses: an unknown address, a wrong method."""
    assert isinstance(error, HTTPException)
    return refusal(RefusedError(WRONG.get(error.status_code, "This cannot be answered."), error.status_code))


async def _on_fault(request: Request, error: Exception) -> Response:
    """Say that the fault is ours; uvicorn prints its traceback."""
    return refusal(RefusedError("The models could not answer; the server's terminal says why.", 500))
