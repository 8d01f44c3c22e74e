"""The check of a file for Google Cloud: silent where all is right, and one line for each mistake."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.check import __main__, gcp, ray_up
from tests.cluster.guide import ROOT, commands

CONFIG = ROOT / "cluster" / "gcp.yaml"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder in which all is right: a key, a token, and the file filled in."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(gcp, "_client", lambda: None)  # nobody has logged in
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(ray_up.platform, "python_version_tuple", lambda: ("3", "11", "7"))  # whichever runs the tests
    for name in (".ssh/softvote-gcp", ".ray/auth_token"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "gcp.yaml").write_text(CONFIG.read_text().replace("-FILL-IN", "-1234"))
    return tmp_path


def told(desk: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    code = __main__.main([str(desk / "gcp.yaml")])
    printed, lines = capsys.readouterr()
    assert printed == ""
    return code, lines.splitlines()


def test_check_is_silent_where_all_is_right(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(desk, capsys) == (0, [])


def test_each_line_that_is_not_filled_in_is_told(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "gcp.yaml").write_text(CONFIG.read_text())
    code, lines = told(desk, capsys)
    assert code == 2
    assert len([line for line in lines if "must be filled in, got" in line]) == 5


def test_guides_line_fills_in_all(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "cluster").mkdir()
    (desk / "cluster" / "gcp.yaml").write_text(CONFIG.read_text())
    (desk / ".ssh" / "softvote-gcp.pub").write_text("ssh-ed25519 AAAA/b+c== \n")
    (line,) = [line for line in commands("Once for a project") if line.startswith("sed ")]
    image = "https://www.googleapis.com/compute/v1/projects/p/global/images/i"
    values = {"PROJECT": "mine", "IMAGE": image, "ACCOUNTS": "mine.iam.gserviceaccount.com"}
    subprocess.run(["sh", "-c", line], cwd=desk, check=True, env=os.environ | values)
    text = (desk / "cluster" / "gcp.yaml").read_text()
    assert 'value: "ubuntu:ssh-ed25519 AAAA/b+c== ubuntu"' in text
    assert f"sourceImage: {image} #" in text
    (desk / "gcp.yaml").write_text(text)
    assert told(desk, capsys) == (0, [])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("type: external\n", "type: gcp\n", "must say `provider: type:` as one of"),
        (
            "cluster.google_cloud.Machines",
            "ray.x",
            "must order its machines by `module: cluster.google_cloud.Machines`",
        ),
        ("availability_zone: us-central1-a", "availability_zone: us-east1-b", "must be one zone of region us-central1"),
        ("diskTypes/pd", "diskTypes/../../../zones/us-east1-b/pd", "head must stay in the provider's zone"),
        ("regions/us-central1/", "regions/us-east1/", "head must stay in the provider's region us-central1"),
        ("spot, region: us-central1", "spot, region: us-east1", "gpu_l4: label region must be us-central1, as the"),
        ("provisioningModel: SPOT", "provisionModel: SPOT", "gpu_t4: node_config must not have scheduling.provisionM"),
        ("autoDelete: true", "autoDelete: 'true'", "head: node_config must have as disks[0].autoDelete a value of"),
        ("machineType: e2", "machinType: e2", "head: node_config must not have machinType, which there is not: is it"),
        (
            "machineType: n1-standard-4",
            "machineType: n1-standard-8",
            "label machine must be n1-standard-8-nvidia-tesla",
        ),
        ("g2-standard-4, market: on-demand", "g2-standard-4, market: spot", "label market must be on-demand, as the"),
        ("idle_timeout_minutes", "idle_timeout_minuets", "gcp.yaml: ray refuses its top level"),
        ("machineType: e2-standard-2", "scheduling: *on_demand", "must say the machine's machineType, got none"),
        (
            "      machineType: e2-",
            "      scheduling: { provisioningModel: SPOT }\n      machineType: e2-",
            "head must be on d",
        ),
        ('ray: "2.60.0"', 'ray: "2.59.0"', "is for ray 2.59.0, here is 2.60.0"),
    ],
)
def test_each_mistake_is_one_line(
    desk: Path, old: str, new: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (desk / "gcp.yaml").read_text()
    assert old in text
    (desk / "gcp.yaml").write_text(text.replace(old, new))
    code, lines = told(desk, capsys)
    assert code == 2
    assert len([line for line in lines if words in line]) == 1


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda desk, patch: patch.setenv("PYTHONPATH", ""), "export PYTHONPATH=$PWD"),
        (lambda desk, patch: patch.setenv("RAY_AUTH_MODE", ""), "RAY_AUTH_MODE must be token"),
        (lambda desk, patch: (desk / ".ray/auth_token").unlink(), "there must be a token"),
        (lambda desk, patch: (desk / ".ssh/softvote-gcp").unlink(), "ssh_private_key must be a file"),
    ],
)
def test_what_lies_beside_the_file_is_checked_too(
    desk: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path, pytest.MonkeyPatch], object],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(desk, monkeypatch)
    code, (line,) = told(desk, capsys)
    assert code == 2
    assert words in line
