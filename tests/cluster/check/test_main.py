"""The line before `ray up`: silent where all is right, and one line for each mistake."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.check import __main__, ray_up
from tests.cluster.guide import ROOT, commands
from tests.cluster.onprem import CONFIG, FILL_IN, filled_in

AWS = ROOT / "cluster" / "config.yaml"
Spoil = Callable[[Path], object]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder in which all is right: a key, a token, and both clusters' files filled in."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(ray_up.platform, "python_version_tuple", lambda: ("3", "11", "7"))  # whichever runs the tests
    (tmp_path / ".ray").mkdir()
    for name in ("key", ".ray/auth_token"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o600)
    values = {"head_ip": "192.0.2.2", "worker_ips": "[]", "ssh_user": "me", "ssh_private_key": "~/key"}
    (tmp_path / "onprem.yaml").write_text(filled_in(CONFIG.read_text(), values))
    (tmp_path / "aws.yaml").write_text(re.sub("(sg|ami)-FILL-IN", r"\1-1234", AWS.read_text()))
    return tmp_path


def edit(name: str, old: str, new: str) -> Spoil:
    """Return what changes a file of the desk."""

    def spoil(desk: Path) -> None:
        text = (desk / name).read_text()
        assert old in text
        (desk / name).write_text(text.replace(old, new))

    return spoil


def fill_in_only(*names: str) -> Spoil:
    """Return what leaves all but some lines of onprem.yaml as they are in the repository."""

    def fill_in(line: re.Match[str]) -> str:
        return f"{line['name']}: {line['example']}" if line["name"] in names else line[0]

    return lambda desk: (desk / "onprem.yaml").write_text(FILL_IN.sub(fill_in, CONFIG.read_text()))


@pytest.mark.parametrize("name", ["onprem.yaml", "aws.yaml"])
def test_check_is_silent_where_all_is_right(desk: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main([str(desk / name)]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        ("", lambda _: None, "export CLUSTER=cluster/onprem.yaml"),
        ("none.yaml", lambda _: None, "name the cluster's file, got"),
        ("onprem.yaml", edit("onprem.yaml", "provider:", "provider: ["), "must be a cluster's description in YAML"),
        ("onprem.yaml", lambda desk: (desk / "onprem.yaml").write_text("x"), "must be a cluster's description"),
        ("onprem.yaml", fill_in_only(), "must say head_ip below provider: take away the #"),
        ("onprem.yaml", fill_in_only("head_ip"), "must say worker_ips below provider"),
        ("onprem.yaml", fill_in_only("head_ip", "worker_ips"), "must say ssh_user below auth"),
        ("onprem.yaml", fill_in_only("head_ip", "worker_ips", "ssh_user"), "must say ssh_private_key below auth"),
        ("onprem.yaml", edit("onprem.yaml", "worker_ips: []", "worker_ips: 192.0.2.3"), "worker_ips must be a list"),
        ("onprem.yaml", lambda desk: (desk / "key").unlink(), "ssh_private_key must be a file, got"),
        ("onprem.yaml", lambda desk: (desk / "key").chmod(0o644), "chmod 600"),
        ("onprem.yaml", lambda desk: (desk / ".ray/auth_token").unlink(), "there must be a token in ~/.ray/auth_token"),
        ("aws.yaml", lambda desk: (desk / ".ray/auth_token").write_text(""), "there must be a token"),
        ("aws.yaml", lambda desk: (desk / ".ray/auth_token").chmod(0o644), "must have mode 600, got 644"),
        ("aws.yaml", lambda _: os.environ.pop("RAY_AUTH_MODE"), "RAY_AUTH_MODE must be token, got ''"),
        ("onprem.yaml", lambda desk: os.chdir(desk), "sends core, which is not there"),
        ("onprem.yaml", edit("onprem.yaml", '"3.11"', '"3.12"'), "is for Python 3.12, this is 3.11"),
        ("onprem.yaml", edit("onprem.yaml", '"2.60.0"', '"2.59.0"'), "is for ray 2.59.0, here is 2.60.0"),
        (
            "aws.yaml",
            edit("aws.yaml", "sg-1234", "sg-FILL-IN"),
            "must be filled in, got security_group: &security_grou",
        ),
        ("aws.yaml", edit("aws.yaml", "type: aws", "type: gpc"), "must say `provider: type:` as one of local, aws"),
    ],
)
def test_each_mistake_is_one_line_and_exit_code_2(
    desk: Path, name: str, spoil: Spoil, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(desk)
    assert __main__.main([str(desk / name)] if name else []) == 2
    printed, told = capsys.readouterr()
    assert printed == ""
    assert all(line.startswith("cluster.check: ") for line in told.splitlines())
    assert len([line for line in told.splitlines() if words in line]) == 1


def test_guide_checks_before_each_ray_up() -> None:
    for heading in ("Run a search", "From nothing to a submission"):
        (line,) = [line for line in commands(heading) if "ray up" in line]
        assert re.fullmatch(r"(uv run --extra \w+ )-m cluster.check \$CLUSTER && \1ray up --yes \$CLUSTER", line)


def test_command_stops_what_comes_after_it(desk: Path) -> None:
    check_first = f"{sys.executable} -m cluster.check {CONFIG} && echo ray up"
    done = subprocess.run(["sh", "-c", check_first], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "take away the # of its FILL-IN line" in done.stderr
    assert "Traceback" not in done.stderr
