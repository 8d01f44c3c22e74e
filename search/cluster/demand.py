"""Asking the cluster for the machines that trials could use and that are not there, for as long as a stage runs.

What asks is a placement group for each missing trial, never placed where a machine is already: it cannot take a slot
from a trial. It dies with its driver, however that ends; `request_resources` would go on asking, and costing.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from core.errors import ClusterError
from search.cluster.autoscaler import failed_launches, is_first, num_ordered
from search.cluster.capacity import HEAD_RETURNS_SECONDS, LOOK_UP_SECONDS, LiveCapacity, Resources
from search.cluster.pending import PendingSlots, packed_share
from search.money.fleet import SETUP_MINUTES, USE_SECONDS

if TYPE_CHECKING:
    from search.watch import Watch

MOST_REFUSED = 3
"""After so many machines that came one after the other and cannot run this study's trials, no more are asked for."""
REASONS_SECONDS = 10.0
"""How often the autoscaler is asked why a machine does not come."""
LEAST_MINUTES = SETUP_MINUTES + USE_SECONDS / 60
"""With less left until training has to end, no machine is asked for."""


@contextlib.contextmanager
def asking(plan: Resources, steering: "Watch") -> Iterator[Callable[[], None]]:
    """Ask for what is missing while the block runs; it calls what this yields a few times a second.

    Args:
        plan: what a trial takes, and what the cluster may grow to.
        steering: knows how many trials are left.
    """
    if plan.live is None or plan.live.growth is None:
        yield lambda: None
        return
    pending = PendingSlots({"CPU": plan.cpus_per_trial, "GPU": packed_share(plan.gpus_per_trial)})
    try:
        yield Demand(plan.live, steering, pending.hold).update
    finally:
        pending.close()
        steering.machines = ""


