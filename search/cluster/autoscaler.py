"""What Ray's autoscaler, the first or the second, says of the machines that it starts."""

import json
import os
import re
from pathlib import Path
from typing import Any

MOST_CHARACTERS = 240
"""Of a cloud's reason; AWS's are some 200, and end in what nobody needs."""
MOST_LOG_BYTES = 200_000
_FAILED = re.compile(r"Failed to launch \d+ nodes of type (\S+): (.+)")
_NOTHING_NEW = re.compile(r"^launch failed with |\(?Request ID: [^)]*\)?")
_EXCEPTION = re.compile(r"Node Launch Exception \((.*?)\)")


def num_ordered() -> int:
    """Return how many machines are on their way, which is what `ray status` shows as pending."""
    if _is_second():
        status = _status()
        return len(status.pending_nodes) + sum(launch.count for launch in status.pending_launches)
    report = _report()
    return len(report.get("pending_nodes", ())) + sum(report.get("pending_launches", {}).values())


def failed_launches() -> tuple[str, ...]:
    """Return why machines did not come, a line for each type and reason: no capacity, a quota, a start that failed."""
    reasons = _failed_second() if _is_second() else _failed_first(_report())
    lines = {f"{kind}: {_one_line(reason)}" for kind, reason in reasons}
    return tuple(sorted(lines))


def _failed_second() -> list[tuple[str, str]]:
    """Return types of machines that could not be started, each with the cloud's reason."""
    failed = _status().failed_launches
    if not failed:
        return []
    logged = dict(_FAILED.findall(_log()))
    kinds = {launch.ray_node_type_name: launch for launch in failed}
    return [
        (_named(name, launch.instance_type_name), logged.get(name) or launch.details or "no reason given")
        for name, launch in kinds.items()
    ]


def _log() -> str:
    """Return the end of the autoscaler's log, which alone has a cloud's reason; nothing where this is not the head."""
    import ray._private.worker

    node = ray._private.worker.global_worker.node
    try:
        with (Path(node.get_logs_dir_path()) / "monitor.log").open("rb") as file:
            file.seek(-min(file.seek(0, os.SEEK_END), MOST_LOG_BYTES), os.SEEK_END)
            return file.read().decode(errors="replace")
    except (OSError, AttributeError):
        return ""


def _failed_first(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the same from the first autoscaler's report, which names a type's latest failure for half an hour."""
    kinds = (report.get("node_availability_summary") or {}).get("node_availabilities") or {}
    failed = [(name, record.get("unavailable_node_information")) for name, record in kinds.items()]
    return [(name, f"{why['category']}: {why['description']}") for name, why in failed if why]


def _named(name: str, machine: str) -> str:
    """Return a type's name with the cloud's own, where that says more."""
    return f"{name} ({machine})" if machine and machine not in name else name


def _one_line(reason: str) -> str:
    """Return a cloud's reason without what differs each time."""
    words = " ".join(_NOTHING_NEW.sub("", _EXCEPTION.sub(r"\1", " ".join(reason.split()))).split())
    return words if len(words) <= MOST_CHARACTERS else f"{words[:MOST_CHARACTERS]} ..."


def is_first() -> bool:
    """True where Ray's first autoscaler starts the machines; it looks at no labels."""
    return not _is_second()


def _is_second() -> bool:
    """True where Ray's second autoscaler starts the machines."""
    from ray._raylet import (  # type: ignore[attr-defined]
        GCS_AUTOSCALER_STATE_NAMESPACE,
        GCS_AUTOSCALER_V2_ENABLED_KEY,
    )
    from ray.experimental.internal_kv import _internal_kv_get

    enabled = _internal_kv_get(GCS_AUTOSCALER_V2_ENABLED_KEY, namespace=GCS_AUTOSCALER_STATE_NAMESPACE)
    return bool(enabled == b"1")


def _report() -> dict[str, Any]:
    """Return the first autoscaler's latest report; an empty one where there is none."""
    from ray._private.ray_constants import DEBUG_AUTOSCALING_STATUS
    from ray.experimental.internal_kv import _internal_kv_get

    return dict(json.loads(_internal_kv_get(DEBUG_AUTOSCALING_STATUS) or "{}").get("autoscaler_report") or {})


def _status() -> Any:
    """Return what the second autoscaler says of the cluster."""
    import ray
    from ray.autoscaler.v2.sdk import get_cluster_status

    return get_cluster_status(ray.get_runtime_context().gcs_address)
