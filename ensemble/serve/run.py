"""`python -m ensemble STUDY --serve`: models loaded, the port taken, the page served until Ctrl-C."""

import contextlib
import socket
import sys
import time

import uvicorn
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from starlette.types import ASGIApp

from core.errors import ConfigError
from core.store.study import StudyFolder
from ensemble.export import read_images
from ensemble.serve.answerer import Answerer, Predict
from ensemble.serve.app import make_app
from ensemble.serve.framing import measure_framing
from ensemble.serve.gate import is_loopback
from ensemble.serve.last_vote import LastVote, read_last_vote
from ensemble.serve.page import page_files
from ensemble.settings import EnsembleSettings

MOST_CONNECTIONS = 64


def serve_vote(settings: EnsembleSettings) -> None:
    """Serve the page to draw on until it is interrupted; nothing is written.

    Raises:
        StudyError: there is no vote, or no model of one.
        StoredFileError: a file is torn.
        ConfigError: the address cannot be listened on.
    """
    vote = read_last_vote(settings)
    taken = _listen(settings.host, settings.port)  # before the models are loaded, which takes a while
    with contextlib.closing(taken):
        for sentence in vote.missing:
            print(f"note: {sentence}", file=sys.stderr)
        answerer = load_answerer(vote)
        app = make_app(answerer, page_files(vote, answerer.framing, answerer.pen), host=settings.host)
        port = taken.getsockname()[1]
        if not is_loopback(settings.host):
            print(
                f"warning: whoever reaches port {port} of this machine can draw here: there is no password and no "
                "encryption. --host 127.0.0.1 is for you alone",
                file=sys.stderr,
            )
        print(f"draw on http://{_shown_host(settings.host)}:{port}/ (Ctrl-C ends it)", flush=True)
        run_app(app, taken)
    print("stopped")


def load_answerer(vote: LastVote) -> Answerer:
    """Load a vote's models, showing how far that is, and measure its images.

    Raises:
        As `core.deploy.load_vote`.
    """
    started = time.perf_counter()
    if not sys.stderr.isatty():  # where no bar is drawn
        print(f"loading {vote.num_models} model{'s' * (vote.num_models > 1)} ...", flush=True)
    study = StudyFolder(vote.study.folder.url)
    images = read_images(study, "x_train", len(vote.study.data.labels))
    framing = measure_framing(images)
    predict = _load(vote, framing.shape)
    answerer = Answerer(predict, framing, vote.study.data.class_names.tolist())
    who = f"{len(vote.voters)} member{'s' * (len(vote.voters) > 1)}"
    models = f" ({vote.num_models} models)" if vote.num_models != len(vote.voters) else ""
    print(f"loaded {who}{models} in {time.perf_counter() - started:.1f} s", flush=True)
    return answerer


def run_app(app: ASGIApp, listening: socket.socket) -> None:
    """Answer on a socket until Ctrl-C."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=1,
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn has ended what it did, and raises it once more
        uvicorn.Server(config).run(sockets=[listening])


def _load(vote: LastVote, shape: tuple[int, int, int]) -> Predict:
    """Return the vote's models as one function."""
    from core.deploy import ExportMember, load_vote

    columns = (
        TextColumn("loading models: {task.completed} of {task.total}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("", total=vote.num_models)
        return load_vote(
            [ExportMember(name=v.name, model_urls=v.model_urls, weight=v.weight, views=v.views) for v in vote.voters],
            of_logits=vote.of_logits,
            temperature=vote.temperature or 1.0,
            image_shape=shape,
            num_classes=len(vote.study.data.class_names),
            on_model=lambda: progress.advance(task),
        )


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises:
        ConfigError: the port is taken, or the host is none of this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError(
            f"--host must be an address of this machine, got {host}: {error.strerror or error}"
        ) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(MOST_CONNECTIONS)
    except OSError as error:
        listening.close()
        reason = error.strerror or error
        raise ConfigError(
            f"--port {port} of {host} cannot be listened on: {reason}. Name another one, or --port 0 for a free one"
        ) from error
    return listening


def _shown_host(host: str) -> str:
    """Return a host as an address bar takes it."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
