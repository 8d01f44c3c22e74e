"""What a file for AWS must say, and what the commands of its guide must never give."""

import json
import re
from collections.abc import Iterator
from typing import Any

PINNED_IMAGE = re.compile(r"ami-([0-9a-f]{8,17}|FILL-IN)")
"""An id is one image for ever; a name, `latest` and `resolve:ssm:` are another one tomorrow."""
CANNOT_BE_NARROWER = {"ec2:DescribeInstances"}
"""AWS knows no resource for these."""
DOCUMENT = re.compile(r"policy-document '(.*?})'\s", re.DOTALL)
NARROW_OPENING = re.compile(r"--cidr \$\w+/32$|--source-group \$\w+$")
VARIABLE = re.compile(r"'\$(\w+)'")


def unsafe_nodes(config: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the machines of a file, one line each, beside what holds for every file."""
    provider = config["provider"]
    if provider.get("cache_stopped_nodes") is not False:
        yield "provider must delete what is taken down (cache_stopped_nodes: false)"
    if not provider.get("key_pair", {}).get("key_name"):
        yield "provider must name its key_pair: Ray's own is that of every cluster in the region"
    for name, node_type in config["available_node_types"].items():
        yield from _unsafe_node(name, node_type["node_config"])
    head = config["available_node_types"][config["head_node_type"]]["node_config"]
    if "InstanceMarketOptions" in head:
        yield f"{config['head_node_type']} must be on demand: it ends with its machine"


def _unsafe_node(name: str, node: dict[str, Any]) -> Iterator[str]:
    if node.get("MetadataOptions", {}).get("HttpTokens") != "required":
        yield f"{name} must require IMDSv2 (MetadataOptions: HttpTokens: required)"
    disks = node.get("BlockDeviceMappings", [])
    if not disks or not all(disk["Ebs"].get("Encrypted") is True for disk in disks):
        yield f"{name} must encrypt its disks"
    if not all(disk["Ebs"].get("DeleteOnTermination") is True for disk in disks):
        yield f"{name} must delete its disks with it"
    if not node.get("SecurityGroupIds"):
        yield f"{name} must name its SecurityGroupIds: Ray's own group opens ssh to the world"
    if not node.get("IamInstanceProfile"):
        yield f"{name} must name its IamInstanceProfile: Ray's own gives full access to EC2 and S3"
    if not PINNED_IMAGE.fullmatch(image := str(node.get("ImageId"))):
        yield f"{name} must pin its image by an id, got {image}"


def documents(text: str) -> list[dict[str, Any]]:
    """Return the policies in the commands of a guide; a shell's variable stands as its name."""
    return [json.loads(VARIABLE.sub(r"\1", document)) for document in DOCUMENT.findall(text + "\n")]


def broad_grants(text: str) -> list[str]:
    """Return the grants and openings in commands that give more than they should."""
    found = [line for line in text.splitlines() if "FullAccess" in line or "attach-role-policy" in line]
    openings = [line for line in text.replace("\\\n", "").splitlines() if "authorize-security-group-ingress" in line]
    found += [line for line in openings if not NARROW_OPENING.search(line)]
    for document in documents(text):
        found += [grant for statement in document["Statement"] for grant in _broad(statement)]
    return found


def _broad(statement: dict[str, Any]) -> Iterator[str]:
    actions = _listed(statement["Action"])
    if any("*" in action for action in actions):
        yield f"{actions} names more than it must"
    if "Principal" in statement:  # who may take a role, not what it may do
        return
    resources = _listed(statement["Resource"])
    if "*" in resources and not set(actions) <= CANNOT_BE_NARROWER:
        yield f"{actions} on everything"
    if any(resource.endswith(":instance/*") for resource in resources) and not statement.get("Condition"):
        yield f"{actions} on every machine of the account"


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
