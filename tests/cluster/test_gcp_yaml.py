"""cluster/gcp.yaml through Ray's own checks and through our policy; nothing here reaches a network."""

import copy
import functools
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ray depends on it; so it does on yaml
import pytest
import ray.autoscaler.gcp
import yaml  # type: ignore[import-untyped]
from ray.autoscaler._private.util import fillout_defaults, prepare_config, validate_config

from cluster.check import kubernetes
from tests.cluster import policy, policy_gcp
from tests.cluster.guide import GUIDE, ROOT

CONFIG = ROOT / "cluster" / "gcp.yaml"
AWS = ROOT / "cluster" / "config.yaml"
Edit = Callable[[dict[str, Any]], object]


@functools.cache
def as_text(file: Path) -> str:
    return json.dumps(yaml.safe_load(file.read_text()))


@pytest.fixture
def config() -> dict[str, Any]:
    return json.loads(as_text(CONFIG))  # which knows no anchors: what is edited in one place stays as it was elsewhere


@pytest.fixture
def prepared(config: dict[str, Any]) -> dict[str, Any]:
    """What `ray up` makes of the file before it asks a cloud."""
    return prepare_config(copy.deepcopy(config))


def violations(config: dict[str, Any]) -> list[str]:
    return policy.violations(config, kubernetes.versions()) + policy_gcp.violations(config)


def workers(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: node for name, node in config["available_node_types"].items() if name != config["head_node_type"]}


def node(config: dict[str, Any], name: str = "gpu_l4") -> dict[str, Any]:
    return config["available_node_types"][name]["node_config"]


def test_config_is_accepted_by_ray(prepared: dict[str, Any]) -> None:
    validate_config(prepared)


def test_ray_refuses_a_misspelt_field(config: dict[str, Any]) -> None:
    config["idle_timeout_minuets"] = config.pop("idle_timeout_minutes")
    with pytest.raises(jsonschema.ValidationError, match="idle_timeout_minuets"):
        validate_config(prepare_config(config))


def test_config_says_all_that_ray_has_no_default_for(config: dict[str, Any]) -> None:
    defaults = yaml.safe_load((CONFIG.parent / ray.autoscaler.gcp.__path__[0] / "defaults.yaml").read_text())
    assert set(defaults) <= set(config)  # of a provider that is not Ray's own it fills in nothing
    filled = fillout_defaults(copy.deepcopy(config))
    assert {key: filled[key] for key in config} == config


def test_config_takes_no_command_from_rays_defaults(config: dict[str, Any], prepared: dict[str, Any]) -> None:
    for key in ("setup_commands", "head_start_ray_commands", "worker_start_ray_commands"):
        assert prepared[key] == config[key]
    assert prepared["head_setup_commands"] == config["setup_commands"] + config["head_setup_commands"]
    assert prepared["worker_setup_commands"] == config["setup_commands"] + config["worker_setup_commands"]


def test_head_is_on_demand_and_runs_no_trials(prepared: dict[str, Any]) -> None:
    head = prepared["available_node_types"][prepared["head_node_type"]]
    assert head["resources"] == {"CPU": 0}
    assert head["max_workers"] == 0
    assert "scheduling" not in head["node_config"]
    assert head["labels"]["market"] == "on-demand"


def test_workers_are_spot_gpus_from_none_to_the_maximum(prepared: dict[str, Any]) -> None:
    spot = {name: worker for name, worker in workers(prepared).items() if worker["labels"]["market"] == "spot"}
    assert len(spot) >= 2  # another GPU where the first has no capacity
    for name, worker in workers(prepared).items():
        is_spot = worker["node_config"]["scheduling"].get("provisioningModel") == "SPOT"
        assert worker["resources"]["GPU"] == 1, name
        assert is_spot == (name in spot), name
        # what nobody takes away is dearer, and ordered by nobody who did not ask for it
        assert (worker["min_workers"], worker["max_workers"]) == (0, prepared["max_workers"] if is_spot else 0), name
    assert len({worker["priority"] for worker in workers(prepared).values()}) == len(workers(prepared))
    assert prepared["idle_timeout_minutes"] > 0


def test_labels_say_the_machine_that_is_ordered(config: dict[str, Any]) -> None:
    for name, node_type in config["available_node_types"].items():
        cards = [card["acceleratorType"] for card in node_type["node_config"].get("guestAccelerators", [])]
        assert node_type["labels"]["machine"] == "-".join([node_type["node_config"]["machineType"], *cards]), name
        assert node_type["labels"]["region"] == config["provider"]["region"], name


