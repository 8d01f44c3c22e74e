"""What the cluster may grow to, by its own description: which machines may come, and how many of each."""

from collections.abc import Iterable
from dataclasses import dataclass

from search.cluster.capacity import num_fitting
from search.money.cluster_file import NodeType, description_on_head

UNLIMITED = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Growth:
    """The machines that may come beside the head, those included that are there."""

    types: tuple[NodeType, ...]
    most_machines: int
    """How many there may be at once, of all types together."""

    @property
    def has_gpus(self) -> bool:
        """True where a machine with a graphics card may come."""
        return any(kind.gpus for kind in self.types)

    def most_trials(self, cpus_per_trial: int, gpus_per_trial: float) -> int:
        """Return how many trials could run side by side, were the largest machines all there."""
        return sum(num * fitting for num, fitting in self._largest(cpus_per_trial, gpus_per_trial))

    def most_useful_machines(self, cpus_per_trial: int, gpus_per_trial: float) -> int:
        """Return how many machines that a trial fits on there may be at once."""
        return sum(num for num, _ in self._largest(cpus_per_trial, gpus_per_trial))

    def least_trials(self, cpus_per_trial: int, gpus_per_trial: float) -> int:
        """Return how many trials fit on the smallest machine that one fits on, 0 without any."""
        return min((num for _, num in self._largest(cpus_per_trial, gpus_per_trial)), default=0)

    def _largest(self, cpus_per_trial: int, gpus_per_trial: float) -> list[tuple[int, int]]:
        """Return numbers of machines and how many trials fit on one, those with the most trials first."""
        fitting = [(num_fitting(kind.cpus, kind.gpus, cpus_per_trial, gpus_per_trial), kind) for kind in self.types]
        left, found = self.most_machines, []
        for num_trials, kind in sorted(fitting, key=lambda pair: -pair[0]):
            if num_trials:
                found.append((min(kind.max_workers, left), num_trials))
                left -= found[-1][0]
        return found


def read_growth() -> Growth | None:
    """Return what the cluster that was joined may grow to; None where nothing says that it grows."""
    for read in (_from_cluster, _from_file):
        growth = read()
        if growth is not None and growth.types:
            return growth
    return None


def _from_cluster() -> Growth | None:
    """Return what the cluster's own tables say, where a platform has written it there."""
    import ray._private.state

    config = ray._private.state.state.get_cluster_config()
    if config is None:
        return None
    kinds = (
        NodeType(
            name=group.name,
            cpus=float(group.resources.get("CPU", 0)),
            gpus=float(group.resources.get("GPU", 0)),
            max_workers=UNLIMITED if group.max_count < 0 else group.max_count,
        )
        for group in config.node_group_configs
    )
    return _growth(kinds, UNLIMITED)


def _from_file() -> Growth | None:
    """Return what the description on the head says."""
    cluster = description_on_head()
    return None if cluster is None else _growth((cluster.head, *cluster.workers), cluster.max_workers)


def _growth(kinds: Iterable[NodeType], most: int) -> Growth:
    """Return what kinds of machines come to; one without processors is a head, or one whose size nobody has said."""
    return Growth(types=tuple(kind for kind in kinds if kind.max_workers > 0 and kind.cpus > 0), most_machines=most)


def promised_workers() -> int:
    """Return the least number of workers that the description on the head asks for; 0 where there is none here."""
    cluster = description_on_head()
    return 0 if cluster is None else sum(kind.min_workers for kind in (cluster.head, *cluster.workers))
