"""Stage two: the committee's trainings, each over a fold."""

from collections.abc import Sequence
from statistics import mean

import plotly.graph_objects as go
from markupsafe import Markup

from core.html.blocks import table
from core.html.figure import COLOURS, figure
from core.html.page import Section
from core.html.ticks import log_axis
from core.store.records import TrialRecord
from search.page.curves import curve_lines
from search.page.lanes import stretches_of, time_spent
from search.page.layout import LEGEND, axis
from search.page.records import SearchRecords
from search.page.words import duration, plural


def committee_section(found: SearchRecords) -> Section | None:
    """Return the section, None of a study without a committee."""
    if not found.committee:
        return None
    by_member: dict[str, list[TrialRecord]] = {}
    for record in found.committee:
        by_member.setdefault(record.trial_id.split("-")[0], []).append(record)
    spent = time_spent(stretches_of(found.committee))
    lead = (
        f"{plural(len(found.committee), 'training')} of {plural(len(by_member), 'configuration')} that the search "
        f"found, {duration(spent.training)} of training within {duration(spent.span)}. Each keeps its last epoch, so "
        "that its fold's rows chose nothing; the sampler, the pruner and all of the above know nothing of them."
    )
    body = _table(by_member) + _curves(by_member)
    return Section(anchor="committee", title="The committee's trainings", lead=lead, body=body)


def _table(by_member: dict[str, list[TrialRecord]]) -> Markup:
    """Return a row a configuration: its folds' means and range."""
    rows = []
    for member, records in by_member.items():
        scored = [
            record.epochs[-1] for record in records if record.epochs and record.state == "complete" and is_fold(record)
        ]
        losses, right = [last.log_loss for last in scored], [last.accuracy for last in scored]
        rows.append(
            [
                member,
                Markup('<span style="white-space:nowrap">{}</span>').format(_states(records)),
                f"{mean(losses):.4f}" if losses else "",
                f"{min(losses):.4f} to {max(losses):.4f}" if losses else "",
                f"{mean(right):.4f}" if right else "",
                duration(sum(record.seconds for record in records)),
            ]
        )  # fmt: skip
    columns = [
        "configuration of",
        "trainings",
        "log-loss, mean of folds",
        "least to most",
        "accuracy, mean",
        "training",
    ]
    return table(columns, rows, caption="Out-of-fold scores by configuration, last epoch", numeric=range(2, 6))


def is_fold(record: TrialRecord) -> bool:
    """False for a training on every row, which no rows score."""
    return "-fold" in record.trial_id


def _states(records: Sequence[TrialRecord]) -> str:
    """Return such as `5 complete`."""
    states = [record.state for record in records]
    return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))


def _curves(by_member: dict[str, list[TrialRecord]]) -> Markup:
    """Return the curves over folds, a colour a configuration."""
    plot = go.Figure()
    for place, (member, records) in enumerate(by_member.items()):
        x, y, text = curve_lines([record for record in records if is_fold(record)])
        plot.add_trace(
            go.Scatter(
                x=x, y=y, text=text, name=member, mode="lines", opacity=0.8,
                line={"color": COLOURS[place % len(COLOURS)], "width": 1.4},
                hovertemplate="%{text}, epoch %{x}: %{y:.4f}<extra></extra>",
            )
        )  # fmt: skip
    losses = [epoch.log_loss for records in by_member.values() for record in records for epoch in record.epochs]
    plot.update_layout(xaxis=axis("epoch"), yaxis=log_axis(losses, "log-loss on the fold"), legend=LEGEND)
    num = sum(len(records) for records in by_member.values())
    return figure(plot, alt=f"Learning curves of {plural(num, 'training')} of {len(by_member)} configurations.")
