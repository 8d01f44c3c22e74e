"""From a vote to one file that gives it, or to one network that learnt from it. Keras is loaded by the calls alone."""

import sys

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from core.errors import StoredFileError, StudyError
from core.store import files
from core.store.study import StudyFolder
from ensemble.estimate import at_temperature
from ensemble.members import ADDED
from ensemble.result import VoteResult
from ensemble.studies import read_study_data

VOTE_FILE = "vote.keras"
NUM_COMPARED = 256
"""Test rows on which the exported model has to give the vote's stored softmax."""


def export_result(result: VoteResult, folder: str) -> str:
    """Write the vote as vote.keras and vote.json into a folder; return the model's URL.

    Members, folds, weights, temperature and views are inside. Before it is written, it has to give the vote of the
    first test rows.

    Raises:
        StudyError: a member has no model: it was added, or is not among the search's --keep-models.
        StoredFileError, ConfigError: as of `core.deploy.export_vote`.
    """
    from core.deploy import ExportMember, KnownVote, export_vote

    _require_models(result)
    data = read_study_data(StudyFolder(result.study))
    members = [
        ExportMember(name=one.member_id, model_urls=one.model_urls, weight=one.weight, views=one.views)
        for one in result.voters
    ]
    known = None
    if result.num_test:
        images = read_images(StudyFolder(result.study), "x_test", len(data.test_ids))[:NUM_COMPARED]
        softmax = at_temperature(result.estimate)(result.test_softmax[: len(images)])
        known = KnownVote(images=images, softmax=softmax, name=f"test rows 0 to {len(images) - 1}")
    return export_vote(
        members,
        of_logits=result.of_logits,
        temperature=1.0 if result.estimate is None else result.estimate.calibration.temperature,
        folder=folder,
        class_names=data.class_names.tolist(),
        known=known,
    )


def distil_result(result: VoteResult, folder: str, *, quiet: bool = False) -> str:
    """Teach one network the exported vote in `folder`; write student.keras beside it and return what it keeps.

    It learns from the vote's softmax of all train rows but the search's holdout, which scores it. A committee's vote
    has seen none of the rows that it speaks of; a vote of trials is asked about the rows that its trials trained on.
    """
    from core.deploy import TaughtRows, distil_vote

    study = StudyFolder(result.study)
    data = read_study_data(study)
    softmax = np.full((len(data.labels), len(data.class_names)), np.nan, np.float32)
    softmax[result.rows.numbers] = at_temperature(result.estimate)(result.softmax)
    taught = TaughtRows(
        images=read_images(study, "x_train", len(data.labels)),
        labels=data.labels,
        softmax=softmax,
        scored_rows=data.holdout_rows,
    )
    columns = (
        TextColumn("student: epoch {task.completed} of {task.total}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=quiet or not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=None)
        distilled = distil_vote(
            taught,
            vote_url=files.join(folder, VOTE_FILE),
            class_names=data.class_names.tolist(),
            folder=folder,
            on_epoch=lambda epoch, num_epochs, _: progress.update(task, completed=epoch, total=num_epochs),
        )
    return f"{distilled}; {_what_flatters(result)}"


def _what_flatters(result: VoteResult) -> str:
    """Return what is to be known of the rows that compare student and vote."""
    if result.rows.kind == "holdout":
        return "these rows chose the vote, which flatters it"
    return "these rows helped to choose the vote, and models that saw them taught the student: it flatters both"


def _require_models(result: VoteResult) -> None:
    """Raise StudyError where a voter's model was not kept."""
    for member in result.voters:
        if member.state == ADDED:
            raise StudyError(f"--export needs every member's model, and {member.member_id} was added without one")
        gone = [url for url in member.model_urls if not files.exists(url)]
        if gone:
            raise StudyError(
                f"--export needs every member's model, and {gone[0]} was not kept. Search with a larger --keep-models, "
                "or vote with fewer members (--top-k)"
            )


def read_images(study: StudyFolder, name: str, num_images: int) -> np.ndarray:
    """Return the study's train or test images, (num_images, height, width, channels) uint8."""
    try:
        images = files.read_npz(study.images)[name]
    except (FileNotFoundError, KeyError) as error:
        raise StoredFileError(f"{study.images} is missing. Start the same search again to rewrite it") from error
    if len(images) != num_images:
        raise StoredFileError(f"{study.images} must hold {num_images} images in {name}, got {len(images)}")
    return images
