"""The live view of a stage: its budget, what runs, who leads, what the vote would score, as the terminal has room."""

from collections.abc import Sequence

from core.live import Line, fitted
from search.live.budget import BudgetLines
from search.live.standing import Standing
from search.live.table import Row, Table
from search.live.vote_so_far import VoteScore, VoteSoFar


class StageView:
    """Puts the lines together."""

    def __init__(self, budget: BudgetLines, standing: Standing, vote: VoteSoFar | None, *, is_ascii: bool) -> None:
        """Show these parts; a committee has no vote so far, since its folds are scored one by one."""
        self._budget = budget
        self._standing = standing
        self._vote = vote
        self._is_ascii = is_ascii

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the lines that fit; what matters least goes first: gaps, headers, rows, the vote."""
        room = max(height - 1, 1)
        head, running, best = self._budget.lines(width), self._standing.running(), self._standing.best()
        foot = self._vote_lines(width)
        parts = [head, foot]
        num_tables = bool(running) + bool(best)
        num_gaps, num_headers = 1 + num_tables + bool(foot), num_tables
        wanted = len(running) + len(best)
        spare = room - len(head) - len(foot)
        if spare < num_gaps + num_headers + min(wanted, 4):
            num_gaps = 0
        if spare < num_headers + min(wanted, 2):
            num_headers = 0
        spare = max(spare - num_gaps - num_headers, 0)
        num_best = min(len(best), max(spare // 2, spare - len(running)))
        table = Table([*running, *best], width, is_ascii=self._is_ascii)
        parts = [
            head,
            self._table(table, "running", "epoch", running, spare - num_best, has_header=num_headers > 0),
            self._table(
                table, self._standing.title, self._standing.counted, best, num_best, has_header=num_headers > 0
            ),
            foot,
        ]
        return _joined(parts, has_gaps=num_gaps > 0)[:room]

    def _table(
        self, table: Table, title: str, counted: str, rows: Sequence[Row], num_rows: int, *, has_header: bool
    ) -> list[Line]:
        """Return a header and as many rows as there is room for, and how many more there are."""
        if not rows or num_rows <= 0:
            return []
        is_cut = len(rows) > num_rows > 1 and title == "running"
        shown = rows[: num_rows - is_cut]
        lines = [table.header(title, counted)] if has_header else []
        lines += [table.line(row) for row in shown]
        if is_cut:
            lines.append([(f"and {len(rows) - len(shown)} more", "dim")])
        return lines

    def _vote_lines(self, width: int) -> list[Line]:
        """Return what the vote would score, if that is known."""
        if self._vote is None:
            return []
        if self._vote.why_not:
            return [fitted("vote now", [(0, (self._vote.why_not, "dim"))], width)]
        return [] if self._vote.score is None else [_vote_line(self._vote.score, width)]


def _vote_line(score: VoteScore, width: int) -> Line:
    """Return what the vote would score now, and that this flatters it."""
    who = f"mean of the best {score.num_members}" if score.num_members > 1 else "the best alone"
    pieces = [
        (0, (f"{score.num_errors:,} errors of {score.num_rows:,}", "bold")),
        (2, (f"log-loss {score.log_loss:.4f}", "bold")),
        (3, (who, "")),
        (1, ("(optimistic: these rows chose)" if width >= 100 else "(optimistic)", "dim")),
    ]
    return fitted("vote now" if width >= 60 else "vote", pieces, width)


def _joined(parts: Sequence[list[Line]], *, has_gaps: bool) -> list[Line]:
    """Return all lines, each part below an empty one where there is room."""
    lines: list[Line] = []
    for part in (part for part in parts if part):
        lines += [[], *part] if has_gaps else part
    return lines
