"""Scores against the number of members."""

from collections.abc import Sequence

import plotly.graph_objects as go
from markupsafe import Markup

from core.html.blocks import fold, prose, row, table
from core.html.figure import BLUE, LEGEND_ABOVE, ORANGE, figure
from core.html.page import Section
from core.html.words import nats, percent
from ensemble.page.evidence import Evidence
from ensemble.result import Scores

ANCHOR, TITLE = "number", "How many members"


def growth_section(evidence: Evidence) -> Section:
    """Return the scores of the best 1, 2, ... averaged, the chosen vote marked."""
    result, growth = evidence.result, evidence.result.growth
    if len(growth.member_ids) == 1:
        return Section(anchor=ANCHOR, title=TITLE, body=prose("There is one who may vote: no number to choose."))
    num_rows, what = result.vote.num_rows, "logits" if result.of_logits else "softmax"
    rows = [
        (f"{number}", f"{loss:.5f}", percent(1 - errors / num_rows), f"{errors:,}", name)
        for number, (name, loss, errors) in enumerate(
            zip(growth.member_ids, growth.log_losses, growth.num_errors, strict=True), start=1
        )
    ]
    columns = ("members", "log-loss", "accuracy", "errors", "who joins")
    shown = table(columns, rows, caption="The mean of the best few, optimistic", numeric=range(4))
    lead = (
        f"Equal means of the {what} of the best 1, 2, 3, ... by log-loss, a configuration counted once; the star is "
        f"the vote that was chosen, with its weights. On the {num_rows:,} rows that ranked them: optimistic."
    )
    if growth.num_candidates > len(growth.member_ids):
        lead += f" The best {len(growth.member_ids)} of {growth.num_candidates:,} are shown."
    return Section(anchor=ANCHOR, title=TITLE, body=_figures(evidence) + fold("The numbers", shown), lead=lead)


def _figures(evidence: Evidence) -> Markup:
    """Return log-loss and accuracy against the number."""
    growth, vote = evidence.result.growth, evidence.result.vote
    accuracies = [1 - errors / vote.num_rows for errors in growth.num_errors]
    return row(
        _curve(
            growth.log_losses, vote.log_loss, _chosen(evidence), "log-loss", _alt("log-loss", growth.log_losses, vote)
        ),
        _curve(accuracies, vote.accuracy, _chosen(evidence), "accuracy", _alt("accuracy", accuracies, vote)),
    )


def _chosen(evidence: Evidence) -> int:
    """Return how many vote."""
    return len(evidence.result.voters)


def _alt(what: str, values: Sequence[float], vote: Scores) -> str:
    """Return a curve in words."""
    show = nats if what == "log-loss" else percent
    best = (min if what == "log-loss" else max)(range(len(values)), key=values.__getitem__)
    chosen = vote.log_loss if what == "log-loss" else vote.accuracy
    return (
        f"{what} of one member {show(values[0])}, best with {best + 1} members {show(values[best])}, of all "
        f"{len(values)} {show(values[-1])}; the chosen vote {show(chosen)}."
    )


def _curve(values: Sequence[float], chosen: float, num_chosen: int, name: str, alt: str) -> Markup:
    """Return one score against the number, the chosen vote as a star."""
    numbers = list(range(1, len(values) + 1))
    curve = go.Scatter(x=numbers, y=list(values), mode="lines+markers", name="mean of the best", line={"color": BLUE})
    marker = {"symbol": "star", "size": 15, "color": ORANGE}
    star = go.Scatter(x=[num_chosen], y=[chosen], mode="markers", name="the chosen vote", marker=marker)
    layout = {
        "xaxis": {"title": {"text": "members"}, **({"dtick": 1} if len(values) <= 12 else {})},
        "yaxis": {"title": {"text": name}, **({"tickformat": ".2%"} if name == "accuracy" else {})},
        "legend": LEGEND_ABOVE,
    }
    return figure(go.Figure([curve, star], layout), alt=alt, caption=f"{name.capitalize()}, optimistic")
