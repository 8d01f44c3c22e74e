"""cost.json in a study's folder: what each start of its search has cost, so that the next one counts on."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import StoredFileError
from core.store import files
from core.store.study import StudyFolder

FORMAT = 1
FILE = "cost.json"


@dataclass(frozen=True, kw_only=True)
class StartCost:
    """One start's."""

    generation: int
    """Which start it is, from 1."""
    began: float
    """Seconds since 1970."""
    until: float
    usd: float
    """All of `machines`, and what was kept back for what comes after the search."""
    machines: tuple[dict[str, Any], ...]
    """Of each kind: machine, market, region, num_machines, hours, usd."""


def cost_file(folder: StudyFolder) -> str:
    """Return where it lies."""
    return files.join(folder.url, FILE)


def write_costs(folder: StudyFolder, costs: tuple[StartCost, ...]) -> None:
    """Write all starts' costs."""
    files.write_json(cost_file(folder), {"format": FORMAT, "starts": [asdict(cost) for cost in costs]})


def read_costs(folder: StudyFolder) -> tuple[StartCost, ...]:
    """Read all starts' costs, none where nothing was counted yet.

    Raises:
        StoredFileError: the file is torn, of another format, or holds something else.
    """
    url = cost_file(folder)
    try:
        raw = files.read_json_of_format(url, FORMAT, "what a study's search has cost")
    except FileNotFoundError:
        return ()
    try:
        costs = tuple(StartCost(**{**start, "machines": tuple(start["machines"])}) for start in raw["starts"])
        for cost in costs:
            if not 0 <= float(cost.usd) < math.inf:
                raise ValueError(f"usd must be 0 or more, got {cost.usd}")
    except (TypeError, KeyError, ValueError) as error:
        raise StoredFileError(
            f"{url} must say what each start has cost, and does not: {error}. Restore it from a copy; without it "
            "nothing counts as spent"
        ) from error
    return costs