def test_config_breaks_no_rule_of_the_policy(prepared: dict[str, Any]) -> None:
    assert violations(prepared) == []


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (lambda c: c["provider"].update(type="gcp"), "provider must be ours"),
        (lambda c: c["provider"].update(cache_stopped_nodes=True), "must delete what is taken down"),
        (lambda c: c["auth"].pop("ssh_private_key"), "auth must name its key"),
        (lambda c: node(c).pop("serviceAccounts"), "gpu_l4 must have one service account of its own"),
        (
            lambda c: node(c, "head")["serviceAccounts"][0].update(email="ray-autoscaler-sa-v1@x"),
            "head must have one service account of its own",
        ),
        (
            lambda c: node(c)["serviceAccounts"][0].update(scopes=["https://www.googleapis.com/auth/cloud-platform"]),
            "gpu_l4 must not have the scope https://www.googleapis.com/auth/cloud-platform",
        ),
        (lambda c: c["metadata"].update(role="roles/editor"), "gives a broad role"),
        (lambda c: c["metadata"].update(role="roles/owner"), "gives a broad role"),
        (lambda c: c["metadata"].update(role="roles/compute.admin"), "gives a broad role"),
        (lambda c: node(c).pop("networkInterfaces"), "gpu_l4 must be in a network of its own"),
        (
            lambda c: node(c)["networkInterfaces"][0].update(subnetwork="regions/us-central1/subnetworks/default"),
            "gpu_l4 must be in a network of its own",
        ),
        (lambda c: node(c).update(tags={"items": ["http-server"]}), "gpu_l4 must carry the tag softvote"),
        (lambda c: node(c, "head").pop("metadata"), "head must have block-project-ssh-keys: TRUE"),
        (
            lambda c: node(c)["metadata"]["items"][3].update(value="TRUE"),
            "gpu_l4 must have serial-port-enable: FALSE in its metadata, got TRUE",
        ),
        (lambda c: node(c, "head")["shieldedInstanceConfig"].update(enableSecureBoot=False), "head must be a shielded"),
        (lambda c: node(c)["shieldedInstanceConfig"].update(enableVtpm=False), "gpu_l4 must be a shielded machine"),
        (lambda c: node(c)["disks"][0].update(autoDelete=False), "gpu_l4 must delete its disks with itself"),
        (
            lambda c: node(c)["disks"][0]["initializeParams"].update(sourceImage="projects/p/global/images/family/f"),
            "gpu_l4 must name one image, got a family's newest",
        ),
        (lambda c: node(c)["scheduling"].pop("instanceTerminationAction"), "gpu_l4 must be deleted when the cloud"),
        (lambda c: c["metadata"].update(firewall="0.0.0.0/0"), "is open to the world"),
        (lambda c: c["provider"].update(gcp_credentials={"private_key": "-----BEGIN"}), "looks like a secret"),
        (lambda c: c["metadata"].update(ray="2.59.0"), "metadata.ray is 2.59.0"),
        (lambda c: c["head_setup_commands"].append("uv sync --python 3.12"), "takes Python 3.12"),
        (lambda c: c.update(head_start_ray_commands=["ray start --head"]), "must start ray with RAY_AUTH_MODE=token"),
        (lambda c: c["worker_start_ray_commands"].pop(), "must run `python -m cluster.spot_notice` once"),
    ],
)
def test_policy_catches_an_unsafe_edit(config: dict[str, Any], edit: Edit, complaint: str) -> None:
    edit(config)
    assert any(complaint in line for line in violations(config))


def test_guide_gives_no_broad_role_and_opens_ssh_to_one_address() -> None:
    section = GUIDE.read_text().partition("## Google Cloud")[2].partition("\n## ")[0]
    assert "gcloud" in section
    assert policy_gcp.broad_grants(section) == []
    assert re.findall(r"--source-ranges[ =](\S+)", section) == ["$MY_ADDRESS/32"]
    assert policy_gcp.broad_grants("gcloud projects add-iam-policy-binding p --role roles/iam.serviceAccountUser")
    assert policy_gcp.broad_grants("firewall-rules create x --source-ranges 0.0.0.0/0")
    assert policy_gcp.broad_grants("--role roles/storage.objectAdmin")


def test_every_line_to_fill_in_is_filled_in_by_the_guide(config: dict[str, Any]) -> None:
    to_fill_in = {found for _, text in policy.scalars(config) for found in re.findall(r"[\w-]+-FILL-IN", text)}
    assert len(to_fill_in) == CONFIG.read_text().count("-FILL-IN") == 5
    section = GUIDE.read_text().partition("## Google Cloud")[2].partition("\n## ")[0]
    assert all(f"s|{placeholder}|" in section for placeholder in to_fill_in)


def test_packages_come_from_the_projects_own_file(config: dict[str, Any]) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for key, wanted in (("head_setup_commands", {"gcp"}), ("worker_setup_commands", {"gcp", "gpu"})):
        (sync,) = [command for command in config[key] if "uv sync" in command]
        assert set(re.findall(r"--extra (\w+)", sync)) == wanted <= set(extras)
    assert f"ray[default]=={kubernetes.versions()['ray']}" in extras["gcp"]


def test_both_clouds_start_and_prepare_ray_alike(config: dict[str, Any]) -> None:
    aws = yaml.safe_load(AWS.read_text().replace("--extra aws", "--extra gcp"))
    for key in ("setup_commands", "head_setup_commands", "worker_setup_commands", "rsync_exclude"):
        assert config[key] == aws[key]
    for key in ("head_start_ray_commands", "worker_start_ray_commands"):
        assert config[key] == aws[key]
    own = {"/home/ubuntu/softvote/cluster/google_cloud.py": "cluster/google_cloud.py"}
    assert config["file_mounts"] == aws["file_mounts"] | own
    assert all((ROOT / local).exists() for local in config["file_mounts"].values() if not local.startswith("~"))
