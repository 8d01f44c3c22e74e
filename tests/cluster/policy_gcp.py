"""What a file for Google Cloud must say, and what the commands of its guide must never give."""

import re
from collections.abc import Iterator
from typing import Any

from tests.cluster.policy import scalars

MODULE = "cluster.google_cloud.Machines"
SCOPES = {
    f"https://www.googleapis.com/auth/{name}" for name in ("compute", "devstorage.read_write")
}  # each account's roles say the rest
METADATA = {
    "block-project-ssh-keys": "TRUE",
    "enable-oslogin": "FALSE",
    "serial-port-enable": "FALSE",
    "disable-legacy-endpoints": "TRUE",
}
BROAD_ROLE = re.compile(r"roles/(?:owner|editor|viewer|[\w.]*[aA]dmin\b|iam\.serviceAccountTokenCreator)")
UNNAMED_ACCOUNT = re.compile(r"^default$|-compute@developer|ray-autoscaler-sa")


def violations(config: dict[str, Any]) -> list[str]:
    """Return what is wrong with a file for Google Cloud, one line each, beside what holds for every file."""
    found = [*_unsafe_provider(config)]
    for name, node_type in config["available_node_types"].items():
        node = node_type["node_config"]
        is_worker = name != config["head_node_type"]
        found += _broad_accounts(name, node)
        found += _open_doors(name, node)
        found += _unsafe_boot(name, node, has_gpu="GPU" in node_type["resources"])
        if is_worker and not _is_gone_when_taken(node_type):
            found.append(f"{name} must be deleted when the cloud takes it (instanceTerminationAction: DELETE)")
    return found


def broad_grants(text: str) -> list[str]:
    """Return the roles and openings in commands that give more than they should."""
    sources = re.findall(r"--source-ranges[ =](\S+)", text)
    return [*BROAD_ROLE.findall(text), *(source for source in sources if source.endswith("/0"))] + [
        line for line in text.splitlines() if "serviceAccountUser" in line and "projects add-iam-policy" in line
    ]


def _unsafe_provider(config: dict[str, Any]) -> Iterator[str]:
    provider = config["provider"]
    if (provider["type"], provider.get("module")) != ("external", MODULE):
        yield "provider must be ours: Ray's own makes an account with broad roles and a key for the whole project"
    if provider.get("cache_stopped_nodes") is not False:
        yield "provider must delete what is taken down (cache_stopped_nodes: false)"
    if not config["auth"].get("ssh_private_key"):
        yield "auth must name its key: Ray's own opens every machine of the project"
    for where, text in scalars(config):
        if BROAD_ROLE.search(text):
            yield f"{where} gives a broad role: {text}"


def _broad_accounts(name: str, node: dict[str, Any]) -> Iterator[str]:
    accounts = node.get("serviceAccounts") or []
    if len(accounts) != 1 or UNNAMED_ACCOUNT.search(accounts[0].get("email", "default")):
        yield f"{name} must have one service account of its own: the default one may edit the project"
    for account in accounts:
        for scope in set(account.get("scopes", [])) - SCOPES:
            yield f"{name} must not have the scope {scope}"


def _open_doors(name: str, node: dict[str, Any]) -> Iterator[str]:
    networks = [interface.get("subnetwork", "") for interface in node.get("networkInterfaces", [])]
    if not networks or any(network.rpartition("/")[2] in ("", "default") for network in networks):
        yield f"{name} must be in a network of its own: the default one lets in ssh from everywhere"
    if "softvote" not in node.get("tags", {}).get("items", []):
        yield f"{name} must carry the tag softvote, by which the firewall knows it"
    said = {item["key"]: item["value"] for item in node.get("metadata", {}).get("items", [])}
    for key, value in METADATA.items():
        if said.get(key) != value:
            yield f"{name} must have {key}: {value} in its metadata, got {said.get(key)}"


def _unsafe_boot(name: str, node: dict[str, Any], *, has_gpu: bool) -> Iterator[str]:
    shielded = node.get("shieldedInstanceConfig", {})
    wanted = ["enableVtpm", "enableIntegrityMonitoring"] + ([] if has_gpu else ["enableSecureBoot"])
    if not all(shielded.get(key) is True for key in wanted):
        yield f"{name} must be a shielded machine ({', '.join(wanted)})"
    for disk in node.get("disks", []):
        if disk.get("autoDelete") is not True:
            yield f"{name} must delete its disks with itself (autoDelete: true)"
        if "/family/" in (image := disk.get("initializeParams", {}).get("sourceImage", "/family/")):
            yield f"{name} must name one image, got a family's newest: {image}"


def _is_gone_when_taken(node_type: dict[str, Any]) -> bool:
    scheduling = node_type["node_config"].get("scheduling", {})
    is_spot = scheduling.get("provisioningModel") == "SPOT"
    return not is_spot or scheduling.get("instanceTerminationAction") == "DELETE"
