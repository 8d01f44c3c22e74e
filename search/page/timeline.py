"""Where the time went: trials on the lanes of their machines, and what the seconds were spent on."""

from collections.abc import Sequence

import plotly.graph_objects as go
from markupsafe import Markup

from core.html.blocks import prose, row, table
from core.html.figure import figure, label
from core.html.page import Section
from core.store.records import TrialRecord
from search.page.busy import busy_figure
from search.page.kinds import COMMITTEE, CUT, PRUNED, Kind, by_kind, kind_of
from search.page.lanes import Stretch, TimeSpent
from search.page.layout import LEGEND, axis
from search.page.records import SearchRecords, planned_epochs
from search.page.words import duration, percent, plural, unit_of

MOST_BARS = 400
MOST_LANES = 40
"""Of more trials or lanes no single one could be seen: they are counted over time instead."""
PIXELS_A_LANE = 26
SEPARATOR = "rgba(255,255,255,0.8)"
"""Between bars, on a light page and on a dark one."""


def time_section(
    found: SearchRecords, of_search: Sequence[Stretch], of_committee: Sequence[Stretch], spent: TimeSpent
) -> Section | None:
    """Return the section, None of a study without trials.

    Args:
        found: the study.
        of_search: the search's trials on their lanes.
        of_committee: the committee's trainings on theirs.
        spent: what the search's time went into.
    """
    everything = [*of_search, *of_committee]
    if not everything:
        return None
    body = _figure(everything)
    if of_search and spent.available > 0:
        body += row(_shares(spent), _table(found.trials))
        body += prose(*_pruning(found.trials))
    lead = (
        f"{duration(spent.span)} from the first trial's start to the last one's end, with "
        f"{plural(spent.num_lanes, 'trial')} side by side at most. Trials of one machine stand in as many lanes as "
        "they must have had; one that went on after a pause, or elsewhere, is a single bar where it ended."
    )
    return Section(anchor="time", title="Where the time went", lead=lead if of_search else "", body=body)


def _figure(stretches: Sequence[Stretch]) -> Markup:
    """Return the timeline, or how many trials ran when there are too many for one."""
    began = min(each.start for each in stretches)
    unit, seconds = unit_of(max(each.end for each in stretches) - began)
    lanes = sorted({(each.node, each.lane) for each in stretches})
    if len(stretches) > MOST_BARS or len(lanes) > MOST_LANES:
        return busy_figure(stretches)
    names = {lane: label(f"{lane[0] or 'no machine yet'} · {lane[1] + 1}") for lane in lanes}
    plot = go.Figure()
    for kind, of_kind in _by_kind(stretches):
        plot.add_trace(
            go.Bar(
                orientation="h", name=kind.word,
                marker={"color": kind.colour, "line": {"width": 0.7, "color": SEPARATOR}},
                y=[names[each.node, each.lane] for each in of_kind],
                base=[(each.start - began) / seconds for each in of_kind],
                x=[each.seconds / seconds for each in of_kind],
                text=[_hover(each) for each in of_kind], textposition="none",
                hovertemplate="%{text}<extra></extra>",
            )
        )  # fmt: skip
    plot.update_layout(
        xaxis=axis(unit), legend=LEGEND, barmode="overlay", bargap=0.25,
        yaxis={
            "type": "category", "categoryorder": "array", "categoryarray": list(names.values())[::-1],
            "showgrid": False,
        },
    )  # fmt: skip
    told = ", ".join(f"{len(of_kind)} {kind.word}" for kind, of_kind in _by_kind(stretches))
    return figure(
        plot,
        alt=f"Timeline of {plural(len(stretches), 'trial')} on {plural(len(lanes), 'lane')}: {told}.",
        height=110 + PIXELS_A_LANE * len(lanes),
    )


def _by_kind(stretches: Sequence[Stretch]) -> list[tuple[Kind, list[Stretch]]]:
    """Return the stretches of each kind, the committee's last."""
    of = {id(each.record): each for each in stretches}
    search = by_kind(each.record for each in stretches if not is_of_committee(each.record))
    found = [(kind, [of[id(record)] for record in records]) for kind, records in search]
    committee = [each for each in stretches if is_of_committee(each.record)]
    return [*found, (COMMITTEE, committee)] if committee else found


def is_of_committee(record: TrialRecord) -> bool:
    """True for a training of stage two, whose id has more than a number."""
    return "-" in record.trial_id


def _hover(each: Stretch) -> str:
    """Return what is said of a bar."""
    record = each.record
    score = f", log-loss {record.best.log_loss:.4f}" if record.best is not None else ""
    return (
        f"{record.trial_id} {record.state}{score}<br>{plural(len(record.epochs), 'epoch')}, "
        f"{duration(record.seconds)} of training in {duration(each.seconds)}"
    )


def _shares(spent: TimeSpent) -> Markup:
    """Return what the lanes' time went into."""
    parts = [
        ("in epochs: training and holdout prediction", spent.training),
        ("in trials outside of epochs: a worker starts, compiles, writes, or the search stood still", spent.around),
        ("without a trial", spent.idle),
        ("all lanes from the first start to the last end", spent.available),
    ]
    rows = [[name, duration(seconds), percent(seconds / spent.available)] for name, seconds in parts]
    caption = f"What {plural(spent.num_lanes, 'lane')} did for {duration(spent.span)}"
    return table(["what", "time", "share"], rows, caption=caption, numeric=(1, 2))


def _table(records: Sequence[TrialRecord]) -> Markup:
    """Return the training time of each kind of trial."""
    total = sum(record.seconds for record in records) or 1.0
    rows = []
    for kind, of_kind in by_kind(records):
        seconds, epochs = sum(record.seconds for record in of_kind), sum(len(record.epochs) for record in of_kind)
        rows.append([kind.word, f"{len(of_kind):,}", f"{epochs:,}", duration(seconds), percent(seconds / total)])
    columns = ["trials", "number", "epochs", "training", "share"]
    return table(columns, rows, caption="Training time by how trials ended", numeric=range(1, 5))


def _pruning(records: Sequence[TrialRecord]) -> list[str]:
    """Return what pruning cost and saved, and what is left to go on with."""
    told = []
    pruned = [record for record in records if kind_of(record) is PRUNED]
    if pruned:
        cost = sum(record.seconds for record in pruned)
        saved = sum(_seconds_left(record) for record in pruned)
        epochs, planned = sum(len(record.epochs) for record in pruned), sum(map(planned_epochs, pruned))
        told.append(
            f"The {plural(len(pruned), 'pruned trial')} took {duration(cost)} for {epochs:,} of {planned:,} epochs; at "
            f"their own pace the rest would have taken {duration(saved)} more, which pruning saved."
        )
    cut = [record for record in records if kind_of(record) is CUT]
    if cut:
        told.append(
            f"{plural(len(cut), 'trial')} ended because the time or cost budget did: another start of the search goes "
            f"on with {'it' if len(cut) == 1 else 'them'}."
        )
    return told


def _seconds_left(record: TrialRecord) -> float:
    """Return what a trial's other epochs would take at its own pace."""
    return record.seconds / len(record.epochs) * max(planned_epochs(record) - len(record.epochs), 0)
