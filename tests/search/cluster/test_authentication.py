import os
import sys

import pytest

from core.errors import ClusterError
from search.cluster.authentication import require_token, set_authentication
from tests.test_layers import loaded_by


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder without a token, in a process that shows one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.delenv("RAY_AUTH_TOKEN_PATH", raising=False)
    (tmp_path / ".ray").mkdir()
    return tmp_path


def write_token(path, mode: int, text: str = "secret\n") -> None:
    path.write_text(text)
    path.chmod(mode)


def test_require_token_wants_one_and_says_how_to_make_it(home):
    with pytest.raises(ClusterError, match=r"auth_token cannot be read: No such file.*mode 0600.*umask 077.*disabled"):
        require_token()


def test_require_token_takes_one_that_nobody_else_can_read(home):
    write_token(home / ".ray/auth_token", 0o600)
    require_token()
    write_token(home / ".ray/auth_token", 0o400)
    require_token()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_require_token_refuses_one_that_others_can_read_and_names_the_command(home, mode):
    write_token(home / ".ray/auth_token", mode)
    with pytest.raises(ClusterError, match=rf"you alone \(mode 0600\), got mode {mode:04o}.*chmod 600 .*auth_token"):
        require_token()


def test_require_token_refuses_an_empty_one(home):
    write_token(home / ".ray/auth_token", 0o600, "\n")
    with pytest.raises(ClusterError, match="must hold the cluster's token, and is empty"):
        require_token()


def test_require_token_looks_where_the_environment_says(home, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(home / "elsewhere"))
    with pytest.raises(ClusterError, match=r"elsewhere cannot be read"):
        require_token()
    write_token(home / "elsewhere", 0o600)
    require_token()


def test_require_token_needs_no_file_beside_a_token_or_without_authentication(home, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")
    require_token()
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    require_token()


def test_set_authentication_turns_tokens_on_and_makes_one_for_a_private_cluster_only(home, monkeypatch):
    monkeypatch.delenv("RAY_AUTH_MODE")
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    set_authentication("10.0.0.1:6379")
    assert (os.environ["RAY_AUTH_MODE"], os.environ.get("RAY_AUTH_TOKEN")) == ("token", None)
    set_authentication(None)
    assert len(os.environ["RAY_AUTH_TOKEN"]) == 64
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    set_authentication("10.0.0.1:6379")
    assert os.environ["RAY_AUTH_MODE"] == "disabled", "turned off on purpose"


def test_nothing_loads_ray_before_authentication_is_set():
    assert not {name for name in loaded_by("search.run") if name.partition(".")[0] == "ray"}
