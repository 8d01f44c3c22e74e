"""Orders machines of Google Cloud as the cluster's file describes them, and changes nothing else in the project.

Ray's own provider (2.60.0) begins each `ray up` by making a service account that may do anything with every machine
and bucket of the project, whether a machine uses it or not, and by putting its ssh key on all the project's machines.
Nor does it tell the autoscaler that the cloud refused a type of machine, so that no other type would be tried.
"""

import sys
from typing import Any

from ray.autoscaler._private.gcp.node_provider import GCPNodeProvider
from ray.autoscaler.node_launch_exception import NodeLaunchException

NAMED = ("serviceAccounts", "networkInterfaces", "metadata", "shieldedInstanceConfig")
"""What each type of machine must say for itself: Google Cloud's own choice is an account that may edit the project,
and a network that lets in ssh from everywhere."""


class Machines(GCPNodeProvider):
    """Ray's provider without its preparations; `provider: module:` of cluster/gcp.yaml names it."""

    @staticmethod
    def bootstrap_config(cluster_config: dict[str, Any]) -> dict[str, Any]:
        """Return the file as it is: whatever Ray would make in the project is named in it.

        Raises:
            SystemExit: something is not named, with one line that says what.
        """
        for name, node_type in cluster_config["available_node_types"].items():
            for key in NAMED:
                if not node_type["node_config"].get(key):
                    raise SystemExit(f"{name} must name its {key} below node_config: cluster/gcp.yaml shows how")
        if not cluster_config["auth"].get("ssh_private_key"):
            raise SystemExit("auth must name its ssh_private_key: cluster/gcp.yaml shows how")
        return cluster_config

    def create_node(self, base_config: dict[str, Any], tags: dict[str, str], count: int) -> dict[str, dict]:
        """Order `count` machines and wait for the cloud's answer, a minute at most.

        Returns:
            What the cloud answered for each machine, by the machine's name.

        Raises:
            NodeLaunchException: it refused one: no capacity, no quota, or no such type in this zone.
        """
        try:
            return super().create_node(base_config, tags, count)
        except Exception as error:  # an answer that is no success is raised as a bare Exception
            reason = " ".join(str(error).split())[:500]
            raise NodeLaunchException("refused", f"Google Cloud: {reason}", src_exc_info=sys.exc_info()) from error
