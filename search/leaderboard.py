"""leaderboard.csv: every trial of a study in order of merit, for a spreadsheet."""

import csv
import io

from core.store import files
from core.store.records import TrialRecord
from core.store.study import StudyFolder

COLUMNS = ("rank", "trial", "state", "origin", "log_loss", "accuracy", "best_epoch", "epochs", "seconds", "error")


def write_leaderboard(folder: StudyFolder, ranked: list[TrialRecord], unranked: list[TrialRecord]) -> None:
    """Write leaderboard.csv: ranked trials first, then those without a score; one column a knob.

    Args:
        folder: the study's.
        ranked: complete and pruned trials, best first.
        unranked: the others.
    """
    knobs = sorted({name for record in (*ranked, *unranked) for name in record.params})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *knobs])
    for rank, record in enumerate(ranked, start=1):
        writer.writerow([*_row(str(rank), record), *(record.params.get(name, "") for name in knobs)])
    for record in unranked:
        writer.writerow([*_row("", record), *(record.params.get(name, "") for name in knobs)])
    files.write_bytes(folder.leaderboard, text.getvalue().encode())


def _row(rank: str, record: TrialRecord) -> list[object]:
    """Return the columns that every record has."""
    best = record.best
    scores = [f"{best.log_loss:.6f}", f"{best.accuracy:.6f}", best.epoch] if best else ["", "", ""]
    origin = record.user_attrs.get("origin", "")
    return [
        rank,
        record.trial_id,
        record.state,
        origin,
        *scores,
        len(record.epochs),
        f"{record.seconds:.2f}",
        record.error or "",
    ]
