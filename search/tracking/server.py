"""The server that --mlflow names: its client, checked before anything is trained."""

import importlib.util
import logging
import os
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from core.credentials import without_credentials
from core.errors import ConfigError, SoftvoteError

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # with its password
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
}
"""MLflow's own settings; who has set one keeps it. Requests are made by a thread that tries again by itself."""
CHATTERS = ("mlflow", "alembic", "urllib3.connectionpool")
CAUSE = re.compile(r"Caused by \w+\(.*?: (.*?)['\")]*$")
"""What is left of urllib3's layers of words."""
MAX_SAID = 200


def open_client(uri: str) -> "MlflowClient":
    """Return a client of the server (or the local store) of a URI that has answered; nothing is written.

    Raises:
        ConfigError: the extra is missing, or there is no answer.
    """
    if importlib.util.find_spec("mlflow") is None:
        raise ConfigError("--mlflow needs the extra mlflow: uv run --extra mlflow -m search ...")
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from mlflow.tracking import MlflowClient

    for name in CHATTERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)
    except SoftvoteError:
        raise
    except Exception as error:  # MLflow's own, its drivers', requests'
        shown = without_credentials(uri)
        raise ConfigError(
            f"--mlflow must name a server that answers (http://host:5000) or a store such as sqlite:///mlflow.db, got "
            f"{shown}: {said(error, uri)}"
        ) from None
    return client


def said(error: Exception, uri: str) -> str:
    """Return what went wrong in one short line without the URI's credentials."""
    words = " ".join(str(error).split()) or type(error).__name__
    parts = urlsplit(uri)
    for secret in {parts.password or "", unquote(parts.password or "")} - {""}:
        words = words.replace(f":{secret}@", ":***@")
    words = without_credentials(words)
    cause = CAUSE.search(words)
    words = cause[1] if cause else words
    return words if len(words) <= MAX_SAID else f"{words[:MAX_SAID]} ..."
