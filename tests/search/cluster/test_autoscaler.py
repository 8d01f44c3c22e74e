"""What the two autoscalers' reports come to."""

import json
from types import SimpleNamespace

import pytest

from search.cluster.autoscaler import MOST_CHARACTERS, failed_launches, num_ordered

AWS = (
    "An error occurred (InsufficientInstanceCapacity) when calling the RunInstances operation: We currently do not "
    "have sufficient g5.xlarge capacity in us-west-2a. (Request ID: 7f-{})"
)


@pytest.fixture
def report(monkeypatch):
    """Let the first autoscaler's report say this."""
    told: dict[str, object] = {}

    def get(key: object, namespace: object = None) -> bytes | None:
        return json.dumps({"autoscaler_report": told}).encode() if namespace is None else None

    monkeypatch.setattr("ray.experimental.internal_kv._internal_kv_get", get)
    return told


def test_first_autoscaler_tells_what_is_on_its_way_and_what_did_not_come(report):
    assert (num_ordered(), failed_launches()) == (0, ())
    why = {"category": "InsufficientInstanceCapacity", "description": "none in\n us-west-2a"}
    report |= {
        "pending_nodes": [["1.2.3.4", "gpu", "setting-up"]],
        "pending_launches": {"gpu": 2},
        "node_availability_summary": {
            "node_availabilities": {
                "gpu": {"is_available": False, "unavailable_node_information": why},
                "cpu": {"is_available": True, "unavailable_node_information": None},
            }
        },
    }
    assert num_ordered() == 3
    assert failed_launches() == ("gpu: InsufficientInstanceCapacity: none in us-west-2a",)


def launch(kind: str, machine: str = "", details: str = "") -> SimpleNamespace:
    return SimpleNamespace(ray_node_type_name=kind, instance_type_name=machine, details=details)


def test_second_autoscaler_tells_the_same_and_a_clouds_reason_from_its_log(monkeypatch, tmp_path):
    failed = [launch("gpu", "g5.xlarge")] * 3 + [launch("cpu", details="x" * 1000), launch("plain")]
    status = SimpleNamespace(pending_nodes=[1], pending_launches=[SimpleNamespace(count=4)], failed_launches=failed)
    lines = [f"INFO node_provider.py:492 -- Failed to launch 2 nodes of type gpu: {AWS.format(n)}" for n in range(3)]
    (tmp_path / "monitor.log").write_text("\n".join([*lines, "INFO something else"]))
    node = SimpleNamespace(get_logs_dir_path=lambda: str(tmp_path))
    monkeypatch.setattr("search.cluster.autoscaler._is_second", lambda: True)
    monkeypatch.setattr("search.cluster.autoscaler._status", lambda: status)
    monkeypatch.setattr("ray._private.worker.global_worker.node", node, raising=False)
    assert num_ordered() == 5
    cpu, gpu, plain = failed_launches()
    assert gpu == f"gpu (g5.xlarge): {AWS.partition(' (Request')[0]}"
    assert len(cpu) < MOST_CHARACTERS + 20
    assert plain == "plain: no reason given"
