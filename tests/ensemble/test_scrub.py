import base64
import json
from pathlib import Path

import pytest

from ensemble.scrub import kaggle_secrets, scrub

CANARY = "c4n4ry0123456789"


@pytest.fixture(autouse=True)
def _no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def test_kaggle_secrets_are_none_where_there_are_none() -> None:
    assert kaggle_secrets({"PATH": "/bin", "KAGGLE_USERNAME": "someone", "KAGGLE_KEY": ""}) == ()


@pytest.mark.parametrize("name", ["KAGGLE_KEY", "KAGGLE_API_TOKEN", "KAGGLE_API_V1_TOKEN", "KAGGLE_USER_SECRETS_TOKEN"])
def test_kaggle_secrets_are_of_the_environment(name: str) -> None:
    assert CANARY in kaggle_secrets({name: CANARY})


@pytest.mark.parametrize("field", ["key", "token", "access_token", "refresh_token"])
@pytest.mark.parametrize("file", ["kaggle.json", "credentials.json"])
@pytest.mark.parametrize("folder", [".kaggle", ".config/kaggle", "own", "xdg/kaggle"])
def test_kaggle_secrets_are_of_the_files(tmp_path: Path, folder: str, file: str, field: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / file).write_text(json.dumps({"username": "someone", field: CANARY, "scopes": ["a"]}))
    environment = {"KAGGLE_CONFIG_DIR": str(tmp_path / "own"), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    secrets = kaggle_secrets(environment)
    assert CANARY in secrets
    assert base64.b64encode(f"someone:{CANARY}".encode()).decode() in secrets
    assert "someone" not in secrets


def test_kaggle_secrets_are_of_token_files_and_of_a_file_that_a_variable_names(tmp_path: Path) -> None:
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle" / "access_token").write_text("token-in-home\n")
    (tmp_path / "named").write_text("token-in-file\n")
    assert {"token-in-home", "token-in-file"} <= set(kaggle_secrets({"KAGGLE_API_TOKEN": str(tmp_path / "named")}))


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b'{"key": 3}'])
def test_kaggle_secrets_pass_over_torn_files(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle" / "kaggle.json").write_bytes(content)
    assert kaggle_secrets({}) == ()


def test_scrub_hides_the_longer_secret_first() -> None:
    secrets = kaggle_secrets({"KAGGLE_KEY": CANARY, "KAGGLE_API_TOKEN": CANARY + "-longer"})
    assert scrub(f"a {CANARY}-longer b {CANARY} c", secrets) == "a *** b *** c"


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Authorization: Basic Y2FuYXJ5OkNBTkFSWQ==", "Authorization: Basic ***"),
        ("authorization: bearer abc.def-123456", "authorization: bearer ***"),
        ("token KGAT_0123abc.", "token ***."),
        ("proxy http://me:word@proxy:3128/ down", "proxy http://***@proxy:3128/ down"),
        ("url: /upload/o?uploadType=resumable&upload_id=ADPyc (Caused", "url: /upload/o (Caused"),
        ("Is it basic? Yes: 3 rows", "Is it basic? Yes: 3 rows"),
    ],
)
def test_scrub_hides_what_looks_like_a_secret_and_nothing_else(text: str, scrubbed: str) -> None:
    assert scrub(text, ()) == scrubbed
