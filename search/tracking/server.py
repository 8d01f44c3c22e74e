"""The server that --mlflow names: its client, checked before anything is trained."""

import importlib.util
import logging
import os
import queue
import re
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit

from core.credentials import address_without_credentials, without_credentials
from core.errors import ConfigError, SoftvoteError

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

T = TypeVar("T")

ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # with its password
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # a second create_run, where the first was only slow, is a second run
}
"""MLflow's own settings; who has set one keeps it. Requests are made by a thread that tries again by itself."""
ANSWER_SECONDS = 60.0
"""What a start waits for the server, a new local store's tables included; a server may hang without end."""
CHATTERS = ("mlflow", "alembic", "urllib3.connectionpool")
CAUSE = re.compile(r"Caused by \w+\(.*?: (.*?)['\")]*$")
"""What is left of urllib3's layers of words."""
MAX_SAID = 200
UNANSWERED = {"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "DEADLINE_EXCEEDED", "REQUEST_LIMIT_EXCEEDED"}
"""MLflow's codes for a server that is gone, broken or busy: none of them is about what was sent."""
PLACES = "a server (http://host:5000) or a database (sqlite:///mlflow.db)"


def open_client(uri: str, check: "Callable[[MlflowClient], object] | None" = None) -> "MlflowClient":
    """Return a client of the server (or the local store) of a URI that has answered; nothing is written.

    Args:
        uri: where it is.
        check: called with the client once it has answered, in the same time.

    Raises:
        ConfigError: the extra is missing, the URI is none that MLflow knows, there is no answer, or what `check` says.
    """
    if importlib.util.find_spec("mlflow") is None:
        raise ConfigError("--mlflow needs the extra mlflow: uv run --extra mlflow -m search ...")
    _require_readable(uri)
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from mlflow.tracking import MlflowClient

    for name in CHATTERS:
        logging.getLogger(name).setLevel(logging.ERROR)

    def asked() -> MlflowClient:
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)
        if check is not None:
            check(client)
        return client

    try:
        return _within(ANSWER_SECONDS, asked)
    except SoftvoteError:
        raise
    except Exception as error:  # MLflow's own, its drivers', requests'
        raise ConfigError(_refusal(error, uri)) from None


def is_refusal(error: Exception) -> bool:
    """True where a server has answered that it does not take what was sent, false where it is the server's state."""
    if isinstance(error, OSError):
        return False
    code = getattr(error, "error_code", None)
    is_ours = isinstance(error, (ArithmeticError, AttributeError, LookupError, TypeError, ValueError))
    return is_ours if code is None else code not in UNANSWERED


def said(error: Exception, uri: str) -> str:
    """Return what went wrong in one short line without the URI's credentials."""
    words = " ".join(str(error).replace(uri, address_without_credentials(uri)).split()) or type(error).__name__
    password = urlsplit(uri).password or ""
    for secret in {password, unquote(password)} - {""}:
        words = words.replace(f":{secret}@", ":***@")
    words = without_credentials(words)
    cause = CAUSE.search(words)
    words = cause[1] if cause else words
    return words if len(words) <= MAX_SAID else f"{words[:MAX_SAID]} ..."


def _require_readable(uri: str) -> None:
    """Raise ConfigError for a password that another program would read as a host and a path, and print."""
    shown = address_without_credentials(uri)
    try:
        parts = urlsplit(uri)
        is_hidden = parts.scheme in ("http", "https") and "@" in uri and shown != uri and parts.username is None
    except ValueError:
        is_hidden = True
    if is_hidden:
        raise ConfigError(
            "--mlflow must have a / ? # or [ of a user or a password percent-encoded (%2F %3F %23 %5B), and an @ of a "
            f"path as %40, got {shown}"
        )


def _within(seconds: float, ask: Callable[[], T]) -> T:
    """Return or raise what a function does, TimeoutError where that takes longer; it is left behind then."""
    answers: queue.SimpleQueue[tuple[T | None, Exception | None]] = queue.SimpleQueue()

    def answer() -> None:
        try:
            answers.put((ask(), None))
        except Exception as error:
            answers.put((None, error))

    threading.Thread(target=answer, name="mlflow-first", daemon=True).start()
    try:
        found, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:.0f} seconds") from None
    if error is not None:
        raise error
    return found  # type: ignore[return-value]


def _refusal(error: Exception, uri: str) -> str:
    """Return in one line what must hold, what was got and what to do."""
    shown, words = address_without_credentials(uri), str(error)
    if "unsupported URI" in words:
        return f"--mlflow must be {PLACES}, got {shown}"
    if "MLFLOW_ALLOW_FILE_STORE" in words:
        return (
            f"--mlflow must be {PLACES}, got the folder {shown}, which MLflow takes with MLFLOW_ALLOW_FILE_STORE=true "
            "in the environment alone"
        )
    return (
        f"--mlflow must name a server that answers (http://host:5000) or a store such as sqlite:///mlflow.db, got "
        f"{shown}: {said(error, uri)}"
    )
