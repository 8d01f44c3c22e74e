"""The page's first sentence and its facts."""

from markupsafe import Markup

from core.html.blocks import facts, prose, table
from core.html.page import Section
from core.store.records import TrialRecord
from search.page.kinds import by_kind, counts_in_words
from search.page.lanes import TimeSpent
from search.page.records import SearchRecords
from search.page.words import duration, plural


def lead(found: SearchRecords, spent: TimeSpent) -> str:
    """Return the result in one sentence or two."""
    trials = f"{plural(len(found.trials), 'trial')} ({counts_in_words(found.trials)}) in {duration(spent.span)}"
    ranked = found.ranked
    if not ranked:
        return f"No trial has a score yet: {trials}."
    best = ranked[0].best
    assert best is not None, "a ranked trial has epochs"
    rows = "the holdout rows" if found.num_holdout is None else f"{found.num_holdout:,} holdout rows"
    return (
        f"The best of {trials} is {ranked[0].trial_id}: log-loss {best.log_loss:.4f} and accuracy {best.accuracy:.4f} "
        f"on {rows}. That is optimistic, since those rows chose it{_and_epoch(ranked[0], best.epoch)}."
    )


def summary_section(found: SearchRecords, spent: TimeSpent) -> Section:
    """Return the facts, and what could not be read."""
    body = facts(_facts(found, spent))
    if found.damaged:
        num = plural(len(found.damaged), "record")
        body += prose(f"Left out of this page, since {num} cannot be read:")
        rows = [line.split(": ", 1) for line in found.damaged]
        body += table(["trial", "why"], rows, caption="Trials left out")
    return Section(anchor="facts", title="In short", body=Markup(body))


def _and_epoch(record: TrialRecord, epoch: int) -> str:
    """Return what else the rows chose."""
    return "" if len(record.epochs) == 1 else f" and its epoch ({epoch} of {len(record.epochs)})"


def _facts(found: SearchRecords, spent: TimeSpent) -> list[tuple[str, str]]:
    """Return names with values."""
    pairs: list[tuple[str, str]] = []
    ranked = found.ranked
    if ranked and (best := ranked[0].best) is not None:
        pairs += [
            ("best trial", ranked[0].trial_id),
            ("its log-loss, optimistic", f"{best.log_loss:.4f}"),
            ("its accuracy, optimistic", f"{best.accuracy:.4f}"),
        ]
    if found.num_holdout is not None:
        pairs.append(("holdout rows", f"{found.num_holdout:,}"))
    pairs += [(f"{kind.word} trials", f"{len(records):,}") for kind, records in by_kind(found.trials)]
    pairs += [
        ("epochs of a whole training", f"{found.epochs:,}"),
        ("first start to last end", duration(spent.span)),
        ("training, all trials", duration(spent.training)),
        ("trials side by side, at most", f"{spent.num_lanes:,}"),
    ]
    if spent.num_nodes:
        pairs.append(("machines", f"{spent.num_nodes:,}"))
    if found.manifest.generation > 1:
        pairs.append(("starts of the search", f"{found.manifest.generation:,}"))
    if found.committee:
        pairs.append(("committee's trainings", f"{len(found.committee):,}"))
    return pairs
