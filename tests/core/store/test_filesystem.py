import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from core.errors import StoredFileError, StudyError
from core.store import files
from core.store.filesystem import open_filesystem


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Return a function that lets every call to the store in memory fail with an error."""

    def fail_with(error: Exception) -> None:
        def fail(*arguments: Any, **options: Any) -> None:
            raise error

        for name in ("cat_file", "pipe_file", "info", "ls", "find", "rm"):
            monkeypatch.setattr(MemoryFileSystem, name, fail)

    return fail_with


def error_named(name: str, words: str, **fields: Any) -> Exception:
    """Return an error as a package that is not installed would raise it."""
    error = type(name, (Exception,), {})(words)
    for field, value in fields.items():
        setattr(error, field, value)
    return error


@pytest.mark.parametrize(("scheme", "package", "extra"), [("s3", "s3fs", "s3"), ("gs", "gcsfs", "gs")])
def test_a_missing_package_is_told_with_the_extra_that_brings_it(
    scheme: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, scheme, raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    for use in (files.exists, files.read_bytes, files.list_names, files.remove):
        with pytest.raises(StudyError, match=rf"^{scheme}://b/a needs a package .* the extra {extra}: uv run --extra"):
            use(f"{scheme}://b/a")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (error_named("NoCredentialsError", "Unable to locate credentials"), "without credentials that are valid (Unab"),
        (error_named("DefaultCredentialsError", "none"), "without credentials that are valid (none). Give them as the"),
        (PermissionError("The AWS Access Key Id (InvalidAccessKeyId)"), "without credentials that are valid (The AWS"),
        (PermissionError("Access Denied"), "access is denied (Access Denied). This account or role must be allowed"),
        (error_named("HttpError", "Forbidden", code=403), "access is denied (Forbidden)"),
        (OSError("Forbidden: b/bucket/o\nno access"), "access is denied (Forbidden: b/bucket/o no access)"),
        (
            error_named("HttpError", "Anonymous caller", code=401),
            "without credentials that are valid (Anonymous caller",
        ),
        (error_named("EndpointConnectionError", "Could not connect"), "the object store does not answer (Could not"),
        (TimeoutError(), "the object store does not answer (TimeoutError). Check the network and the endpoint"),
        (FileNotFoundError("The specified bucket does not exist"), "there is no bucket memory://bucket. Make it, or"),
        (error_named("Odd", "line one\nline two."), ": line one line two"),
    ],
)
def test_each_failure_of_an_object_store_is_one_line_that_says_what_to_do(
    error: Exception, words: str, failing: Callable[[Exception], None]
) -> None:
    failing(error)
    url = "memory://bucket/study"
    for use in (files.read_bytes, files.exists, files.list_names):
        with pytest.raises(StudyError) as told:
            use(url)
        assert str(told.value).startswith(f"{url} cannot be read")
        assert words in str(told.value)
        assert "\n" not in str(told.value)
    with pytest.raises(StudyError, match=r"^memory://bucket/study cannot be written"):
        files.write_bytes(url, b"")


def test_a_missing_file_is_no_failure_of_the_store() -> None:
    with pytest.raises(FileNotFoundError):
        files.read_bytes("memory://bucket/none")
    assert not files.exists("memory://bucket/none")
    assert files.list_names("memory://bucket/none") == []
    files.remove("memory://bucket/none")


def test_a_local_file_that_cannot_be_read_is_that_files_own_error(tmp_path: Path) -> None:
    with pytest.raises(StoredFileError, match="cannot be read: Is a directory"):
        files.read_bytes(str(tmp_path))


def test_a_path_below_a_file_is_missing_to_readers_and_refused_to_writers(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    below = str(tmp_path / "file" / "below" / "further")
    assert not files.exists(below)
    assert files.list_names(below) == []
    with pytest.raises(FileNotFoundError):
        files.read_bytes(below)
    with pytest.raises(StudyError, match=r"further cannot be written: Not a directory\. Free space or choose another"):
        files.write_bytes(below, b"")


def test_object_stores_keep_no_listings() -> None:
    fs, path = open_filesystem("s3://bucket/a")
    assert path == "bucket/a"
    fs.dircache["bucket"] = []
    assert "bucket" not in fs.dircache


def test_require_writable_leaves_nothing_and_tells_a_denial(failing: Callable[[Exception], None]) -> None:
    files.require_writable("memory://probed/runs")
    assert not files.exists("memory://probed/runs")
    failing(PermissionError("Access Denied"))
    with pytest.raises(StudyError, match=r"^memory://probed/runs cannot be written: access is denied"):
        files.require_writable("memory://probed/runs")


def test_require_writable_makes_no_local_folder(tmp_path: Path) -> None:
    files.require_writable(str(tmp_path / "runs"))
    assert list(tmp_path.iterdir()) == []
