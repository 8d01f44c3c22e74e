"""cluster/config.yaml through Ray's own checks and through our policy; nothing here reaches a network."""

import copy
import json
import re
import tomllib
from collections.abc import Callable
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ray depends on it; so it does on yaml
import pytest
import yaml  # type: ignore[import-untyped]
from ray.autoscaler._private.util import prepare_config, validate_config

from tests.cluster.guide import ROOT, script
from tests.cluster.policy import NEVER_SYNCED, scalars, violations
from tests.cluster.policy_aws import broad_grants, documents

CONFIG = ROOT / "cluster" / "config.yaml"
GUIDE_OF_THE_ACCOUNT = script("Once for an account")
AS_JSON = json.dumps(yaml.safe_load(CONFIG.read_text()))
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(autouse=True)
def no_real_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Ray may try from here: the keys are false and the address is a closed port of this machine."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "testing")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")


@pytest.fixture
def config() -> dict[str, Any]:
    return json.loads(AS_JSON)  # which knows no anchors: what is edited in one place stays as it was elsewhere


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def versions(project: dict[str, Any]) -> dict[str, str]:
    """The project's own pins, and the oldest Python that it takes."""
    found = {"python": project["requires-python"].split(",")[0].removeprefix(">=")}
    for line in project["dependencies"]:
        name, _, version = line.partition("==")
        found[name.partition("[")[0]] = version
    return found


@pytest.fixture
def prepared(config: dict[str, Any]) -> dict[str, Any]:
    """What `ray up` makes of the file before it asks a cloud."""
    return prepare_config(copy.deepcopy(config))


def workers(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: node for name, node in config["available_node_types"].items() if name != config["head_node_type"]}


def test_config_is_accepted_by_ray(prepared: dict[str, Any]) -> None:
    validate_config(prepared)


def test_ray_refuses_a_misspelt_field(config: dict[str, Any]) -> None:
    config["idle_timeout_minuets"] = config.pop("idle_timeout_minutes")
    with pytest.raises(jsonschema.ValidationError, match="idle_timeout_minuets"):
        validate_config(prepare_config(config))


def test_config_takes_no_command_from_rays_defaults(config: dict[str, Any], prepared: dict[str, Any]) -> None:
    for key in ("setup_commands", "head_start_ray_commands", "worker_start_ray_commands"):
        assert prepared[key] == config[key]
    assert prepared["head_setup_commands"] == config["setup_commands"] + config["head_setup_commands"]
    assert prepared["worker_setup_commands"] == config["setup_commands"] + config["worker_setup_commands"]


def test_head_is_on_demand_and_runs_no_trials(prepared: dict[str, Any]) -> None:
    head = prepared["available_node_types"][prepared["head_node_type"]]
    assert head["resources"] == {"CPU": 0}
    assert head["max_workers"] == 0
    assert "InstanceMarketOptions" not in head["node_config"]


def test_workers_are_spot_gpus_from_none_to_the_maximum(prepared: dict[str, Any]) -> None:
    spot = {name: worker for name, worker in workers(prepared).items() if worker["labels"]["market"] == "spot"}
    assert len(spot) >= 2  # another GPU where the first has no capacity
    for name, worker in spot.items():
        assert worker["resources"]["GPU"] == 1, name
        assert (worker["min_workers"], worker["max_workers"]) == (0, prepared["max_workers"]), name
        assert worker["node_config"]["InstanceMarketOptions"]["MarketType"] == "spot", name
    assert len({worker["priority"] for worker in workers(prepared).values()}) == len(workers(prepared))
    assert prepared["idle_timeout_minutes"] > 0


def test_workers_on_demand_are_the_last_resort_and_none_unless_asked_for(prepared: dict[str, Any]) -> None:
    (dear,) = [worker for worker in workers(prepared).values() if worker["labels"]["market"] == "on-demand"]
    assert dear["max_workers"] == 0
    assert dear["priority"] == min(worker["priority"] for worker in workers(prepared).values())


def test_head_uses_the_autoscaler_that_asks_our_choice(config: dict[str, Any]) -> None:
    (start,) = [command for command in config["head_start_ray_commands"] if "ray start" in command]
    assert "RAY_enable_autoscaler_v2=0" in start
    assert "RAY_AUTOSCALER_UTILIZATION_SCORER=cluster.node_choice.score" in start
    assert "PYTHONPATH=$HOME/softvote" in start


def test_config_breaks_no_rule_of_the_policy(prepared: dict[str, Any], versions: dict[str, str]) -> None:
    assert violations(prepared, versions) == []


