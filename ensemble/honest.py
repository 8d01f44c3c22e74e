"""The honest estimate in words."""

from ensemble.estimate import Calibration, HonestPart
from ensemble.nested import HonestScore
from ensemble.result import VoteResult


def honest_lines(result: VoteResult) -> list[str]:
    """Return the lines that say how good the vote is on rows that did not choose it, and against what."""
    estimate = result.estimate
    if estimate is None:
        return [
            f"no honest estimate: {result.vote.num_rows} labelled rows are too few to choose on some and score others"
        ]
    how = f"{estimate.num_parts} parts in turn, {estimate.num_repeats} times"
    lines = [f"honest estimate, chosen on some rows and scored on others ({how}):"]
    for part in estimate.parts:
        lines += _part_lines(part)
    if estimate.methods:
        lines.append(
            f"  by method, {estimate.parts[-1].name}: {', '.join(_in_short(*one) for one in estimate.methods.items())}"
        )
    if result.rows.kind == "holdout":
        lines.append(
            "  these rows chose each trial's epoch too, which flatters both; a committee's rows choose no epoch"
        )
    return [*lines, _calibration_line(estimate.calibration)]


def honest_in_short(result: VoteResult) -> list[str]:
    """Return the honest score of the vote in one line; none where there are too few rows."""
    if result.estimate is None:
        return []
    part = result.estimate.parts[-1]
    return [f"honest estimate, {part.name} ({part.vote.num_rows:,}): vote {_score(part.vote)}"]


def _part_lines(part: HonestPart) -> list[str]:
    """Return the scores on some rows, and the comparison."""
    return [
        f"  {part.name} ({part.vote.num_rows:,}): vote {_score(part.vote)}",
        f"    best single {_score(part.best_single)}",
        f"    vote against best single: {part.comparison.words}",
    ]


def _score(score: HonestScore) -> str:
    """Return a score with its intervals."""
    low, high = score.accuracy_interval
    errors = f"{score.num_errors:,.1f}".removesuffix(".0")
    return (
        f"{score.accuracy:.4%} ({low:.4%} to {high:.4%}), errors {errors}, log-loss {score.log_loss:.5f} "
        f"({score.log_loss_interval[0]:.5f} to {score.log_loss_interval[1]:.5f})"
    ).replace("%", " %")


def _in_short(name: str, score: HonestScore) -> str:
    """Return a method's errors and log-loss."""
    return f"{name} {score.num_errors:,.1f} errors, log-loss {score.log_loss:.5f}".replace(".0 errors", " errors")


def _calibration_line(calibration: Calibration) -> str:
    """Return what the temperature does, out-of-fold."""
    return (
        f"calibration: temperature {calibration.fitted:.3f} takes the log-loss from "
        f"{calibration.log_loss_before:.5f} to {calibration.log_loss_after:.5f}, the expected calibration error from "
        f"{calibration.before.expected_calibration_error:.4f} to {calibration.after.expected_calibration_error:.4f}; "
        + ("no class changes" if calibration.helps else "it does not help, and is left out")
    )
