"""Workers that wait for their next trial, which Tune would end, and workers that start, which it would give up.

Tune 2.60 keeps one idle worker. When two trials end together it ends the other one's process; and a trial whose worker
is still starting gets the next worker that is free, while the start is broken off and begins anew for the next trial.
Where trials end more often than a worker takes to start, which with many nodes they do, a worker that was lost never
comes back, and one on a node that joins never comes at all.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ray.tune.utils.object_cache import _ObjectCache

if TYPE_CHECKING:
    from ray.tune.execution.tune_controller import TuneController
    from ray.tune.experiment import Trial


def keep_workers(controller: "TuneController", num_wanted: Callable[[], int]) -> None:
    """Let Tune's loop keep the workers that it will need, and finish the starts that it has begun.

    Args:
        controller: the loop, before its first trial; some private parts of it are replaced.
        num_wanted: returns how many further trials could begin now.
    """
    controller._actor_cache = WarmWorkers(num_wanted)
    take_free_worker = controller._maybe_reuse_cached_actor

    def take_unless_starting(trial: "Trial") -> bool:
        is_starting = trial in controller._trial_to_actor and trial not in controller._resetting_trials
        # with no trial to come, the free worker is for the one that waits: the node of its own may be gone
        return False if is_starting and num_wanted() > 0 else take_free_worker(trial)

    controller._maybe_reuse_cached_actor = take_unless_starting


class WarmWorkers(_ObjectCache):
    """The workers that are free, by what they were asked for: as many as further trials could begin."""

    def __init__(self, num_wanted: Callable[[], int]) -> None:
        """Start with none; `num_wanted` returns how many further trials could begin now."""
        super().__init__()
        self._num_wanted = num_wanted
        self._newest: Any = None
        """What the latest trial asked for: workers that were asked for otherwise are not handed on."""

    def increase_max(self, key: Any, by: int = 1) -> None:
        """Note what a trial asks for that begins to wait."""
        self._newest = key
        super().increase_max(key, by)

    def cache_object(self, key: Any, obj: Any) -> bool:
        """Keep a worker whose trial has ended; whether it is needed is seen at the end of the loop's step."""
        self._cached_objects[key].append(obj)
        self._num_cached_objects += 1
        return True

    def flush_cached_objects(self, force_all: bool = False) -> Iterator[Any]:
        """Give back the workers that are not needed, those first that have waited for longest."""
        for key, workers in self._cached_objects.items():
            num_needed = 0 if force_all else max(self._max_num_objects[key], self._num_wanted())
            if not force_all and self._newest not in (None, key):
                num_needed = self._max_num_objects[key]
            while len(workers) > num_needed:
                self._num_cached_objects -= 1
                yield workers.pop(0)
