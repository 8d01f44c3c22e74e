"""How machines of Google Cloud are ordered: by Google's own client, whose requests end at answers made here."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from ray.autoscaler._private import commands, providers
from ray.autoscaler.node_launch_exception import NodeLaunchException

from cluster.check import gcp
from cluster.google_cloud import NAMED, Machines
from tests.cluster import guide
from tests.cluster.google import ComputeEngine, client, play
from tests.cluster.guide import ROOT

ZONE = "zones/us-central1-a"
PERMISSIONS = {
    ("POST", f"{ZONE}/instances"): "compute.instances.create",
    ("GET", f"{ZONE}/instances"): "compute.instances.list",
    ("POST", f"{ZONE}/instances/NAME/setLabels"): "compute.instances.setLabels",
    ("DELETE", f"{ZONE}/instances/NAME"): "compute.instances.delete",
    ("GET", ZONE): "compute.zoneOperations.get",
}
OF_AN_ORDER = {
    "disks": "compute.disks.create",
    "networkInterfaces": "compute.subnetworks.use",
    "accessConfigs": "compute.subnetworks.useExternalIp",
    "metadata": "compute.instances.setMetadata",
    "tags": "compute.instances.setTags",
    "serviceAccounts": "compute.instances.setServiceAccount",
}
"""What a request needs, and what a field of an order needs besides."""
TAGS = {"ray-node-name": "ray-softvote-worker"}


@pytest.fixture
def config() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "cluster" / "gcp.yaml").read_text())


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> ComputeEngine:
    engine = ComputeEngine()
    play(monkeypatch, engine)
    return engine


def node_config(config: dict[str, Any], name: str) -> dict[str, Any]:
    return config["available_node_types"][name]["node_config"]


def order(config: dict[str, Any], name: str, count: int = 1) -> dict[str, dict]:
    machines = Machines(config["provider"], config["cluster_name"])
    return machines.create_node(node_config(config, name), TAGS, count)


def test_file_names_the_provider_that_ray_will_find(config: dict[str, Any]) -> None:
    assert providers._get_node_provider_cls(config["provider"]) is Machines


def test_preparing_asks_the_cloud_for_nothing(config: dict[str, Any], engine: ComputeEngine) -> None:
    assert Machines.bootstrap_config(config) == config
    assert engine.asked == []  # Ray's own makes an account, gives it roles, and opens the project's machines to a key


def test_ray_up_prepares_the_file_and_finds_no_machine_yet(config: dict[str, Any], engine: ComputeEngine) -> None:
    prepared = commands._bootstrap_config(config, no_config_cache=True)
    machines = providers._get_node_provider(prepared["provider"], prepared["cluster_name"], use_cache=False)
    assert prepared["available_node_types"]["gpu_l4"]["node_config"] == node_config(config, "gpu_l4")
    assert machines.non_terminated_nodes({"ray-node-type": "head"}) == []
    ((method, path, _),) = engine.asked
    assert (method, path) == ("GET", "zones/us-central1-a/instances")


@pytest.mark.parametrize("key", NAMED)
def test_preparing_refuses_a_machine_that_does_not_name_its_own(config: dict[str, Any], key: str) -> None:
    del node_config(config, "head")[key]
    with pytest.raises(SystemExit, match=f"^head must name its {key} below node_config"):
        Machines.bootstrap_config(config)


def test_preparing_refuses_a_file_without_a_key(config: dict[str, Any]) -> None:
    del config["auth"]["ssh_private_key"]
    with pytest.raises(SystemExit, match=r"^auth must name its ssh_private_key"):
        Machines.bootstrap_config(config)


def test_worker_is_ordered_as_a_spot_machine_with_its_own_account(
    config: dict[str, Any], engine: ComputeEngine
) -> None:
    made = order(config, "gpu_t4", count=2)
    assert len(made) == len(engine.orders()) == 2
    worker = engine.orders()[0]
    assert worker["scheduling"]["provisioningModel"] == "SPOT"
    assert worker["machineType"] == "zones/us-central1-a/machineTypes/n1-standard-4"
    assert worker["guestAccelerators"][0]["acceleratorType"].endswith(
        "/zones/us-central1-a/acceleratorTypes/nvidia-tesla-t4"
    )
    assert worker["labels"]["ray-cluster-name"] == "softvote"  # by which the guide looks for what is left
    assert worker["serviceAccounts"] == node_config(config, "gpu_t4")["serviceAccounts"]


def test_head_is_ordered_on_demand(config: dict[str, Any], engine: ComputeEngine) -> None:
    order(config, "head")
    assert "scheduling" not in engine.orders()[0]


def test_refusal_reaches_the_autoscaler_which_then_tries_another_type(
    config: dict[str, Any], engine: ComputeEngine
) -> None:
    engine.exhausted = ("g2-standard-4",)
    with pytest.raises(NodeLaunchException, match="ZONE_RESOURCE_POOL_EXHAUSTED") as refused:
        order(config, "gpu_l4")
    assert len(refused.value.category) < 20  # Ray's limit
    assert order(config, "gpu_t4")


def test_head_asks_for_no_more_than_the_guides_role_permits(config: dict[str, Any], engine: ComputeEngine) -> None:
    (name,) = order(config, "gpu_l4")
    machines = Machines(config["provider"], config["cluster_name"])
    machines.non_terminated_nodes({})
    machines.set_node_tags(name, {"ray-node-status": "up-to-date"})
    machines.terminate_node(name)
    asked = {
        PERMISSIONS[method, re.sub(name, "NAME", path).partition("/operations/")[0]] for method, path, _ in engine.asked
    }
    asked |= {permission for key, permission in OF_AN_ORDER.items() if f'"{key}"' in json.dumps(engine.orders()[0])}
    assert len(asked) == len({*PERMISSIONS.values(), *OF_AN_ORDER.values()})  # each was asked for
    assert asked <= permitted()


def permitted() -> set[str]:
    """Return what the guide's role permits, as a shell makes it of the guide's commands."""
    make, create = (
        line for line in guide.commands("Once for a project") if line.startswith(("MACHINES=", "gcloud iam roles"))
    )
    script = f"gcloud() {{ printf '%s\\n' \"$@\"; }}; {make}; {create}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split(","))


def test_type_that_the_zone_lacks_is_told(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    config["provider"]["project_id"] = "mine"
    engine = ComputeEngine(unknown=("g2-standard-4", "nvidia-tesla-t4"))
    monkeypatch.setattr(gcp, "_client", lambda: client(engine))
    lines = list(gcp._types_that_the_zone_lacks("gcp.yaml", config["provider"], config["available_node_types"]))
    assert len(lines) == 2
    assert "zone us-central1-a must have g2-standard-4: it has none; choose another zone" in lines[0]
    assert "gpu_t4: zone us-central1-a must have nvidia-tesla-t4" in lines[1]
    assert {method for method, _, _ in engine.asked} == {"GET"}


def test_nothing_is_asked_of_a_cloud_without_credentials(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    config["provider"]["project_id"] = "mine"
    assert list(gcp._types_that_the_zone_lacks("f", config["provider"], config["available_node_types"])) == []
    monkeypatch.setitem(sys.modules, "googleapiclient", None)
    monkeypatch.setitem(sys.modules, "googleapiclient.discovery_cache", None)
    assert gcp._client() is None
    assert gcp._compute_schemas.__wrapped__() == {}
