"""What a user is told, in one line and before any training, of a URL that cannot be used; by the real commands."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.store import files
from tests.ensemble.conftest import A, B, StudyMaker
from tests.s3 import S3, digits_npz, serve_s3

from .commands import ENVIRONMENT, TIMEOUT_SECONDS

pytestmark = pytest.mark.slow
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
DATA = "s3://bucket/digits.npz"


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with serve_s3() as served:
        served.make_bucket("bucket")
        files.write_bytes(DATA, digits_npz())
        files.write_bytes("s3://bucket/torn.npz", digits_npz()[:2000])
        study = StudyMaker("s3://bucket/runs/made")
        study.add_trial(0, A)
        study.add_trial(1, B)
        served.make_bucket("locked", denied=["s3:PutObject"])
        served.make_bucket("unread", denied=["s3:GetObject"])
        files.write_bytes("s3://unread/digits.npz", digits_npz())
        yield served


def told(s3: S3, folder: Path, *words: str, **environment: str) -> str:
    """Run a command that has to refuse; return the one line that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        cwd=folder,
        env=ENVIRONMENT | s3.environment | {"PYTHONPATH": ENVIRONMENT["PYTHONPATH"]} | environment,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--runs", "s3://no-such-bucket/r"], "cannot be written: there is no bucket s3://no-such-bucket. Make it, or"),
        (["--runs", "s3://locked/runs"], "s3://locked/runs/new cannot be written: access is denied (Forbidden). This"),
        (["--runs", "nosuch://b/runs"], "nosuch://b/runs/new must be a path or an fsspec URL that this machine can op"),
        (
            ["--data", "s3://no-such-bucket/a.npz"],
            "--data s3://no-such-bucket/a.npz cannot be read: there is no bucket",
        ),
        (["--data", "s3://bucket/none.npz"], "--data s3://bucket/none.npz: there is no such file or folder. Check the"),
        (["--data", "s3://bucket/torn.npz"], "s3://bucket/torn.npz must be a zip, a folder or an .npz, and is no zip"),
        (
            ["--data", "nosuch://b/a.npz"],
            "--data nosuch://b/a.npz must be a path or an fsspec URL that this machine can",
        ),
        (["--start-from", "s3://bucket/none"], "--start-from: s3://bucket/none must be a study's folder, and is none"),
    ],
)
def test_a_search_refuses_in_one_line(words: list[str], line: str, s3: S3, tmp_path: Path) -> None:
    assert line in told(s3, tmp_path, "search", "--study", "new", *words)
    assert not (tmp_path / "runs").exists(), "nothing was begun"


def test_one_training_refuses_in_one_line(s3: S3, tmp_path: Path) -> None:
    assert "access is denied (Forbidden)" in told(s3, tmp_path, "core", "--study", "new", "--runs", "s3://locked/runs")
    line = told(s3, tmp_path, "core", "--study", "new", "--data", "s3://unread/digits.npz")
    assert "--data s3://unread/digits.npz cannot be" in line
    assert "access is denied (Forbidden)" in line


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["s3://no-such-bucket/runs/a"], "cannot be read: there is no bucket s3://no-such-bucket. Make it, or name"),
        (["s3://bucket/runs/none"], "must be a study's folder, and is none: there is no such folder. Name a folder"),
        (["s3://bucket/runs"], "must be a study's folder, and is none: it has no study.json. Name a folder"),
        (["s3://bucket/runs/made", "--out", "s3://locked/out"], "s3://locked/out/members.csv cannot be written: acce"),
        (["s3://bucket/runs/made", "--add-member", "s3://bucket/none.npz"], "s3://bucket/none.npz: there is no such"),
        (["nosuch://bucket/runs/made"], "must be a path or an fsspec URL that this machine can open: Protocol not"),
    ],
)
def test_a_vote_refuses_in_one_line(words: list[str], line: str, s3: S3, tmp_path: Path) -> None:
    assert line in told(s3, tmp_path, "ensemble", *words)


def test_missing_credentials_are_told_in_one_line(s3: S3, tmp_path: Path) -> None:
    words = "without credentials that are valid (Unable to locate credentials). Give them as the cloud's own tools"
    assert words in told(s3, tmp_path, "ensemble", "s3://bucket/runs/made", **NO_KEYS)
    assert words in told(s3, tmp_path, "search", "--study", "new", "--runs", "s3://bucket/runs", **NO_KEYS)
    assert words in told(s3, tmp_path, "search", "--study", "new", "--data", DATA, **NO_KEYS)


def test_an_endpoint_that_does_not_answer_is_told_in_one_line(s3: S3, tmp_path: Path) -> None:
    line = told(s3, tmp_path, "ensemble", "s3://bucket/runs/made", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert "s3://bucket/runs/made/study.json cannot be read: the object store does not answer (Could not conn" in line


@pytest.mark.parametrize(("scheme", "package", "extra"), [("s3", "s3fs", "s3"), ("gs", "gcsfs", "gs")])
def test_a_missing_package_is_told_in_one_line(scheme: str, package: str, extra: str, s3: S3, tmp_path: Path) -> None:
    environment = {}
    if importlib.util.find_spec(package) is not None:  # another one of that name goes before it
        (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError(\"No module named '{package}'\")")
        environment = {"PYTHONPATH": f"{tmp_path}:{ENVIRONMENT['PYTHONPATH']}"}
    for words in (["ensemble", f"{scheme}://b/a"], ["search", "--study", "new", "--runs", f"{scheme}://b/a"]):
        line = told(s3, tmp_path, *words, **environment)
        assert f"{scheme}://b/a" in line
        assert "needs a package that is not installed (" in line
        assert f"start the command with the extra {extra}: uv run --extra {extra} ..." in line
