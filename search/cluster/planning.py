"""From a cluster that was joined to nodes that trials can run on."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from core.errors import ClusterError
from core.store import files
from search.cluster.admission import Admission
from search.cluster.capacity import Resources, plan_resources
from search.cluster.growth import read_growth
from search.cluster.start import cluster_lost
from search.cluster.starting import wait_for_starting_nodes
from search.prepare import SearchStart


@contextlib.contextmanager
def planned(start: SearchStart) -> Iterator[Resources]:
    """Plan the trials of a start on the cluster that was joined, for as long as the block runs.

    Nodes that are still starting are waited for where else the head would run trials; those that the cluster's own
    description tells of, once trials are to run, see `search.cluster.demand`. Every node that is to run some
    has shown that it can; those that come later are asked then.

    Raises:
        ClusterError: no trial fits on any node, or one of the nodes cannot run this study's.
        KeyboardInterrupt: the user stopped the start.
    """
    from ray.exceptions import RayError

    try:
        with _planned(start) as plan:
            yield plan
    except RayError as error:
        raise cluster_lost(type(error).__name__) from error


@contextlib.contextmanager
def _planned(start: SearchStart) -> Iterator[Resources]:
    """Do as `planned`, with Ray's own errors."""
    import ray

    settings = start.settings

    def pause(seconds: float) -> None:
        if start.steering.stop_reason == "interrupted":  # the first Ctrl-C only notes it, see search.signals
            raise KeyboardInterrupt
        time.sleep(seconds)

    if settings.address is not None:
        _require_lasting_place(start)
    growth = None if settings.address is None else read_growth()
    if settings.address is not None and growth is None:
        wait_for_starting_nodes(
            settings.cpus_per_trial,
            settings.gpus_per_trial,
            start.say,
            deadline=start.deadline(),
            pause=pause,
        )
    plan = plan_resources(
        settings.cpus_per_trial,
        settings.gpus_per_trial,
        start.say,
        growth=growth,
        most_at_once=settings.max_concurrent,
    )
    assert plan.live is not None, "a joined cluster is followed"
    own_node = ray.get_runtime_context().get_node_id()
    admission = Admission(start.folder.url, _own_modules(start), own_node, start.say)
    try:
        admission.require(plan.live.trial_nodes(), pause)
        plan.live.screen = admission
        yield plan
    finally:
        admission.close()


def _own_modules(start: SearchStart) -> tuple[str, ...]:
    """Return the user's own modules that a worker imports."""
    functions = [start.settings.builder]
    return tuple(name.partition(":")[0] for name in functions if name is not None)


def _require_lasting_place(start: SearchStart) -> None:
    """Raise ClusterError where the study would lie among Ray's own files, where a submitted job has its folder."""
    import ray

    place = files.local_path(start.folder.url)
    session = Path(ray._private.worker.global_worker.node.get_session_dir_path()).resolve()
    if place is not None and place.resolve().is_relative_to(session):
        raise ClusterError(
            f"--runs must lie outside of Ray's own files, which go with the cluster, got {start.settings.runs} in a "
            f"job's folder ({place.parent}). Name an absolute path or a URL"
        )
