"""Values as MLflow has them."""

from typing import Any

from ensemble.result import VoteResult

MOST_LETTERS = 5000
"""Of a parameter or a tag."""


def scores_of(vote: VoteResult) -> dict[str, float]:
    """Return the vote's scores on the rows that chose its members, and its honest ones where it has them."""
    scores = {
        "vote/log_loss": vote.vote.log_loss,
        "vote/accuracy": vote.vote.accuracy,
        "vote/errors": float(vote.vote.num_errors),
        "vote/rows": float(vote.vote.num_rows),
    }
    if vote.estimate is not None:
        honest = vote.estimate.parts[0].vote
        scores |= {"honest/accuracy": honest.accuracy, "honest/log_loss": honest.log_loss}
    return scores


def metrics_of(values: dict[str, float], step: int, moment: int) -> list[Any]:
    """Return values at a step as MLflow has them."""
    from mlflow.entities import Metric

    return [Metric(name, value, moment, step) for name, value in values.items()]


def tags_of(values: dict[str, Any]) -> list[Any]:
    """Return tags; an empty text takes back what an earlier start said."""
    from mlflow.entities import RunTag

    return [RunTag(name, str(value or "")[:MOST_LETTERS]) for name, value in values.items()]


def milliseconds(seconds: float) -> int:
    """Return MLflow's unit of time."""
    return int(seconds * 1000)