def node(config: dict[str, Any], name: str = "gpu_g5") -> dict[str, Any]:
    return config["available_node_types"][name]["node_config"]


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (lambda c: c["provider"].update(security_group={"IpPermissions": ["0.0.0.0/0"]}), "is open to the world"),
        (lambda c: c["head_start_ray_commands"].append("ray dashboard ::/0"), "is open to the world"),
        (lambda c: node(c).update(IamInstanceProfile={"Arn": "x/AmazonS3FullAccess"}), "gives full access"),
        (lambda c: node(c).pop("MetadataOptions"), "gpu_g5 must require IMDSv2"),
        (lambda c: node(c, "head").update(MetadataOptions={"HttpTokens": "optional"}), "head must require IMDSv2"),
        (lambda c: node(c).pop("BlockDeviceMappings"), "gpu_g5 must encrypt its disks"),
        (lambda c: node(c).pop("SecurityGroupIds"), "gpu_g5 must name its SecurityGroupIds"),
        (lambda c: node(c, "head").pop("IamInstanceProfile"), "head must name its IamInstanceProfile"),
        (lambda c: node(c)["BlockDeviceMappings"][0]["Ebs"].pop("Encrypted"), "gpu_g5 must encrypt its disks"),
        (
            lambda c: node(c)["BlockDeviceMappings"][0]["Ebs"].pop("DeleteOnTermination"),
            "must delete its disks with it",
        ),
        (lambda c: node(c).update(ImageId="resolve:ssm:/aws/latest"), "gpu_g5 must pin its image by an id"),
        (lambda c: node(c).pop("ImageId"), "gpu_g5 must pin its image by an id, got None"),
        (lambda c: node(c, "head").update(InstanceMarketOptions={"MarketType": "spot"}), "head must be on demand"),
        (lambda c: c["provider"].pop("key_pair"), "provider must name its key_pair"),
        (lambda c: c["provider"].pop("cache_stopped_nodes"), "provider must delete what is taken down"),
        (lambda c: c["provider"].update(aws_credentials={"aws_access_key_id": "x"}), "looks like a secret"),
        (lambda c: c["setup_commands"].append("export X=AKIA" + 16 * "A"), "looks like a secret"),
        (lambda c: c["setup_commands"].append("export RAY_AUTH_TOKEN=x"), "looks like a secret"),
        (lambda c: c["metadata"].update(ray="2.59.0"), "metadata.ray is 2.59.0"),
        (lambda c: c["metadata"].update(python="3.12"), "metadata.python is 3.12"),
        (lambda c: c["setup_commands"].append("pip install ray[default]==2.59.0"), "installs ray[default] 2.59.0"),
        (lambda c: c["head_setup_commands"].append("uv sync --python 3.12"), "takes Python 3.12"),
        (lambda c: c["rsync_exclude"].remove("**/.aws"), "rsync_exclude must name .aws"),
        (lambda c: c["file_mounts"].update({"/x": "~/.aws"}), "file_mounts must not send ~/.aws"),
        (lambda c: c["file_mounts"].update({"/x": "runs/first"}), "file_mounts must not send runs/first"),
        (lambda c: c.update(worker_start_ray_commands=["ray start"]), "worker_start_ray_commands must start ray with"),
        (lambda c: c.update(head_start_ray_commands=["RAY_AUTH_MODE=token ray start"]), "keep the dashboard on"),
        (lambda c: c["worker_start_ray_commands"].pop(), "must run `python -m cluster.spot_notice` once"),
        (lambda c: c["worker_start_ray_commands"].reverse(), "once, after `ray start`"),
        (lambda c: c["worker_start_ray_commands"].append("python -m cluster.spot_notice"), "must not hold the ssh"),
        (
            lambda c: c["worker_start_ray_commands"].append("python -m cluster.spot_notice"),
            "agent must run with RAY_AUTH",
        ),
        (lambda c: c["file_mounts"].pop("/home/ubuntu/softvote/cluster/spot_notice"), "must send cluster/spot_notice"),
    ],
)
def test_policy_catches_an_unsafe_edit(
    config: dict[str, Any], versions: dict[str, str], edit: Edit, complaint: str
) -> None:
    edit(config)
    assert any(complaint in line for line in violations(config, versions))


def test_versions_of_the_file_are_named(config: dict[str, Any], versions: dict[str, str]) -> None:
    assert {"python", "ray", "tensorflow"} <= set(config["metadata"]) & set(versions)


