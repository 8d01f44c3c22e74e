"""The file system behind a path or an fsspec URL: listings that are never stale, failures in one line each."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from core.errors import SoftvoteError, StoredFileError, StudyError

OBJECT_STORES: dict[str, dict[str, Any]] = {
    # other nodes write there too; and one request a file, where s3fs would first ask for each one's size
    "s3": {"use_listings_cache": False, "max_concurrency": 1},
    "gs": {"use_listings_cache": False},
}
OBJECT_STORES |= {"s3a": OBJECT_STORES["s3"], "gcs": OBJECT_STORES["gs"]}
"""How their file systems are opened, by the URL's scheme."""
EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}
"""Which extra of ours brings a scheme's package."""
NO_CREDENTIALS = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "ProfileNotFound",
    "SSOError",
    "TokenRetrievalError",
    "DefaultCredentialsError",
    "RefreshError",
}
"""Errors, by the names of their classes and of those above: their packages may not be installed."""
REFUSED_CREDENTIALS = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "Invalid Cred")
NO_ANSWER = {"EndpointConnectionError", "ConnectionError", "HTTPClientError", "ClientConnectionError", "TransportError"}
NO_ANSWER |= {"TimeoutError", "FSTimeoutError"}
MAX_SAID = 200
"""Letters of what a package said that are shown."""
logging.getLogger("gcsfs").setLevel(logging.CRITICAL)  # it prints the traceback of every failure that it raises


def open_filesystem(url: str) -> tuple[Any, str]:
    """Return the file system of `url` and the path in it.

    Raises:
        StudyError: its kind is unknown, or the package for it is not installed.
    """
    scheme = scheme_of(url)
    try:
        return fsspec.core.url_to_fs(url, **OBJECT_STORES.get(scheme, {}))
    except ImportError as error:
        how = "install that package"
        if scheme in EXTRAS:
            how = f"start the command with the extra {EXTRAS[scheme]}: uv run --extra {EXTRAS[scheme]} ..."
        raise StudyError(f"{url} needs a package that is not installed ({_said(error)}): {how}") from error
    except Exception as error:  # each kind of file system has errors of its own
        raise StudyError(f"{url} must be a path or an fsspec URL that this machine can open: {_said(error)}") from error


def scheme_of(url: str) -> str:
    """Return what stands before ://, empty for a path."""
    return url.partition("://")[0] if "://" in url else ""


def is_local(fs: Any) -> bool:
    """True for this machine's own file systems, shared ones that are mounted included."""
    return isinstance(fs, LocalFileSystem)


def is_bucket_missing(error: Exception) -> bool:
    """True where not a file is missing, but all that it would lie in."""
    return "NoSuchBucket" in str(error.__cause__) or "bucket does not exist" in str(error)


@contextlib.contextmanager
def opened(url: str, cannot: str, *, on_local: str | None = None) -> Iterator[tuple[Any, str]]:
    """Open a URL's file system for a block of calls, whose failures become one error of ours.

    Args:
        url: what the block works on.
        cannot: what then failed, such as `cannot be read`.
        on_local: for a block that changes something, what to do where a local file system refuses; None for reading.

    Raises:
        FileNotFoundError: there is no such file to read.
        StoredFileError: a local file is there and cannot be read.
        StudyError: a local file cannot be changed; an object store does not answer, refuses, or has no such bucket.
    """
    fs, path = open_filesystem(url)
    try:
        yield fs, path
    except SoftvoteError:
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        if on_local is None and not is_bucket_missing(error):
            raise FileNotFoundError(*error.args) from error
        raise StudyError(
            _local_words(url, cannot, error, on_local) if is_local(fs) else _no_bucket(url, path, cannot)
        ) from error
    except Exception as error:  # each cloud's package has errors of its own
        if not is_local(fs):
            raise StudyError(_remote_words(url, cannot, error)) from error
        if not isinstance(error, OSError):
            raise
        failure = StoredFileError if on_local is None else StudyError
        raise failure(_local_words(url, cannot, error, on_local)) from error


def _local_words(url: str, cannot: str, error: OSError, advice: str | None) -> str:
    """Return what this machine's file system refused, and what to do."""
    words = f"{url} {cannot}: {error.strerror or error}"
    return words if advice is None else f"{words}. {advice}"


def _no_bucket(url: str, path: str, cannot: str) -> str:
    """Return the words for a bucket that is not there; nothing else can be missing where a new file is put."""
    bucket = f"{scheme_of(url)}://{path.strip('/').partition('/')[0]}"
    return f"{url} {cannot}: there is no bucket {bucket}. Make it, or name another place"


def _remote_words(url: str, cannot: str, error: Exception) -> str:
    """Return what an object store's failure means, and what to do."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    said = _said(error)
    code, whole = getattr(error, "code", None), f"{error} {error.__cause__}"
    if kinds & NO_CREDENTIALS or code == 401 or any(words in whole for words in REFUSED_CREDENTIALS):
        return (
            f"{url} {cannot} without credentials that are valid ({said}). Give them as the cloud's own tools take "
            f"them: {_where_credentials_lie(url)}"
        )
    if isinstance(error, PermissionError) or code == 403 or whole.startswith("Forbidden"):
        return (
            f"{url} {cannot}: access is denied ({said}). This account or role must be allowed to list, read, write and "
            "delete there; or name another place"
        )
    if kinds & NO_ANSWER:
        return f"{url} {cannot}: the object store does not answer ({said}). Check the network and the endpoint"
    return f"{url} {cannot}: {said}"


def _where_credentials_lie(url: str) -> str:
    """Return where a cloud's packages look for credentials."""
    if EXTRAS.get(scheme_of(url)) == "s3":
        return "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, `aws configure`, or the instance's role"
    if EXTRAS.get(scheme_of(url)) == "gs":
        return "GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, or the instance's account"
    return "their environment variables and files"


def _said(error: Exception) -> str:
    """Return an error's own words in one line, without what would end a sentence of ours."""
    words = " ".join(str(error).split()) or type(error).__name__
    return (words if len(words) <= MAX_SAID else words[: MAX_SAID - 3] + "...").rstrip(".")
