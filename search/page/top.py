"""The best few trials with their configurations."""

from core.html.blocks import fold, table
from core.html.page import Section
from core.store.records import TrialRecord
from ensemble.describe import config_in_short, telling_fields
from search.page.kinds import kind_of
from search.page.records import SearchRecords
from search.page.words import duration

NUM_SHOWN = 5
COLUMNS = ("trial", "log-loss", "accuracy", "errors", "best epoch", "ended", "came from", "training")


def top_section(found: SearchRecords) -> Section | None:
    """Return the section, None where no trial has a score."""
    best = found.ranked[:NUM_SHOWN]
    if not best:
        return None
    rows = [_row(record, found.num_holdout) for record in best]
    configs = [config_in_short(record.config) for record in best]
    body = table(COLUMNS, rows, caption="Best trials by holdout log-loss", numeric=(1, 2, 3, 4), notes=configs)
    fields = {record.trial_id: telling_fields(record.config) for record in best}
    names = list({name: None for of_trial in fields.values() for name in of_trial})
    whole = [[name, *(of_trial.get(name, "") for of_trial in fields.values())] for name in names]
    body += fold("All their settings, side by side", table(["setting", *fields], whole, caption="Configurations"))
    lead = (
        "All scores are of each trial's best epoch, which these rows chose: optimistic. Below each stands what its "
        "configuration has that the notebook's has not."
    )
    return Section(anchor="top", title="The best trials", lead=lead, body=body)


def _row(record: TrialRecord, num_holdout: int | None) -> list[str]:
    """Return one trial's cells."""
    best = record.best
    assert best is not None, "ranked trials have epochs"
    return [
        record.trial_id,
        f"{best.log_loss:.4f}",
        f"{best.accuracy:.4f}",
        "" if num_holdout is None else f"{round((1 - best.accuracy) * num_holdout):,}",
        f"{best.epoch} of {len(record.epochs)}",
        kind_of(record).word,
        str(record.user_attrs.get("origin", "")),
        duration(record.seconds),
    ]
