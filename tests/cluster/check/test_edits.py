"""Files of which a value is of another kind than it must be: one line for each, exit code 2, and no traceback."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from cluster.check import __main__, aws_offerings, gcp
from tests.cluster.google import ComputeEngine, client
from tests.cluster.guide import ROOT
from tests.cluster.onprem import filled_in

VALUES = {"head_ip": "192.0.2.2", "worker_ips": "[]", "ssh_user": "me", "ssh_private_key": "~/.ssh/softvote-gcp"}
TEXTS = {name: (ROOT / "cluster" / f"{name}.yaml").read_text() for name in ("config", "gcp", "kubernetes", "onprem")}
TEXTS["onprem"] = filled_in(TEXTS["onprem"], VALUES)
FILES = {
    name: json.dumps(list(yaml.safe_load_all(re.sub("(?<=[a-z])-FILL-IN", "-1234", text))))
    for name, text in TEXTS.items()
}
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home folder in which all is right, and no cloud to ask."""
    for name in (".ssh/softvote-gcp", ".ray/auth_token"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o600)
    for name, value in {"HOME": str(tmp_path), "RAY_AUTH_MODE": "token", "PYTHONPATH": str(ROOT)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("cluster.check.ray_up.platform.python_version_tuple", lambda: ("3", "11", "7"))
    monkeypatch.setattr(gcp, "_client", lambda: None)
    monkeypatch.setattr(aws_offerings, "mistakes", lambda *_: iter(()))


def told(tmp_path: Path, text: str | bytes, capsys: pytest.CaptureFixture[str]) -> list[str]:
    (tmp_path / "x.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    code = __main__.main([str(tmp_path / "x.yaml")])
    printed, lines = capsys.readouterr()
    assert printed == ""
    assert code == (2 if lines else 0)
    return [line.removeprefix(f"cluster.check: {tmp_path / 'x.yaml'}") for line in lines.splitlines()]


def edited(name: str, edit: Edit) -> str:
    documents = json.loads(FILES[name])
    edit(documents[-1])
    return "\n---\n".join(json.dumps(document) for document in documents)  # which is YAML too, and sooner read


def spot(config: dict[str, Any]) -> dict[str, Any]:
    """Return a node type of the cloud's file."""
    types = config["available_node_types"]
    return types["gpu_l4" if "gpu_l4" in types else "gpu_g5"]


def machine(config: dict[str, Any]) -> dict[str, Any]:
    return spot(config)["node_config"]


def group(job: dict[str, Any]) -> dict[str, Any]:
    return job["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]


def pod(job: dict[str, Any]) -> dict[str, Any]:
    return group(job)["template"]["spec"]


def without(*names: str) -> Edit:
    return lambda config: [config.pop(name) for name in names]


@pytest.mark.parametrize("name", FILES)
def test_files_are_right_before_they_are_edited(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(tmp_path, edited(name, lambda _: None), capsys) == []


def test_number_of_machines_may_be_left_to_ray(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(tmp_path, edited("config", without("max_workers")), capsys) == []


def for_ray_up() -> Iterator[tuple[str, Edit, str]]:
    """Yield what any file for `ray up` may have wrong."""
    for name in ("config", "gcp", "onprem"):
        yield name, lambda c: c.update(auth="x"), ": ray refuses auth: 'x' is not of type 'object'"
        yield name, lambda c: c.update(file_mounts=["x"]), ": ray refuses file_mounts: ['x'] is not"
        yield name, lambda c: c["file_mounts"].update(x=7), ": file_mounts.x must be a path, got 7"
        yield name, lambda c: c.update(metadata=["x"]), ": ray refuses metadata: ['x'] is not of type"
        yield name, lambda c: c["auth"].update(ssh_private_key=7), ": ray refuses auth.ssh_private_key: 7 is not"
        yield name, lambda c: c.update(setup_commands=7), ": ray refuses setup_commands: 7 is not of type 'array'"
        yield name, lambda c: c.update(available_node_types="x"), ": ray refuses available_node_types: 'x' is not"
        yield name, lambda c: c["provider"].update(region=7), ": ray refuses provider.region: 7 is not of type"
        yield name, lambda c: c.update(provider="x"), " must have a mapping below provider, got 'x'"
        yield name, lambda c: c["metadata"].update(tensorflow="2.0"), " is for tensorflow 2.0, pyproject.toml says"


def for_a_cloud() -> Iterator[tuple[str, Edit, str]]:
    for name in ("config", "gcp"):
        yield name, without("available_node_types"), " must name its machines below available_node_types, got none"
        yield name, without("available_node_types", "head_node_type"), " must name its machines below available_n"
        yield name, lambda c: c["provider"].pop("region"), " must say its region below provider, got none"
        yield name, lambda c: spot(c).update(labels=["x"]), ": ray refuses available_node_types.gpu_"
        yield name, lambda c: spot(c).update(node_config="x"), ": ray refuses available_node_types.gpu_"


GOOGLE: list[tuple[Edit, str]] = [
    (lambda c: machine(c).update(guestAccelerators=["x"]), "must have as guestAccelerators[0] a mapping, got 'x'"),
    (lambda c: machine(c).update(guestAccelerators=None), "must have as guestAccelerators a value of type array"),
    (lambda c: machine(c).update(guestAccelerators=[{}]), "guestAccelerators must say its acceleratorType, got one"),
    (lambda c: machine(c).update(machineType=7), "must have as machineType a value of type string, got 7"),
    (lambda c: machine(c).update(scheduling="x"), "must have as scheduling a mapping, got 'x'"),
]
KUBERNETES: list[tuple[Edit, str]] = [
    (without("apiVersion"), ": RayJob must say its apiVersion, got none"),
    (lambda j: j.update(metadata="x"), ": RayJob must have a mapping as its metadata, got 'x'"),
    (lambda j: j.update(spec="x"), ": RayJob must have a mapping as its spec, got 'x'"),
    (without("spec"), ": RayJob must have a mapping as its spec, got None"),
    (lambda j: j["metadata"].update(annotations="x"), "must have a mapping as its annotations, got 'x'"),
    (lambda j: j["metadata"]["annotations"].update({"softvote/keras": "2"}), "is for keras 2, pyproject.toml says"),
    (lambda j: group(j)["template"].update(spec="x"), ": group gpu must have a container in its template"),
    *((lambda j, v=v: pod(j).update(containers=v), "gpu must have a container in") for v in ("x", 7, ["x"], [7], None)),
    (lambda j: group(j).update(groupName=None), "groupName a value of type string, got None"),
]


@pytest.mark.parametrize(
    ("name", "edit", "words"),
    [
        *for_ray_up(),
        *for_a_cloud(),
        ("config", lambda c: machine(c).update(InstanceType=7), "Invalid type for parameter InstanceType, value: 7"),
        *(("gcp", edit, words) for edit, words in GOOGLE),
        *(("kubernetes", edit, words) for edit, words in KUBERNETES),
    ],
)
def test_value_of_another_kind_is_one_line(
    name: str, edit: Edit, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = told(tmp_path, edited(name, edit), capsys)
    assert words in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("5", " must be a cluster's description in YAML, which is a mapping, got '5'"),
        ("[]", " must be a cluster's description in YAML, which is a mapping, got '[]'"),
        ("", " must say `provider: type:` as one of local, aws, external, kubernetes, got ''"),
        ("---\n---\n", " must say `provider: type:` as one of local"),
        ("provider: 2020-99-99", " must be a cluster's description in YAML: month must be in 1..12"),
        (b"provider: \xe9\n", " must be a cluster's description in YAML: 'utf-8' codec can't decode byte 0xe9"),
        (f"---\n---\n{edited('onprem', lambda _: None)}", " must be one document, got 2: take out the lines `---`"),
        (edited("kubernetes", lambda _: None) + "\n---\n5\n", " must hold mappings, one a document, got another value"),
        ("kind: RayCluster\nmetadata: {name: x}\nspec: {7: 8}", ": RayCluster must say its apiVersion, got none"),
    ],
)
def test_file_of_another_kind_is_told(
    text: str | bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(tmp_path, text, capsys)[0].startswith(words)


def test_empty_document_before_those_for_kubernetes_is_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(tmp_path, f"---\n---\n{edited('kubernetes', lambda _: None)}", capsys) == []


def test_what_no_check_foresaw_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(file: str, config: dict[str, Any]) -> Iterator[str]:
        yield str(config["what no file has"])

    monkeypatch.setitem(__main__.file.KINDS, "local", stumble)
    (line,) = told(tmp_path, edited("onprem", lambda _: None), capsys)
    assert line == " holds a value that is not what it must be: KeyError: 'what no file has'"


def test_google_is_asked_for_no_card_that_is_not_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcp, "_client", lambda: client(ComputeEngine()))
    every: list[Any] = [None, [{}], [{"acceleratorCount": 1}]]
    for cards in every:
        text = edited("gcp", lambda c, cards=cards: machine(c).update(guestAccelerators=cards))  # type: ignore[misc]
        (line,) = told(tmp_path, text, capsys)
        assert "guestAccelerators" in line
