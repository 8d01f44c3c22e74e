"""A cloud of processes on this machine, for Ray's autoscaler: Ray's own made-up one, which here can run out of nodes.

The autoscaler's process imports it by its name, from the cluster's description.
"""

from typing import Any

from ray.autoscaler._private.fake_multi_node.node_provider import FakeMultiNodeProvider
from ray.autoscaler.node_launch_exception import NodeLaunchException
from ray.autoscaler.tags import TAG_RAY_USER_NODE_TYPE


class MadeUpCloud(FakeMultiNodeProvider):
    """Starts a raylet for a node, but none of the types that the description calls sold out."""

    def create_node_with_resources_and_labels(
        self, node_config: dict[str, Any], tags: dict[str, str], count: int, resources: Any, labels: Any
    ) -> None:
        """Start nodes, or raise what AWS's provider does where a zone has none left."""
        if tags[TAG_RAY_USER_NODE_TYPE] in self.provider_config["sold_out"]:
            raise NodeLaunchException(
                "InsufficientInstanceCapacity", "We have none left in this zone.", src_exc_info=None
            )
        super().create_node_with_resources_and_labels(node_config, tags, count, resources, labels)