def test_packages_come_from_the_projects_own_file(config: dict[str, Any], project: dict[str, Any]) -> None:
    for key, extras in (("head_setup_commands", {"aws"}), ("worker_setup_commands", {"aws", "gpu"})):
        (sync,) = [command for command in config[key] if "uv sync" in command]
        assert set(re.findall(r"--extra (\w+)", sync)) == extras <= set(project["optional-dependencies"])
    assert not [text for _, text in scalars(config) if "pip install" in text and "uv==" not in text]


def test_extra_aws_brings_the_projects_own_ray(project: dict[str, Any], versions: dict[str, str]) -> None:
    (ray,) = [line for line in project["optional-dependencies"]["aws"] if line.startswith("ray")]
    assert ray == f"ray[default]=={versions['ray']}"


def test_environment_comes_first_in_path_on_every_node(config: dict[str, Any]) -> None:
    (line,) = [command for command in config["setup_commands"] if ".bashrc" in command]
    assert 'PATH="$HOME/softvote/.venv/bin:$PATH"' in line
    assert "RAY_AUTH_MODE=token" in line


def test_token_travels_as_a_file_that_only_its_owner_reads(config: dict[str, Any]) -> None:
    assert config["file_mounts"]["/home/ubuntu/.ray/auth_token"] == "~/.ray/auth_token"
    assert "chmod 600 ~/.ray/auth_token" in config["setup_commands"][0]


def test_mounts_are_the_packages_what_they_need_and_the_token_only(config: dict[str, Any]) -> None:
    sent = {local for remote, local in config["file_mounts"].items() if not remote.endswith("auth_token")}
    of_cluster = {"cluster/spot_notice", "cluster/node_choice.py", "cluster/prices.csv"}
    assert sent == {"core", "search", "ensemble", "pyproject.toml"} | of_cluster
    assert all((ROOT / local).exists() for local in sent)
    assert {pattern.removeprefix("**/") for pattern in config["rsync_exclude"]} >= set(NEVER_SYNCED)


def test_every_line_to_fill_in_is_explained(config: dict[str, Any]) -> None:
    to_fill_in = {text for _, text in scalars(config) if "FILL-IN" in text}
    assert to_fill_in == {"sg-FILL-IN", "ami-FILL-IN"}
    guide = (ROOT / "cluster" / "README.md").read_text()
    assert all(placeholder in guide for placeholder in to_fill_in)


def test_guide_gives_no_more_than_is_needed() -> None:
    assert broad_grants(GUIDE_OF_THE_ACCOUNT) == []
    assert len(documents(GUIDE_OF_THE_ACCOUNT)) == 3  # who may take the roles, the bucket, the workers


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("$MY_ADDRESS/32", "0.0.0.0/0", "--cidr 0.0.0.0/0"),
        ('"ec2:TerminateInstances"]', '"ec2:*"]', "names more than it must"),
        (""""'$WORKER'",""", '"*",', "['iam:PassRole'] on everything"),
        ("aws iam put-role-policy", "aws iam attach-role-policy", "attach-role-policy"),
        (
            """,
   "Condition": {"StringEquals": {"aws:ResourceTag/ray-cluster-name": "softvote"}}""",
            "",
            "on every machine of the account",
        ),
    ],
)
def test_policy_catches_a_broad_grant(old: str, new: str, complaint: str) -> None:
    assert old in GUIDE_OF_THE_ACCOUNT
    assert any(complaint in line for line in broad_grants(GUIDE_OF_THE_ACCOUNT.replace(old, new)))


def test_guide_lets_the_head_order_what_the_file_names(config: dict[str, Any]) -> None:
    statements = [statement for document in documents(GUIDE_OF_THE_ACCOUNT) for statement in document["Statement"]]
    (run,) = [one["Condition"]["StringEquals"] for one in statements if "ec2:InstanceType" in str(one)]
    assert set(run["ec2:InstanceType"]) == {worker["labels"]["machine"] for worker in workers(config).values()}
    assert run["aws:RequestTag/ray-cluster-name"] == config["cluster_name"]
    for name, node_type in config["available_node_types"].items():
        role = "softvote-head" if name == config["head_node_type"] else "softvote-worker"
        assert node_type["node_config"]["IamInstanceProfile"] == {"Name": role}
        assert role in GUIDE_OF_THE_ACCOUNT


def test_guide_lists_the_lines_that_override_rays_defaults() -> None:
    guide = (ROOT / "cluster" / "README.md").read_text()
    table = guide.partition("### Where this differs from Ray's defaults")[2].partition("\n\nThe tests")[0]
    lines = re.findall(r"`([^`]+)`", "".join(row.rpartition(" | ")[2] for row in table.splitlines()))
    assert len(lines) >= 10
    assert [line for line in lines if line not in CONFIG.read_text()] == []
