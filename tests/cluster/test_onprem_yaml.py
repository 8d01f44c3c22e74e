"""cluster/onprem.yaml through Ray's own checks and through our policy; nothing here reaches a network."""

import copy
import re
import tomllib
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from ray.autoscaler._private.util import prepare_config, validate_config

from tests.cluster.guide import GUIDE, ROOT, commands
from tests.cluster.onprem import CONFIG, FILL_IN, filled_in
from tests.cluster.policy import violations

VALUES = {
    "head_ip": "192.0.2.2",
    "worker_ips": "[192.0.2.3]",
    "ssh_user": "me",
    "ssh_private_key": "~/.ssh/id_ed25519",
}


@pytest.fixture
def config() -> dict[str, Any]:
    return yaml.safe_load(filled_in(CONFIG.read_text(), VALUES))


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_lines_to_fill_in_are_the_addresses_the_user_and_the_key() -> None:
    text = CONFIG.read_text()
    assert [line["name"] for line in FILL_IN.finditer(text)] == list(VALUES)
    assert text.count("FILL-IN") == len(VALUES) + 1  # and the sentence that says so


def test_examples_of_the_lines_to_fill_in_make_a_good_file() -> None:
    text = CONFIG.read_text()
    examples = {line["name"]: line["example"] for line in FILL_IN.finditer(text)}
    validate_config(prepare_config(yaml.safe_load(filled_in(text, examples))))


def test_config_is_accepted_by_ray_and_takes_no_command_from_its_defaults(config: dict[str, Any]) -> None:
    prepared = prepare_config(copy.deepcopy(config))
    validate_config(prepared)
    for key in ("setup_commands", "head_start_ray_commands", "worker_start_ray_commands"):
        assert prepared[key] == config[key]


def test_config_breaks_no_rule_of_the_policy(config: dict[str, Any], project: dict[str, Any]) -> None:
    versions = dict(line.partition("==")[::2] for line in project["dependencies"])
    versions = {name.partition("[")[0]: version for name, version in versions.items()}
    versions["python"] = project["requires-python"].split(",")[0].removeprefix(">=")
    assert violations(prepare_config(config), versions) == []
    config["rsync_exclude"].clear()
    assert "rsync_exclude must name .ssh" in violations(prepare_config(config), versions)


def test_mounts_are_the_packages_the_agent_the_prices_and_the_token_only(config: dict[str, Any]) -> None:
    sent = {local for remote, local in config["file_mounts"].items() if not remote.endswith("auth_token")}
    assert sent == {"core", "search", "ensemble", "cluster/spot_notice", "cluster/prices.csv", "pyproject.toml"}
    assert all((ROOT / local).exists() for local in sent)
    assert "chmod 600 ~/.ray/auth_token" in config["setup_commands"][0]


def test_packages_come_from_the_projects_own_file(config: dict[str, Any], project: dict[str, Any]) -> None:
    (sync,) = [command for command in config["setup_commands"] if "uv sync" in command]
    assert set(re.findall(r"--extra (\w+)", sync)) == {"cluster", "s3", "gpu"} <= set(project["optional-dependencies"])
    assert "--no-dev" in sync
    assert not [command for command in config["setup_commands"] if "pip install" in command and "uv==" not in command]


def test_both_files_give_a_job_the_same_environment(config: dict[str, Any]) -> None:
    aws = yaml.safe_load((ROOT / "cluster" / "config.yaml").read_text())
    (ours,) = [command for command in config["setup_commands"] if ".bashrc" in command]
    (theirs,) = [command for command in aws["setup_commands"] if ".bashrc" in command]
    assert ours.replace(":$HOME/.local/bin", "") == theirs


def test_guide_runs_every_cluster_with_one_command() -> None:
    searches = [
        line
        for line in GUIDE.read_text().replace("\\\n", "").splitlines()
        if "ray exec" in line and "job submit" in line
    ]
    plain = [re.sub(r"--extra \w+| --gpus-per-trial [\d.]+", "", line) for line in searches]
    assert len(plain) == 3
    assert len(set(plain)) == 1
    assert commands("Take it down")
