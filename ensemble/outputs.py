"""members.csv and ensemble.json: who voted, with which weight and score, and how to repeat it."""

import csv
import dataclasses
import hashlib
import io
import json
from typing import Any

from core.store import files, manifest
from core.store.dataset import DataSummary
from ensemble.describe import config_in_short
from ensemble.result import SCORED_ON, Member, Scores, VoteResult
from ensemble.why import MemberReason

FORMAT = 1
MEMBERS_HEADER = (
    "member",
    "state",
    "epoch",
    "log_loss",
    "accuracy",
    "errors",
    "weight",
    "log_loss_lost_without",
    "errors_lost_without",
    "share_unlike_others",
    "most_alike",
    "views",
    "config",
)


def render_members(result: VoteResult) -> bytes:
    """Return members.csv: one line a member, best first; all numbers are of the rows that chose them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(MEMBERS_HEADER)
    for member in result.members:
        s = member.scores
        scores = (f"{s.log_loss:.6f}", f"{s.accuracy:.6f}", s.num_errors, f"{member.weight:.6f}")
        words = (*_reason(member.reason, result), member.views, config_in_short(member.config))
        writer.writerow((member.member_id, member.state, member.epoch, *scores, *words))
    return text.getvalue().encode()


def _reason(reason: MemberReason | None, result: VoteResult) -> tuple[object, ...]:
    """Return why a member votes as cells, empty where it does not or votes alone."""
    if reason is None or reason.log_loss_lost is None or reason.num_unlike_others is None:
        return ("", "", "", "")
    unlike = f"{reason.num_unlike_others / reason.num_rows:.6f}"
    return f"{reason.log_loss_lost:.6f}", reason.errors_lost, unlike, result.name_of(reason.most_alike)


def render_ensemble(result: VoteResult, data: DataSummary, submission: bytes | None) -> bytes:
    """Return ensemble.json."""
    value = {
        "format": FORMAT,
        **_studies(result),
        "method": result.method,
        "top_k": result.top_k,
        "chosen": result.choice_reason,
        "averages": "logits" if result.of_logits else "softmax",
        "refit": result.refit,
        "scores": SCORED_ON,
        "rows": result.rows.kind,
        "vote": _scores(result.vote, result),
        "best_member": {"member": result.best.member_id, **_scores(result.best.scores, result)},
        "members": [_member(member, result) for member in result.members],
        "honest": _honest(result),
        "num_trials": result.num_by_state,
        "num_rows": result.vote.num_rows,
        "num_test": result.num_test,
        "submission_sha256": None if submission is None else hashlib.sha256(submission).hexdigest(),
        "data": data.fingerprint,
        "split": data.split,
        "warnings": list(result.warnings),
        "versions": manifest.installed_versions(),
        "machine": manifest.this_machine(),
        "revision": manifest.git_revision(),
    }
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode()


def write_outputs(result: VoteResult, members: bytes, ensemble: bytes) -> None:
    """Write both files.

    Raises:
        StudyError: the folder cannot be written.
    """
    files.write_bytes(result.members_csv, members)
    files.write_bytes(result.ensemble_json, ensemble)


def _studies(result: VoteResult) -> dict[str, Any]:
    """Return the study's folder, or where several voted together all of them."""
    if not result.studies:
        return {"study": result.study}
    return {"studies": [dataclasses.asdict(study) for study in result.studies]}


def _member(member: Member, result: VoteResult) -> dict[str, Any]:
    """Return a member as JSON."""
    raw = dataclasses.asdict(member)
    raw["scores"] = _scores(member.scores, result)
    return raw


def _scores(scores: Scores, result: VoteResult) -> dict[str, Any]:
    """Return scores as JSON, with their standard error and with what they are."""
    standard_error = {"accuracy_standard_error": scores.standard_error}
    return {**dataclasses.asdict(scores), **standard_error, "scored_on": result.rows.kind, "is_optimistic": True}


def _honest(result: VoteResult) -> dict[str, Any] | None:
    """Return the honest estimate as JSON, with what was said of it."""
    if result.estimate is None:
        return None
    raw = dataclasses.asdict(result.estimate)
    raw["calibration"]["temperature"] = result.estimate.calibration.temperature
    for part, written in zip(result.estimate.parts, raw["parts"], strict=True):
        written["comparison"]["words"] = part.comparison.words
    return raw
