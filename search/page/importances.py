"""The section on what mattered: shares of importance with what chance alone gives, and what pruning does to them."""

import plotly.graph_objects as go
from markupsafe import Markup

from core.html.blocks import prose, row
from core.html.figure import BLUE, INK, figure, label
from core.html.page import Section
from core.store.records import TrialRecord
from search.page.importance import LEAST_TRIALS, MOST_TRIALS, NUM_SHUFFLES, Importance, importance_of
from search.page.layout import LEGEND, axis
from search.page.records import SearchRecords
from search.page.words import percent, plural

MOST_KNOBS = 20
"""Drawn; the others have less."""
BAR_OPACITY = 0.45
"""A line within a bar is seen: at least three times as light or dark as it, on a light page and on a dark one."""


def importance_section(found: SearchRecords) -> tuple[Section, list[str]]:
    """Return the section, and the knobs by what is known of their importance, none where nothing is."""
    complete = [record for record in found.trials if record.state == "complete" and record.params]
    rung = found.rungs[0] if found.rungs else 0
    at_rung = [record for record in found.trials if rung and len(record.epochs) >= rung and record.params]
    of_complete = importance_of(complete, _best_log_loss)
    of_rung = importance_of(at_rung, lambda record: record.epochs[rung - 1].log_loss)
    asked = [(of_complete, "complete trials, by their best log-loss", complete)]
    if rung:
        asked.append((of_rung, f"all trials that reached epoch {rung}, by their log-loss there", at_rung))
    figures = [_figure(importance, of_what) for importance, of_what, _ in asked if importance]
    known = of_rung or of_complete
    body = row(*figures) if figures else Markup("")
    body += prose(*(_why_not(of_what, records) for importance, of_what, records in asked if importance is None))
    body += prose(*_notes(found, known, rung)) if known else Markup("")
    return (
        Section(anchor="importance", title="What mattered", lead=_lead(), body=body),
        list(known.shares) if known else [],
    )


def _lead() -> str:
    """Return what the shares are."""
    return (
        "A knob's share of importance says how much its values among the best trials differ from those among all "
        "(PED-ANOVA, Optuna's evaluator). A share means something where its bar ends well beyond its line."
    )


def _why_not(of_what: str, records: list[TrialRecord]) -> str:
    """Return why there is no figure."""
    there = f"there {'is' if len(records) == 1 else 'are'} {len(records)}"
    is_few = len(records) < LEAST_TRIALS
    reason = f"it takes {LEAST_TRIALS} whose knobs the sampler knows, and {there}" if is_few else "no knob varies"
    return f"Importance among {of_what}: not computed, {reason}."


def _figure(importance: Importance, of_what: str) -> Markup:
    """Return one figure."""
    shares = dict(list(importance.shares.items())[:MOST_KNOBS])
    names = list(shares)[::-1]
    chance, places = [importance.by_chance[name] for name in names], list(range(len(names)))
    plot = go.Figure(
        [
            go.Bar(
                y=places, x=[shares[name] for name in names], orientation="h", name="share",
                marker={"color": BLUE, "opacity": BAR_OPACITY}, text=[label(name) for name in names],
                textposition="none", hovertemplate="%{text}: %{x:.1%}<extra></extra>",
            ),
            go.Scatter(
                y=places, x=chance, mode="markers", name=f"largest of {NUM_SHUFFLES} by chance",
                hovertemplate="by chance: %{x:.1%}<extra></extra>",
                marker={"symbol": "line-ns-open", "color": INK, "size": 15, "line": {"width": 3, "color": INK}},
            ),
        ]
    )  # fmt: skip
    plot.update_layout(
        xaxis=axis("share of importance", tickformat=".0%", rangemode="tozero"),
        yaxis=axis(tickvals=places, ticktext=[label(name) for name in names]),
        bargap=0.35, legend=LEGEND,
    )  # fmt: skip
    told = ", ".join(f"{name} {percent(share)}" for name, share in list(shares.items())[:5])
    return figure(
        plot,
        alt=f"Importance among {plural(importance.num_trials, 'trial')}: {told}.",
        caption=(
            f"Among {of_what}: {plural(importance.num_trials, 'trial')}, of which the best {importance.num_good} count "
            f"as good. {_beyond(importance)}"
        ),
        height=90 + 22 * len(names),
    )


def _beyond(importance: Importance) -> str:
    """Return which knobs are beyond chance."""
    names = importance.beyond_chance
    by_chance = f"by chance alone about {len(importance.shares) / (NUM_SHUFFLES + 1):.1f} would"
    if not names:
        return f"No knob's bar ends beyond its line ({by_chance})."
    of_all = f"{len(names)} of {plural(len(importance.shares), 'knob')}"
    return f"Beyond their lines end {of_all}: {', '.join(names)} ({by_chance})."


def _notes(found: SearchRecords, known: Importance, rung: int) -> list[str]:
    """Return what else has to be known to read the shares."""
    num_pruned = sum(record.state == "pruned" for record in found.trials)
    notes = [
        f"The lines are the largest share that a knob gets when the trials' log-losses are dealt to them anew, "
        f"{NUM_SHUFFLES} times. The sampler tries good values more often, which takes importance from knobs that it "
        "has settled."
    ]
    if num_pruned and rung:
        notes.append(
            f"Pruning ended {plural(num_pruned, 'trial')} early. Among complete trials these are missing, the bad ones "
            f"above all: knobs that made them bad look less important than they are. At epoch {rung} all stand alike, "
            "and knobs that make a training quick at first look more important than they are in the end."
        )
    if len(found.trials) > MOST_TRIALS >= known.num_trials:
        notes.append(f"Of more than {MOST_TRIALS:,} trials, {MOST_TRIALS:,} at even distances are looked at.")
    return notes


def _best_log_loss(record: TrialRecord) -> float:
    """Return the score of a record that has one."""
    assert record.best is not None, "complete trials have epochs"
    return record.best.log_loss
