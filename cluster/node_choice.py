"""Chooses the next machine's type on the head: what has capacity, then the file's priority.

Ray's autoscalers order a type that the cloud has refused again and again: the second one never takes another
(2.60.0), the first one knows of the refusal and passes it to whatever RAY_AUTOSCALER_UTILIZATION_SCORER names, which
is `score` below. A refusal counts for half an hour (AUTOSCALER_NODE_AVAILABILITY_MAX_STALENESS_S).
"""

import functools
from pathlib import Path
from typing import Any

DESCRIPTION = "~/ray_bootstrap_config.yaml"
"""The cluster's file as `ray up` leaves it on the head."""


def score(
    node_resources: dict[str, float],
    demands: list[dict[str, float]],
    node_type: str,
    *,
    node_availability_summary: Any,
) -> tuple[Any, ...] | None:
    """Return a node type's place among those that fit, best highest; None where it fits none of the demands.

    Args:
        node_resources: what a machine of this type has.
        demands: the resources of each trial that waits for a machine.
        node_type: its name in the cluster's file.
        node_availability_summary: when the cloud refused which type.
    """
    from ray.autoscaler._private import resource_demand_scheduler as ray_own

    fit = ray_own._resource_based_utilization_scorer(
        node_resources, demands, node_availability_summary=node_availability_summary
    )
    if fit is None:
        return None
    spares_gpus, num_kinds, *packing = fit
    return spares_gpus, num_kinds, -_refused_at(node_type, node_availability_summary), _priority(node_type), *packing


def _refused_at(node_type: str, summary: Any) -> float:
    """Return when the cloud last refused a type, in seconds since 1970; 0 where it did not."""
    record = summary.node_availabilities.get(node_type)
    return 0 if record is None or record.is_available else record.last_checked_timestamp


def _priority(node_type: str) -> int:
    return _priorities(Path(DESCRIPTION).expanduser()).get(node_type, 0)


@functools.cache
def _priorities(description: Path) -> dict[str, int]:
    import yaml  # type: ignore[import-untyped]  # ray brings it

    types = yaml.safe_load(description.read_text())["available_node_types"]
    return {name: node_type.get("priority", 0) for name, node_type in types.items()}
