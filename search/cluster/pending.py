"""Requests to a cluster's autoscaler for machines that are not there yet, a placement group for each trial slot."""

import contextlib
from typing import Any

from search.cluster.placement import elsewhere

MOST_PENDING = 200
"""Requests at once: an autoscaler takes all of them in with each of its looks, and more machines come step by step."""
GPU_PARTS = 10_000
"""Ray counts shares in these."""


class PendingSlots:
    """Requests for a trial's share of machines that are not there yet."""

    def __init__(self, share: dict[str, float]) -> None:
        """Remember what a trial takes; nothing is asked for yet."""
        self._share = share
        self._groups: list[Any] = []
        self._known: set[str] = set()

    def hold(self, num: int) -> None:
        """Have so many requests pending from now on.

        A machine that has just joined has granted some of them, which trials want: all are made anew then, for machines
        beside those that are there.
        """
        from ray.util.placement_group import placement_group, remove_placement_group

        from search.cluster.nodes import alive_nodes

        there = {node.node_id for node in alive_nodes()}
        if not there <= self._known:
            self.close()
            self._known = there
        while len(self._groups) > num:
            remove_placement_group(self._groups.pop())
        while len(self._groups) < min(num, MOST_PENDING):
            selector = elsewhere(self._known)
            self._groups.append(placement_group([self._share], bundle_label_selector=[selector]))

    def close(self) -> None:
        """Take all requests back."""
        import ray
        from ray.exceptions import RayError
        from ray.util.placement_group import remove_placement_group

        while self._groups and ray.is_initialized():
            with contextlib.suppress(RayError):  # they end with this process too
                remove_placement_group(self._groups[-1])
            self._groups.pop()


def packed_share(gpus_per_trial: float) -> float:
    """Return what a trial's share of cards is asked for as: no two cards' rests add up to one, as autoscalers think."""
    if not 0 < gpus_per_trial < 1:
        return gpus_per_trial
    num_on_a_card = int(1 / gpus_per_trial + 1e-9)
    return int(GPU_PARTS / num_on_a_card) / GPU_PARTS
