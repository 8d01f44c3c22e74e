"""Who votes: weight, configuration, own scores, and what the vote loses without each."""

import plotly.graph_objects as go
from markupsafe import Markup

from core.html.blocks import prose, table
from core.html.figure import BLUE, GREEN, ORANGE, figure, label
from core.html.page import Section
from core.html.words import NO_BREAK, nats, percent
from ensemble.committee import COMMITTEE
from ensemble.describe import config_in_short
from ensemble.page.evidence import Evidence
from ensemble.result import Member, VoteResult

SCORES = ("member", "weight", "log-loss", "accuracy", "errors")
REASONS = ("log-loss lost", "errors lost", "unlike the others", "most alike")
BAR_HEIGHT = 26
"""CSS pixels of a member in a figure."""


def members_section(evidence: Evidence) -> Section:
    """Return table and figures of the members."""
    result = evidence.result
    rows = [_row(member, result) for member in result.members]
    configs = [_config(member) for member in result.members]
    has_reasons = len(result.voters) > 1
    columns = (*SCORES, *REASONS) if has_reasons else SCORES
    caption = "Members, best first; counted on the rows that chose them"
    body = table(columns, rows, caption=caption, numeric=range(1, 8 if has_reasons else 5), notes=configs)
    if has_reasons:
        body += _figures(evidence)
    else:
        body += prose("One member votes alone: there is nothing that the vote could lose without it.")
    lost = (
        " “Lost” is what the vote loses without it, the others' weights made whole again: below 0, the vote would be "
        "better without."
    )
    lead = (
        f"Own scores are those of the member alone.{lost if has_reasons else ''} Below each stands what its "
        "configuration has that the notebook's has not. All on the rows that chose the members: optimistic."
    )
    return Section(anchor="members", title="Who votes", body=body, lead=lead)


def _row(member: Member, result: VoteResult) -> tuple[str, ...]:
    """Return a member's cells; those of one that does not vote have no reasons."""
    state = "" if member.state in ("complete", COMMITTEE) else f" ({member.state})"
    scores = member.scores
    return (
        (member.member_id + state).replace(" ", NO_BREAK),
        f"{member.weight:.3f}",
        nats(scores.log_loss),
        percent(scores.accuracy),
        f"{scores.num_errors:,}",
        *(_reason(member, result) if len(result.voters) > 1 else ()),
    )


def _config(member: Member) -> str:
    """Return in short what a member was trained with, or what it is made of."""
    is_plain = member.trial_id in ("", member.member_id)
    return config_in_short(member.config) if is_plain else f"{member.trial_id} over {member.views} views"


def _reason(member: Member, result: VoteResult) -> tuple[str, ...]:
    """Return why it votes, as cells."""
    reason = member.reason
    if reason is None or reason.log_loss_lost is None or reason.num_unlike_others is None:
        return ("", "", "", "")
    unlike = f"{reason.num_unlike_others:,} rows"
    lost, alike = round(reason.log_loss_lost, 5) + 0.0, result.name_of(reason.most_alike)  # + 0.0: never -0.0
    return f"{lost:+.5f}", f"{reason.errors_lost:+d}", unlike, alike.replace(" ", NO_BREAK)


def _figures(evidence: Evidence) -> Markup:
    """Return what the vote loses without each, and the weights where they differ."""
    voters = evidence.result.voters
    lost = [0.0 if one.reason is None else one.reason.log_loss_lost or 0.0 for one in voters]
    worst = max(range(len(lost)), key=lost.__getitem__)
    harming = [voters[place].member_id for place, value in enumerate(lost) if value < 0]
    alt = f"What the vote's log-loss loses without each member: most without {voters[worst].member_id}, "
    alt += f"{lost[worst]:+.5f}; {len(harming)} of {len(voters)} would better not vote, on these rows."
    colours = [GREEN if value >= 0 else ORANGE for value in lost]
    parts = _bars(evidence, lost, colours, "log-loss lost without the member (optimistic)", alt)
    if len({round(one.weight, 9) for one in voters}) == 1:
        return parts
    shares = ", ".join(f"{one.member_id} {one.weight:.3f}" for one in voters[:5])
    return parts + _bars(evidence, [one.weight for one in voters], BLUE, "weight", f"Weights: {shares}.")


def _bars(evidence: Evidence, values: list[float], colours: str | list[str], title: str, alt: str) -> Markup:
    """Return horizontal bars, the best member on top."""
    places = list(range(len(values)))
    bar = go.Bar(
        x=values, y=places, orientation="h", marker={"color": colours}, hovertemplate="%{x:.5f}<extra></extra>"
    )
    names = [label(name) for name in evidence.voters]
    axis = {"tickvals": places, "ticktext": names, "autorange": "reversed"}
    plot = go.Figure(bar, {"xaxis": {"exponentformat": "none"}, "yaxis": axis})
    return figure(plot, alt=alt, caption=title[0].upper() + title[1:], height=100 + BAR_HEIGHT * len(values))
