"""The vote on the screen."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ensemble.committee import COMMITTEE
from ensemble.describe import config_in_short
from ensemble.honest import honest_in_short, honest_lines
from ensemble.members import ADDED
from ensemble.result import SCORED_ON, Member, Scores, VoteResult
from ensemble.why import MemberReason

PLAIN_WIDTH = 120
"""Columns where the output is no terminal (a log, a pipe)."""


def print_vote(
    result: VoteResult, console: Console | None = None, *, in_short: bool = False, written: Sequence[str] = ()
) -> None:
    """Print warnings (to stderr), members, best single trial and vote, and where the files are; in short no tables.

    Where the test rows' labels are known, the last line is their true accuracy.

    Args:
        result: the vote.
        console: stdout by default.
        in_short: whether to leave the tables out.
        written: lines that tell what else was written.
    """
    console = console or Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    for warning in result.warnings:
        print(f"warning: {' '.join(warning.split())}", file=sys.stderr)
    for line in _census(result):
        _print_line(console, line)
    if not in_short:
        console.print(_table(result))
        if len(result.voters) > 1:
            console.print(_reasons(result))
    scores = [_lines(result)[0], *honest_in_short(result)] if in_short else [*_lines(result), *honest_lines(result)]
    for line in (*scores, *_written(result), *written, *_true_accuracy(result)):
        _print_line(console, line)


def _print_line(console: Console, line: str) -> None:
    """Print a line as it is: a path or an id with brackets is no markup, and no path is broken in two."""
    console.print(line, soft_wrap=True, markup=False, highlight=False, emoji=False)


def _census(result: VoteResult) -> list[str]:
    """Return how many trials there are and how they ended; of several studies, each one's too."""
    who, whose = result.study, "committee's"
    if result.studies:
        who, whose = " + ".join(study.name for study in result.studies), "committees'"
    what = f" (the {whose} configurations)" if result.rows.kind == "out-of-fold" else ""
    lines = [f"{who}: {_trials(result.num_by_state)}, {len(result.voters)} vote{what}"]
    for study in result.studies:
        num = sum(one.member_id.rpartition("/")[0] == study.name and one.state != ADDED for one in result.voters)
        lines.append(f"  {study.name}: {study.url}, {_trials(study.num_by_state)}, {num} vote")
    return lines


def _trials(num_by_state: dict[str, int]) -> str:
    """Return how many trials there are and how they ended."""
    counts = ", ".join(f"{num} {state}" for state, num in num_by_state.items() if num)
    return f"{sum(num_by_state.values())} trials ({counts or 'none'})"


def _table(result: VoteResult) -> Table:
    """Return the table of members, best single one and vote."""
    what = "Holdout of" if result.rows.kind == "holdout" else "Out-of-fold,"
    table = Table(title=f"{what} {result.vote.num_rows:,} rows, {SCORED_ON}", title_justify="left")
    table.add_column("member", no_wrap=True)
    table.add_column("config (where it is not the notebook's)", overflow="fold")
    for name in ("log-loss", "accuracy", "errors", "weight"):
        table.add_column(name, justify="right", no_wrap=True)
    for member in result.members:
        is_plain = member.trial_id in ("", member.member_id)
        config = config_in_short(member.config) if is_plain else f"{member.trial_id} over {member.views} views"
        table.add_row(Text(_name(member)), Text(config), *_cells(member.scores), f"{member.weight:.3f}")
    table.add_section()
    table.add_row(f"best single {_kind(result.best)}", Text(result.best.member_id), *_cells(result.best.scores), "")
    table.add_row("vote", vote_in_short(result), *_cells(result.vote), "1.000")
    return table


def _reasons(result: VoteResult) -> Table:
    """Return the table of why each member votes."""
    table = Table(title="Why these members? Counted on the same rows", title_justify="left")
    table.add_column("without", no_wrap=True)
    for name in ("log-loss", "errors", "unlike the others"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("most alike", overflow="fold")
    for member in result.voters:
        reason = member.reason
        assert reason is not None, "voters have reasons"
        assert reason.log_loss_lost is not None, "of two voters or more"
        table.add_row(
            Text(member.member_id),
            f"{reason.log_loss_lost:+.5f}",
            f"{reason.errors_lost:+d}",
            f"{reason.num_unlike_others:,} rows",
            Text(f"{result.name_of(reason.most_alike)} ({_alike(reason)} of the rows)"),
        )
    return table


def _alike(reason: MemberReason) -> str:
    """Return on which share of the rows a member and the one most like it have the same class."""
    return f"{(reason.num_like_most_alike or 0) / reason.num_rows:.2%}".replace("%", " %")


def _kind(member: Member) -> str:
    """Return what a member is called."""
    return {ADDED: "member", COMMITTEE: "configuration"}.get(member.state, "trial")


def _name(member: Member) -> str:
    """Return the member's id, and how its training ended where that was not by its last epoch."""
    is_usual = member.state in ("complete", COMMITTEE)
    return member.member_id if is_usual else f"{member.member_id} ({member.state})"


def vote_in_short(result: VoteResult) -> str:
    """Return how many voted, and how."""
    weights = {round(member.weight, 9) for member in result.voters}
    num, what = len(result.voters), "logits" if result.of_logits else "softmax"
    how = "mean" if len(weights) == 1 else "weighted mean"
    return f"{how} of {num} members' {what}" if num > 1 else "one member alone"


def _cells(scores: Scores) -> tuple[str, str, str]:
    """Return log-loss, accuracy and errors as a table shows them."""
    return f"{scores.log_loss:.5f}", f"{scores.accuracy:.4f}", f"{scores.num_errors:,}"


def _lines(result: VoteResult) -> list[str]:
    """Return what stands below the table."""
    vote, best = result.vote, result.best.scores
    lines = [
        f"vote {vote.accuracy:.4f} (log-loss {vote.log_loss:.5f}), best member {best.accuracy:.4f} "
        f"(log-loss {best.log_loss:.5f}): {SCORED_ON}",
        _precision_of(vote),
        f"chosen: {result.choice_reason}",
    ]
    if result.refit:
        lines.append("the test rows are predicted by trainings on all rows: such a vote has no honest score of its own")
    return lines


def _written(result: VoteResult) -> list[str]:
    """Return what was written."""
    lines = []
    if result.submission_csv is not None:
        lines.append(f"wrote {result.submission_csv} ({result.num_test:,} rows, read again and checked)")
    lines.append(f"wrote {result.members_csv} and {result.ensemble_json}")
    if result.report_html is not None:
        lines.append(f"wrote {result.report_html}")
    return lines


def _true_accuracy(result: VoteResult) -> list[str]:
    """Return the line of the accuracy on test rows whose labels are known."""
    if result.test_accuracy is None:
        return []
    return [f"test accuracy {result.test_accuracy:.4f} ({result.num_test} rows set aside)"]


def _precision_of(vote: Scores) -> str:
    """Return how far the vote's accuracy can be trusted; no error among n rows allows a rate of 3 in n (95 %)."""
    if vote.num_errors == 0:
        return f"no error among {vote.num_rows:,} rows: the true rate may still be {3 / vote.num_rows:.4f}"
    return f"one standard error of the vote's accuracy on {vote.num_rows:,} rows is {vote.standard_error:.4f}"
