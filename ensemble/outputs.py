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

FORMAT = 1
MEMBERS_HEADER = ("member", "state", "epoch", "log_loss", "accuracy", "errors", "weight", "config")


def render_members(result: VoteResult) -> bytes:
    """Return members.csv: one line a member, best first; scores are the holdout's."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(MEMBERS_HEADER)
    for member in result.members:
        s = member.scores
        scores = (f"{s.log_loss:.6f}", f"{s.accuracy:.6f}", s.num_errors, f"{member.weight:.6f}")
        writer.writerow((member.member_id, member.state, member.epoch, *scores, config_in_short(member.config)))
    return text.getvalue().encode()


def render_ensemble(result: VoteResult, data: DataSummary, submission: bytes | None) -> bytes:
    """Return ensemble.json."""
    value = {
        "format": FORMAT,
        "study": result.study,
        "method": result.method,
        "top_k": result.top_k,
        "scores": SCORED_ON,
        "vote": _scores(result.vote),
        "best_member": {"member": result.best.member_id, **_scores(result.best.scores)},
        "members": [_member(member) for member in result.members],
        "num_trials": result.num_by_state,
        "num_holdout": result.vote.num_rows,
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


def _member(member: Member) -> dict[str, Any]:
    """Return a member as JSON."""
    raw = dataclasses.asdict(member)
    raw["scores"] = _scores(member.scores)
    return raw


def _scores(scores: Scores) -> dict[str, Any]:
    """Return scores as JSON, with their standard error and with what they are."""
    standard_error = {"accuracy_standard_error": scores.standard_error}
    return {**dataclasses.asdict(scores), **standard_error, "scored_on": "holdout", "is_optimistic": True}
