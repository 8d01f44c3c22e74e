"""With and without augmentation side by side, where both were run."""

import math

from markupsafe import Markup

from core.cli import program_words
from core.html.blocks import prose, row, table
from core.html.figure import BLUE, GREEN, LEGEND_ABOVE, ORANGE, PURPLE, YELLOW, figure, label
from core.html.index import now_in_words
from core.html.page import Section
from core.html.words import counted
from core.page.curves import LEAST_LOSS, MOST_SINGLE_EPOCHS, accuracy_axis, loss_axis, share_wrong
from core.page.material import Material
from core.page.score import errors_of, standard_error
from core.page.siblings import Training, find_siblings, training_of

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, YELLOW)


def comparison_section(material: Material) -> Section:
    """Return the section; where there is nothing to compare with it says what to run."""
    title, anchor = "With and without augmentation", "comparison"
    siblings = find_siblings(material)
    if not siblings:
        option = "without --no-augment" if material.config.augment.is_identity else "with --no-augment"
        other = (
            f"Only one of the two was run. The same python -m core command {option}, under another --study name in the "
            f"same --runs folder, puts both onto its page, and onto this one once {_again(material.folder.url)} has "
            f"made it anew: looked for on {now_in_words()}."
        )
        if material.manifest.command != "core":
            other = "Trainings of python -m core are compared here; this one is a search's trial."
        return Section(anchor=anchor, title=title, body=prose(other))
    own, num_rows = training_of(material), len(material.rows)
    everyone = [own, *siblings]
    lead = (
        "Trainings in the same folder, of the same data, split and configuration but for the augmentation, "
        f"scored on the same {num_rows:,} holdout rows; those that there were on {now_in_words()}."
    )
    body = row(_figure(everyone, num_rows, "accuracy"), _figure(everyone, num_rows, "log_loss"))
    body += _table(everyone, num_rows) + prose(*(_verdict(own, other) for other in siblings))
    body += prose(
        f"What was trained since is not here: {_again(material.folder.url)} makes this page anew. The others' pages "
        "know of this training once they are made anew likewise."
    )
    return Section(anchor=anchor, title=title, lead=lead, body=body)


def _again(folder: str) -> str:
    """Return the command that makes a page anew."""
    return f"{program_words('core.page')} {folder}"


def _figure(everyone: list[Training], num_rows: int, what: str) -> Markup:
    """Return everyone's holdout curve."""
    import plotly.graph_objects as go

    traces, drawn = [], []
    for training, colour in zip(everyone, COLOURS, strict=False):
        said = [getattr(epoch, what) for epoch in training.epochs]
        y = [share_wrong(value, num_rows) if what == "accuracy" else max(value, LEAST_LOSS) for value in said]
        drawn += y
        name = label(f"{training.words} ({training.name})")
        traces.append(
            go.Scatter(
                x=[epoch.epoch for epoch in training.epochs], y=y, customdata=said, name=name, line={"color": colour},
                hovertemplate="%{customdata:.5g}<extra></extra>",
                mode="lines+markers" if len(training.epochs) <= 40 else "lines",
            )
        )  # fmt: skip
    words = "accuracy" if what == "accuracy" else "log-loss"
    axis = accuracy_axis(drawn) if what == "accuracy" else loss_axis(drawn)
    longest = max(len(training.epochs) for training in everyone)
    plot = go.Figure(traces)
    plot.update_layout(
        xaxis={"title": "epoch", "dtick": 1 if longest <= MOST_SINGLE_EPOCHS else None},
        yaxis={"title": f"holdout {words}", **axis},
        legend=LEGEND_ABOVE, showlegend=True,
    )  # fmt: skip
    best = ", ".join(f"{one.words} ({one.name}) {getattr(one.best, what):.5g}" for one in everyone)
    return figure(plot, alt=f"Holdout {words} over the epochs; at each one's best epoch: {best}.", height=380)


def _table(everyone: list[Training], num_rows: int) -> Markup:
    """Return everyone's scores."""
    rows = []
    for one in everyone:
        wrong = errors_of(one.best, num_rows)
        rows.append(
            [
                one.name,
                one.words,
                str(one.seed),
                f"{one.best.epoch} of {len(one.epochs)}",
                f"{wrong:,} ± {standard_error(wrong, num_rows):.1f}",
                f"{one.best.accuracy:.4f}",
                f"{one.best.log_loss:.5f}",
                f"{errors_of(one.epochs[-1], num_rows):,}",
                f"{one.epochs[-1].train_accuracy:.4f}",
            ]
        )
    columns = [
        "study", "augmentation", "seed", "best epoch", "errors", "accuracy", "log-loss", "errors, last epoch",
        "train accuracy, last epoch",
    ]  # fmt: skip
    caption = f"Holdout of {num_rows:,} rows, errors with one standard error; best epochs are optimistic"
    return table(columns, rows, caption=caption, numeric=range(2, 9))


def _verdict(own: Training, other: Training) -> str:
    """Return what the rows on which only one of two is wrong can tell."""
    only_own = int((~own.is_right & other.is_right).sum())
    only_other = int((own.is_right & ~other.is_right).sum())
    difference, spread = only_own - only_other, math.sqrt(only_own + only_other)
    tells = "more than two of them" if abs(difference) > 2 * spread else "too few to tell the two apart"
    how_many = f"{counted(abs(difference), 'error')} {'fewer' if difference < 0 else 'more'}"
    return (
        f"{own.name} ({own.words}) has {how_many} than {other.name} ({other.words}) at their "
        f"best epochs; {only_own:,} rows are wrong in the former alone and {only_other:,} in the latter alone, so "
        f"one standard error of the difference is {spread:.1f}: {tells}. One training each: other seeds move both."
    )
