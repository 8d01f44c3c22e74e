"""From a vote to one file that gives it: what the exported model has to hold. Keras is loaded by the call alone."""

import numpy as np

from core.errors import StoredFileError, StudyError
from core.store import files
from core.store.dataset import DataSummary
from core.store.study import StudyFolder
from ensemble.estimate import at_temperature
from ensemble.members import ADDED
from ensemble.result import VoteResult
from ensemble.run import read_study_data

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
        images = _test_images(StudyFolder(result.study), data)[:NUM_COMPARED]
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


def _test_images(study: StudyFolder, data: DataSummary) -> np.ndarray:
    """Return the study's test images, (num_test, height, width, channels) uint8."""
    try:
        images = files.read_npz(study.images)["x_test"]
    except (FileNotFoundError, KeyError) as error:
        raise StoredFileError(f"{study.images} is missing. Start the same search again to rewrite it") from error
    if len(images) != len(data.test_ids):
        raise StoredFileError(f"{study.images} must hold {len(data.test_ids)} test images, got {len(images)}")
    return images
