"""Failed trials with their reasons."""

from collections import Counter

from markupsafe import Markup

from core.errors import StudyError
from core.html.blocks import Cell, prose, table
from core.html.page import Section
from core.store import files
from core.store.records import TrialRecord
from core.store.study import StudyFolder
from search.page.records import SearchRecords
from search.page.words import plural

MOST_ROWS = 20
MOST_REASONS = 5


def failures_section(found: SearchRecords) -> Section | None:
    """Return the section, None where nothing has failed."""
    failed = [record for record in found.trials if record.state == "failed"]
    if not failed:
        return None
    reasons = Counter(record.error or "no reason noted" for record in failed)
    told = "; ".join(f"{count} times: {reason}" for reason, count in reasons.most_common(MOST_REASONS) if count > 1)
    body = prose(f"Most often, {told}") if told else Markup("")
    columns = ["trial", "machine", "after epochs", "reason", "traceback"]
    rows: list[list[Cell]] = [
        [record.trial_id, record.node, len(record.epochs), record.error or "", _link(found.folder, record)]
        for record in failed[:MOST_ROWS]
    ]
    body += table(columns, rows, caption=_caption(len(failed)), numeric=[2])
    lead = f"Of {plural(len(found.trials), 'trial')}, {len(failed):,} ended in an error; these have no vote."
    return Section(anchor="failures", title="Failures", lead=lead, body=body)


def _caption(num_failed: int) -> str:
    """Return what the table has."""
    return "Failed trials" if num_failed <= MOST_ROWS else f"The first {MOST_ROWS} of {num_failed:,} failed trials"


def _link(folder: StudyFolder, record: TrialRecord) -> Markup:
    """Return a link to the traceback where there is one."""
    try:
        is_there = files.exists(folder.trial(record.trial_id).error)
    except StudyError:  # an object store that does not answer now: the reason is in the record
        is_there = False
    return Markup('<a href="trials/{}/error.txt">error.txt</a>').format(record.trial_id) if is_there else Markup("")
