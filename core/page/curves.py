"""Learning curves: accuracy, loss and learning rate over the epochs, on one x axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from core.html.blocks import fold, table
from core.html.figure import BLUE, GREEN, GREY, LEGEND_ABOVE, ORANGE, figure
from core.html.page import Section
from core.page.material import Material
from core.store.records import EpochReport

COARSE, FINE = (1, 2, 5), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
"""First digits of a logarithmic axis's ticks, and those of a narrow one's."""
LEAST_TICKS = 3
MOST_SINGLE_EPOCHS = 12
"""Up to which each has its tick."""
LEAST_SHARE_WRONG = 1e-5
LEAST_LOSS = 1e-6
"""What logarithmic axes begin with."""


def curves_section(material: Material) -> Section:
    """Return the section of learning curves, with their numbers folded away."""
    epochs, best = material.record.epochs, material.best
    lead = (
        "Dashed: the best epoch. The train curves are means over each epoch while it was being learnt: of "
        f"{_handicap(material)}. The holdout is scored after each epoch, without any of that."
    )
    body = _figure(material) + fold("Every epoch's numbers", _table(epochs, best))
    return Section(anchor="curves", title="Learning curves", lead=lead, body=body)


def share_wrong(accuracy: float, num_rows: int) -> float:
    """Return what is drawn for an accuracy on an axis that is stretched towards 1; no error is half a row."""
    return max(1 - accuracy, 0.5 / max(num_rows, 1), LEAST_SHARE_WRONG)


def accuracy_axis(shares: Sequence[float]) -> dict[str, Any]:
    """Return a logarithmic axis of shares wrong, upside down, whose ticks name accuracies."""
    ticks = _ticks_within([share for share in shares if share < 1] or [0.5])
    names = [f"{100 * (1 - share):.6g} %" for share in ticks]
    return {"type": "log", "autorange": "reversed", "tickvals": ticks, "ticktext": names}


def loss_axis(losses: Sequence[float]) -> dict[str, Any]:
    """Return a logarithmic axis of losses, named in plain numbers."""
    ticks = _ticks_within(losses)
    return {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:.6g}" for tick in ticks]}


def _ticks_within(values: Sequence[float]) -> list[float]:
    """Return round numbers around the values, finer ones where there would be few."""
    least, most = min(values) / 1.2, max(values) * 1.2
    ticks: list[float] = []
    for digits in (COARSE, FINE):
        powers = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
        ticks = [digit * 10.0**power for power in powers for digit in digits if least <= digit * 10.0**power <= most]
        if len(ticks) >= LEAST_TICKS:
            break
    return ticks


def _handicap(material: Material) -> str:
    """Return what makes train curves worse than the model is."""
    parts = ["weights that were still changing"]
    if not material.config.augment.is_identity:
        parts.append("augmented images")
    if material.config.builder is None and max(
        material.config.model.block_dropout, material.config.model.dense_dropout
    ):
        parts.append("dropout at work")
    if material.config.train.label_smoothing > 0:
        parts.append("smoothed labels in the loss")
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _figure(material: Material) -> Markup:
    """Return the three panels."""
    import plotly.graph_objects as go

    epochs, best, last = material.record.epochs, material.best, material.last
    lines = _lines(material)
    plot = go.Figure(
        [
            go.Scatter(
                x=[epoch.epoch for epoch in epochs], y=line.drawn, yaxis=line.axis, name=line.name,
                mode="lines+markers" if len(epochs) <= 40 else "lines", line={"color": line.colour},
                customdata=line.said, showlegend=line.axis != "y2",
                hovertemplate=f"%{{customdata:.5g}}<extra>{line.name} {line.score}</extra>",
            )
            for line in lines
        ]
    )  # fmt: skip
    plot.update_layout(_layout(lines, best.epoch, len(epochs)))
    alt = (
        f"Learning curves over {len(epochs)} epochs. Holdout accuracy {best.accuracy:.4f} and log-loss "
        f"{best.log_loss:.5f} at the best epoch, {best.epoch}; {last.accuracy:.4f} and {last.log_loss:.5f} at the "
        f"last. Train accuracy {last.train_accuracy:.4f} and loss {last.loss:.5f} at the last."
    )
    caption = "Accuracy's axis is stretched towards 100 %, where the differences are; that of loss is logarithmic."
    return figure(plot, alt=alt, caption=caption, height=620)


@dataclass(frozen=True)
class _Line:
    """One curve."""

    name: str
    score: str
    axis: str
    colour: str
    drawn: list[float]
    said: list[float]


def _lines(material: Material) -> list[_Line]:
    """Return the curves, those of accuracy as shares wrong."""
    epochs, num_holdout, num_train = material.record.epochs, len(material.rows), int(material.is_train.sum())
    train, holdout = ([e.train_accuracy for e in epochs], [e.accuracy for e in epochs])
    losses, log_losses = ([e.loss for e in epochs], [e.log_loss for e in epochs])
    rates = [e.learning_rate for e in epochs]
    return [
        _Line("train", "accuracy", "y", ORANGE, [share_wrong(value, num_train) for value in train], train),
        _Line("holdout", "accuracy", "y", BLUE, [share_wrong(value, num_holdout) for value in holdout], holdout),
        _Line("train", "loss", "y2", ORANGE, [max(value, LEAST_LOSS) for value in losses], losses),
        _Line("holdout", "log-loss", "y2", BLUE, [max(value, LEAST_LOSS) for value in log_losses], log_losses),
        _Line("learning rate", "", "y3", GREEN, rates, rates),
    ]


def _layout(lines: list[_Line], best_epoch: int, num_epochs: int) -> dict[str, Any]:
    """Return the axes, each panel's below the other's, and the best epoch's mark."""
    shares, losses = ([y for line in lines if line.axis == axis for y in line.drawn] for axis in ("y", "y2"))
    power = {"rangemode": "tozero", "nticks": 3, "exponentformat": "power"}
    mark = {"color": GREY, "dash": "dash", "width": 1}
    at_best = {"type": "line", "xref": "x", "yref": "paper", "x0": best_epoch, "x1": best_epoch, "y0": 0, "y1": 1}
    return {
        "xaxis": {"title": "epoch", "anchor": "y3", "dtick": 1 if num_epochs <= MOST_SINGLE_EPOCHS else None},
        "yaxis": {"title": "accuracy", "domain": [0.64, 1.0], **accuracy_axis(shares)},
        "yaxis2": {"title": "loss", "domain": [0.22, 0.58], **loss_axis(losses)},
        "yaxis3": {"title": "rate", "domain": [0.0, 0.16], **power},
        "hovermode": "x unified",
        "legend": LEGEND_ABOVE,
        "shapes": [{**at_best, "line": mark}],
    }


def _table(epochs: Sequence[EpochReport], best: EpochReport) -> Markup:
    """Return every epoch's numbers."""
    columns = ["epoch", "train loss", "train accuracy", "holdout log-loss", "holdout accuracy", "rate", "seconds"]
    rows = [
        [
            f"{epoch.epoch} (best)" if epoch is best else str(epoch.epoch),
            f"{epoch.loss:.5f}",
            f"{epoch.train_accuracy:.4f}",
            f"{epoch.log_loss:.5f}",
            f"{epoch.accuracy:.4f}",
            f"{epoch.learning_rate:.2e}",
            f"{epoch.seconds:.1f}",
        ]
        for epoch in epochs
    ]
    return table(columns, rows, caption="Scores after each epoch", numeric=range(7))
