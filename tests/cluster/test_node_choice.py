"""Which type of machine is ordered next: what the cloud does not refuse, then the file's priority."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ray.autoscaler._private.node_provider_availability_tracker import NodeProviderAvailabilityTracker
from ray.autoscaler._private.resource_demand_scheduler import get_nodes_for
from ray.autoscaler.node_launch_exception import NodeLaunchException

from cluster import node_choice

MACHINE: dict[str, float] = {"CPU": 4, "GPU": 1}
TYPES = {
    "head": {"resources": {"CPU": 0}, "max_workers": 0},
    "cheap": {"resources": MACHINE, "max_workers": 2, "priority": 3},
    "zealous": {"resources": MACHINE, "max_workers": 8, "priority": 1},
    "middling": {"resources": {**MACHINE, "accelerator_type:L4": 1}, "max_workers": 8, "priority": 2},
}
TRIAL: dict[str, float] = {"CPU": 1, "GPU": 0.25}
NO_CAPACITY = NodeLaunchException("InsufficientInstanceCapacity", "there is none", None)


@pytest.fixture(autouse=True)
def description(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    lines = [f"  {name}: {{ priority: {kind['priority']} }}" for name, kind in TYPES.items() if "priority" in kind]
    (tmp_path / "file.yaml").write_text("\n".join(["available_node_types:", "  head: {}", *lines]))
    monkeypatch.setattr(node_choice, "DESCRIPTION", str(tmp_path / "file.yaml"))
    node_choice._priorities.cache_clear()
    yield
    node_choice._priorities.cache_clear()


@pytest.fixture
def tracker() -> NodeProviderAvailabilityTracker:
    return NodeProviderAvailabilityTracker(timer=lambda: 1000.0, ttl=600)


def ordered(tracker: NodeProviderAvailabilityTracker, num_trials: int) -> dict[str, int]:
    """Return what Ray orders for trials that wait, with nothing there but the head."""

    def scorer(*arguments: object) -> object:
        return node_choice.score(*arguments, node_availability_summary=tracker.summary())  # type: ignore[arg-type]

    found, _ = get_nodes_for(TYPES, {"head": 1}, "head", 8, num_trials * [TRIAL], utilization_scorer=scorer)
    return dict(found)


def test_highest_priority_is_ordered_and_filled_before_another(tracker: NodeProviderAvailabilityTracker) -> None:
    assert ordered(tracker, 1) == {"cheap": 1}
    assert ordered(tracker, 4) == {"cheap": 1}
    assert ordered(tracker, 5) == {"cheap": 2}


def test_next_priority_is_ordered_where_the_first_is_used_up(tracker: NodeProviderAvailabilityTracker) -> None:
    assert ordered(tracker, 12) == {"cheap": 2, "middling": 1}


def test_refused_type_is_passed_over_until_the_refusal_is_old(tracker: NodeProviderAvailabilityTracker) -> None:
    tracker.update_node_availability("cheap", 900, NO_CAPACITY)
    assert ordered(tracker, 8) == {"middling": 2}
    tracker.update_node_availability("cheap", 300, NO_CAPACITY)  # older than 600 s
    assert ordered(tracker, 8) == {"cheap": 2}


def test_type_that_was_launched_again_is_refused_no_more(tracker: NodeProviderAvailabilityTracker) -> None:
    tracker.update_node_availability("cheap", 900, NO_CAPACITY)
    tracker.update_node_availability("cheap", 950, None)
    assert ordered(tracker, 1) == {"cheap": 1}


def test_longest_refused_is_tried_first_where_all_are(tracker: NodeProviderAvailabilityTracker) -> None:
    for name, when in (("cheap", 902), ("middling", 901), ("zealous", 900)):
        tracker.update_node_availability(name, when, NO_CAPACITY)
    assert ordered(tracker, 1) == {"zealous": 1}


def test_what_fits_nowhere_is_not_ordered(tracker: NodeProviderAvailabilityTracker) -> None:
    summary = tracker.summary()
    assert node_choice.score({"CPU": 0}, [TRIAL], "head", node_availability_summary=summary) is None
    assert node_choice.score(MACHINE, [{"GPU": 2}], "cheap", node_availability_summary=summary) is None


def test_trials_without_a_gpu_shun_machines_that_have_one(tracker: NodeProviderAvailabilityTracker) -> None:
    summary = tracker.summary()
    with_gpu = node_choice.score(MACHINE, [{"CPU": 1}], "cheap", node_availability_summary=summary)
    without = node_choice.score({"CPU": 4}, [{"CPU": 1}], "zealous", node_availability_summary=summary)
    assert without is not None
    assert with_gpu is not None
    assert without > with_gpu


def test_setting_that_names_the_choice_is_rays_own() -> None:
    from ray.autoscaler._private import constants

    assert constants.AUTOSCALER_UTILIZATION_SCORER_KEY == "RAY_AUTOSCALER_UTILIZATION_SCORER"