class Demand:
    """Compares what trials could use with what is there, once a second."""

    def __init__(
        self,
        live: LiveCapacity,
        steering: "Watch",
        hold: Callable[[int], None],
        *,
        reasons: Callable[[], tuple[str, ...]] = failed_launches,
        sees_free_slots: Callable[[], bool] = is_first,
        on_their_way: Callable[[], int] = num_ordered,
    ) -> None:
        """Remember both sides.

        Args:
            live: what is there, and what may come.
            steering: what is left to train.
            hold: told how many slots to ask for.
            reasons: tells why machines did not come, a line each.
            sees_free_slots: tells whether the autoscaler thinks that a free slot serves, though no trial may run there.
            on_their_way: counts the machines that are ordered, by whomever, and have not joined yet.
        """
        assert live.growth is not None, "a cluster that cannot grow is asked for nothing"
        self._live, self._growth, self._steering = live, live.growth, steering
        self._hold, self._reasons, self._sees_free_slots = hold, reasons, sees_free_slots
        self._on_their_way = on_their_way
        self._due = self._reasons_due = float("-inf")
        self._told: set[str] = set()
        self._num_machines = 0
        self._has_asked = False

    def update(self) -> None:
        """Ask for what is missing now, and say what the user should know."""
        from ray.exceptions import RayError

        now = self._live.clock()
        if now >= self._due:
            self._due = now + LOOK_UP_SECONDS
            with contextlib.suppress(
                RayError
            ):  # a head that is busy answers the next time; that it is gone, others notice
                self._compare(now)

    def _compare(self, now: float) -> None:
        """Ask for what is missing."""
        num_at_once = self._live.num_at_once()
        num_missing = self.num_missing()
        self._has_asked = self._has_asked or num_missing > 0
        # the head's own processors, which are spared, and those of a machine that was refused
        num_hidden = self._live.num_unused() if num_missing and self._sees_free_slots() else 0
        self._hold(num_missing + num_hidden)
        self._tell(num_at_once, num_missing)
        if num_at_once == num_missing == 0:
            self._end_vain_wait()
        if num_missing and now >= self._reasons_due:
            self._reasons_due = now + REASONS_SECONDS
            self._tell_reasons()

    def num_missing(self) -> int:
        """Return how many trials could run at once that have no slot, as far as the cluster may grow."""
        live, steering = self._live, self._steering
        if self._is_over() or self._are_all_refused() or self._is_late():
            return 0
        num_there = live.num_beside_head()
        most = self._growth.most_trials(live.cpus_per_trial, live.gpus_per_trial)
        if live.most_at_once is not None:
            most = min(most, live.most_at_once)
        most_new = steering.most_new_machines
        if most_new is None and steering.spending:  # one tells what an hour of it costs, once it is there
            most_new = 0 if num_there else 1
        if most_new is not None:  # by the slots of the smallest, since that one may come
            least = self._growth.least_trials(live.cpus_per_trial, live.gpus_per_trial)
            most = min(most, num_there + most_new * least)
        if steering.num_left is not None:
            num_on_head = max(live.num_at_once() - num_there, 0)  # it ends what it has begun
            most = min(most, steering.num_left + max(len(steering.running) - num_on_head, 0))
        return max(most - num_there, 0)

    def _is_over(self) -> bool:
        """True where nothing more is to start."""
        return self._steering.stop_reason is not None or self._steering.is_time_up

    def _are_all_refused(self) -> bool:
        """True where the machines that came last could run no trial, and the next ones could not either."""
        return len(self._live.complaints()) >= MOST_REFUSED

    def _is_late(self) -> bool:
        """True where training ends before a machine that is ordered now would be of use."""
        deadline = self._steering.deadline
        return deadline is not None and deadline - time.time() < 60 * LEAST_MINUTES

    def _end_vain_wait(self) -> None:
        """Let the head train, or end the stage, where nothing runs and no machine is asked for, nor on its way."""
        live, steering = self._live, self._steering
        if self._is_over() or steering.running or steering.num_left == 0 or live.num_beside_head():
            return
        is_too_late = self._is_late() and not self._has_asked and not self._on_their_way()
        if not is_too_late and not self._are_all_refused():
            return
        if live.is_head_spared:
            live.expect_no_others()
        elif self._are_all_refused():
            steering.abort(
                ClusterError(
                    f"a machine that comes must be able to run the trials, and none of the last {MOST_REFUSED} is; "
                    f"no more are asked for. The last one: {live.complaints()[-1]}"
                )
            )
        else:
            steering.is_too_late_for_machines = True
            live.say(f"training ends: a machine needs {LEAST_MINUTES:g} min to come and be of use, and less is left")

    def _tell(self, num_at_once: int, num_missing: int) -> None:
        """Say that machines are waited for, and how many have come."""
        live = self._live
        most = self._growth.most_useful_machines(live.cpus_per_trial, live.gpus_per_trial)
        there = f"machines: {live.num_machines()} of up to {most}"
        self._steering.machines = there if num_missing or live.num_machines() else ""
        if num_at_once == 0 and num_missing and not live.is_waiting:
            head = f", {HEAD_RETURNS_SECONDS / 60:.0f} min before the head trains" if live.is_head_spared else ""
            live.say(
                f"waiting for machines: asked for {num_missing} trial slots, on up to {most} machines{head} "
                "(Ctrl-C stops; the same command goes on)"
            )
            live.is_waiting = True
        elif live.num_machines() > self._num_machines > 0:
            live.say(f"{there}; trials at once: {num_at_once}")
        self._num_machines = live.num_machines()
        if self._are_all_refused():
            self._tell_once(f"no further machine is asked for: {MOST_REFUSED} that came can run no trial")

    def _tell_reasons(self) -> None:
        """Say why machines do not come, each reason once."""
        for line in self._reasons():
            self._tell_once(f"a machine that was asked for did not come: {line}")

    def _tell_once(self, line: str) -> None:
        """Say what has not been said yet."""
        if line not in self._told:
            self._told.add(line)
            self._live.say(line)


def wait_for_machines(
    plan: Resources,
    steering: "Watch",
    on_wait: Callable[[], None],
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Return once a trial could start, or none is to; Tune's own loop cannot wait for its first one.

    Args:
        plan: what a trial takes.
        steering: the stage's.
        on_wait: called a few times a second.
        pause: waits for so many seconds.
    """
    while plan.num_at_once() == 0 and steering.stop_reason is None and not steering.is_time_up:
        on_wait()
        pause(0.2)
