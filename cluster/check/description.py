"""What the head of a cluster in Kubernetes is told of the cluster, which must be what its groups say.

The search asks for machines by it, and counts what they cost: it has no key to read the groups themselves.
"""

from collections.abc import Iterator
from typing import Any

import yaml  # type: ignore[import-untyped]  # ray brings it

ANNOTATION = "softvote/cluster"
BROKEN = (KeyError, TypeError, ValueError, AttributeError, IndexError, yaml.YAMLError)


def mistakes(where: str, document: dict[str, Any]) -> Iterator[str]:
    """Yield what the head's annotation lacks or says otherwise, one line each.

    Args:
        where: the file and the document, for the lines.
        document: a RayJob or a RayCluster.
    """
    try:
        groups = _facts(document)
        spec = document["spec"]["rayClusterSpec"] if document["kind"] == "RayJob" else document["spec"]
        said = (spec["headGroupSpec"]["template"].get("metadata") or {}).get("annotations", {}).get(ANNOTATION)
    except BROKEN:
        return  # told elsewhere
    if not spec.get("enableInTreeAutoscaling"):
        if said is not None:
            yield f"{where} must not have the head's annotation {ANNOTATION}: a search would wait for what never comes"
        return
    if said is None:
        yield f"{where} must have the head's annotation {ANNOTATION}, without which a search orders no machine"
        return
    try:
        told = _facts(yaml.safe_load(said))
    except BROKEN as error:
        yield f"{where}: the head's annotation {ANNOTATION} must describe the cluster: {' '.join(str(error).split())}"
        return
    for name in sorted(told.keys() | groups.keys()):
        if told.get(name) != groups.get(name):
            yield (
                f"{where} must say the same in the head's annotation {ANNOTATION} and in its groups, got {name}: "
                f"{told.get(name, 'nothing')} and {groups.get(name, 'nothing')}"
            )


def _facts(document: Any) -> dict[str, str]:
    """Return what a description says that the search goes by, each fact under its name."""
    from search.money.cluster_file import clusters_in

    cluster = next(iter(clusters_in("", [document])), None)
    if cluster is None:
        raise ValueError("it has no provider")
    facts = {"idle minutes": f"{cluster.idle_minutes:g}", "machines in all": str(cluster.max_workers)}
    for node in (cluster.head, *cluster.workers):
        labels = ", ".join(f"{key} {value}" for key, value in sorted(node.labels.items()))
        facts[node.name] = (
            f"{node.min_workers} to {node.max_workers} of {node.cpus:g} CPUs and {node.gpus:g} GPUs ({labels})"
        )
    return facts
