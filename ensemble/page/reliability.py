"""Whether the vote is as often right as it is sure, before and after the temperature."""

import plotly.graph_objects as go
from markupsafe import Markup

from core.html.blocks import fold, prose, row, table
from core.html.figure import BLUE, GREY, LEGEND_ABOVE, ORANGE, figure
from core.html.page import Section
from core.html.words import nats, percent
from ensemble.calibrate import Reliability
from ensemble.estimate import Calibration
from ensemble.page.evidence import Evidence

ANCHOR, TITLE = "reliability", "Is it as often right as it is sure?"


def reliability_section(evidence: Evidence) -> Section:
    """Return the reliability diagram with its counts."""
    estimate = evidence.result.estimate
    if estimate is None:
        body = prose("Too few rows for an honest vote, on which alone this could be seen.")
        return Section(anchor=ANCHOR, title=TITLE, body=body)
    calibration = estimate.calibration
    body = row(_diagram(calibration), _counts(calibration)) + fold("The bins", _tables(calibration))
    return Section(anchor=ANCHOR, title=TITLE, body=body, lead=_lead(calibration))


def _lead(calibration: Calibration) -> str:
    """Return what the temperature does, and whether it is taken."""
    before, after = (one.expected_calibration_error for one in (calibration.before, calibration.after))
    taken = "It is taken: no class changes." if calibration.helps else "It does not help, and is left out (1 is taken)."
    return (
        f"Honest votes, by how sure they are. One temperature, {calibration.fitted:.3f}, fitted on other rows than it "
        f"is scored on, takes the log-loss from {nats(calibration.log_loss_before)} to "
        f"{nats(calibration.log_loss_after)} and the expected calibration error (ECE) from {before:.4f} to "
        f"{after:.4f}. {taken}"
    )


def _diagram(calibration: Calibration) -> Markup:
    """Return accuracy against confidence."""
    even = go.Scatter(x=[0, 1], y=[0, 1], mode="lines", name="as sure as right", line={"color": GREY, "dash": "dot"})
    curves = [
        _curve(calibration.before, "before", BLUE, "circle"),
        _curve(calibration.after, "after", ORANGE, "diamond"),
    ]
    axis = {"range": [0, 1.03], "tickformat": ".0%"}
    layout = {
        "xaxis": {**axis, "title": {"text": "how sure the vote is"}},
        "yaxis": {**axis, "title": {"text": "share that is right"}},
        "legend": LEGEND_ABOVE,
    }
    alt = f"Reliability before: {_in_words(calibration.before)} After: {_in_words(calibration.after)}"
    return figure(
        go.Figure([even, *curves], layout),
        alt=alt,
        caption="Points far from the dotted line and with few rows are chance",
    )


def _curve(reliability: Reliability, name: str, colour: str, symbol: str) -> go.Scatter:
    """Return one curve; its points say how many rows they are of."""
    bins = reliability.bins
    return go.Scatter(
        x=[one.confidence for one in bins],
        y=[one.accuracy for one in bins],
        text=[f"{one.num_rows:,} rows" for one in bins],
        mode="lines+markers",
        name=f"{name} (ECE {reliability.expected_calibration_error:.4f})",
        line={"color": colour},
        marker={"symbol": symbol, "size": 8},
        hovertemplate="sure %{x:.3f}, right %{y:.3f}, %{text}<extra></extra>",
    )


def _counts(calibration: Calibration) -> Markup:
    """Return how many rows are how sure, on a logarithmic scale: nearly all are in the last bin."""
    traces = [
        go.Bar(
            x=[(one.low + one.high) / 2 for one in reliability.bins],
            y=[one.num_rows for one in reliability.bins],
            name=name,
            marker={"color": colour},
            hovertemplate="%{y:,} rows<extra></extra>",
        )
        for reliability, name, colour in ((calibration.before, "before", BLUE), (calibration.after, "after", ORANGE))
    ]
    layout = {
        "xaxis": {"range": [0, 1.03], "tickformat": ".0%", "title": {"text": "how sure the vote is"}},
        "yaxis": {"type": "log", "dtick": 1, "title": {"text": "rows (logarithmic)"}},
        "legend": LEGEND_ABOVE,
    }
    last = calibration.before.bins[-1]
    num_rows = sum(one.num_rows for one in calibration.before.bins)
    alt = f"Rows by how sure the vote is: {last.num_rows:,} of {num_rows:,} above {percent(last.low, 0)} before."
    return figure(go.Figure(traces, layout), alt=alt, caption="Rows in each bin")


def _in_words(reliability: Reliability) -> str:
    """Return the bin with most rows, and the mean distance."""
    most = max(reliability.bins, key=lambda one: one.num_rows)
    return (
        f"ECE {reliability.expected_calibration_error:.4f}; of {most.num_rows:,} rows that are sure by "
        f"{percent(most.confidence, 1)}, {percent(most.accuracy, 1)} are right."
    )


def _tables(calibration: Calibration) -> Markup:
    """Return both curves' bins with their counts."""
    columns = ("sure from", "to", "rows", "mean confidence", "right")
    return row(
        *(
            table(
                columns,
                [
                    (
                        f"{one.low:.3f}",
                        f"{one.high:.3f}",
                        f"{one.num_rows:,}",
                        f"{one.confidence:.4f}",
                        f"{one.accuracy:.4f}",
                    )
                    for one in reliability.bins
                ],
                caption=f"{name} the temperature",
                numeric=range(5),
            )
            for name, reliability in (("Before", calibration.before), ("After", calibration.after))
        )
    )
