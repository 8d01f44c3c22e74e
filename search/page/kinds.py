"""How trials ended, as a page tells them apart: by word, colour and mark."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.html.figure import PURPLE, STATE_COLOURS, VIOLET
from core.store.records import TrialRecord
from search.ledger import TIME_BUDGET


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One way to end."""

    word: str
    colour: str
    symbol: str
    """Plotly's name of the mark."""


COMPLETE = Kind(word="complete", colour=STATE_COLOURS["complete"], symbol="circle")
PRUNED = Kind(word="pruned", colour=STATE_COLOURS["pruned"], symbol="x-thin-open")
CUT = Kind(word="cut by the budget", colour=PURPLE, symbol="triangle-left-open")
FAILED = Kind(word="failed", colour=STATE_COLOURS["failed"], symbol="cross-thin-open")
RUNNING = Kind(word="running", colour=STATE_COLOURS["running"], symbol="circle-open")
COMMITTEE = Kind(word="committee", colour=VIOLET, symbol="circle")
KINDS = (COMPLETE, PRUNED, CUT, FAILED, RUNNING)
_OF_STATE = {"complete": COMPLETE, "pruned": PRUNED, "failed": FAILED, "running": RUNNING}


def kind_of(record: TrialRecord) -> Kind:
    """Return how a trial of the search ended: what the time or the money ended was not pruned, it can go on."""
    if record.user_attrs.get("reason") == TIME_BUDGET:
        return CUT
    return _OF_STATE[record.state]


def by_kind(records: Iterable[TrialRecord]) -> list[tuple[Kind, list[TrialRecord]]]:
    """Return the records of each kind that there is, in the order of KINDS."""
    found: dict[str, list[TrialRecord]] = {}
    for record in records:
        found.setdefault(kind_of(record).word, []).append(record)
    return [(kind, found[kind.word]) for kind in KINDS if kind.word in found]


def counts_in_words(records: Iterable[TrialRecord]) -> str:
    """Return such as `4 complete, 8 pruned`."""
    return ", ".join(f"{len(of_kind):,} {kind.word}" for kind, of_kind in by_kind(records)) or "none"
