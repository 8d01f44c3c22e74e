"""vote.keras and vote.json: models read, checked, put together, compared with the stored predictions, written."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import keras
import numpy as np

from core.config import VIEW_COUNTS
from core.deploy import ExportMember, KnownVote
from core.errors import StoredFileError
from core.stock_model import read_stock_model
from core.store import files, manifest
from core.trial import write_model
from core.vote_model import VotingModels, arithmetic_of, build_vote

FORMAT = 1
TOLERANCES = {"float32": 1e-5, "bfloat16": 2e-2}
"""How far a probability may be from the stored predictions' vote where both were computed on CPUs. bfloat16 has 8 bits,
and is rounded where a graph writes its results: otherwise in our fused layers than in stock ones."""
MAX_DIFFERENCE = 0.1
"""From a known vote, beyond which the models are others. A GPU computes float32's convolutions in 10 bits unless told,
and each kind of processor rounds bfloat16 in its own way: a rare row of a good vote exceeds the tolerance by that."""
BATCH_SIZE = 128
"""Images a step; each counts once for each view of each model."""
HOW_TO_KEEP_MODELS = (
    "--export needs the model of every member, and a search keeps those of its best --keep-models trials: vote with "
    "fewer members, or search again with a larger --keep-models"
)


def write_vote(
    members: Sequence[ExportMember],
    *,
    of_logits: bool,
    temperature: float,
    folder: str,
    class_names: Sequence[str],
    known: KnownVote | None,
) -> str:
    """Do what `core.deploy.export_vote` says."""
    _check(members, temperature)
    models = {url: read_stock_model(url, HOW_TO_KEEP_MODELS) for member in members for url in member.model_urls}
    require_same_shapes(models, len(class_names))
    voting = [
        VotingModels(models=tuple(models[url] for url in m.model_urls), weight=m.weight, views=m.views) for m in members
    ]
    vote = build_vote(voting, of_logits=of_logits, temperature=temperature)
    arithmetic = sorted({arithmetic_of(model) for model in models.values()})
    tolerance = max(TOLERANCES.get(name, TOLERANCES["bfloat16"]) for name in arithmetic)
    facts = {
        "members": [asdict(member) for member in members],
        "averaged": "logits" if of_logits else "softmax",
        "temperature": temperature,
        "num_models": len(models),
        "arithmetic": arithmetic,
        "tolerance": tolerance,
        "compared": None if known is None else _compare(vote, known),
    }
    url = files.join(folder, "vote.keras")
    write_model(url, vote)
    files.write_json(files.join(folder, "vote.json"), describe(vote, class_names) | facts)
    return url


def predict(
    model: keras.Model,
    images: np.ndarray,  # (n, height, width, channels) uint8
) -> np.ndarray:
    """Return the softmax of a model that takes pixels, (n, num_classes) float32."""
    return model.predict(images, batch_size=BATCH_SIZE, verbose=0)


def describe(model: keras.Model, class_names: Sequence[str]) -> dict[str, Any]:
    """Return what every description of an exported model begins with."""
    return {
        "format": FORMAT,
        "takes": "pixels 0..255, (images, height, width, channels)",
        "image_shape": list(model.input_shape[1:]),
        "gives": "softmax, float32, of these classes in this order",
        "class_names": [str(name) for name in class_names],
        "num_parameters": model.count_params(),
        "versions": manifest.installed_versions(),
        "machine": manifest.this_machine(),
        "revision": manifest.git_revision(),
    }


def _check(members: Sequence[ExportMember], temperature: float) -> None:
    """Raise ValueError unless the arguments are a vote: a caller's mistake, not a user's."""
    if not members or not all(member.model_urls for member in members):
        raise ValueError("a vote must have one member or more, each of one model or more")
    weights = [member.weight for member in members]
    if min(weights) <= 0 or abs(sum(weights) - 1) > 1e-6:
        raise ValueError(f"weights must be above 0 and sum to 1, got {weights}")
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, got {temperature}")
    views = {member.views for member in members}
    if not views <= set(VIEW_COUNTS):
        raise ValueError(f"views must be 1, 5 or 9, got {sorted(views)}")


def require_same_shapes(models: dict[str, keras.Model], num_classes: int) -> None:
    """Raise StoredFileError unless all models take the same images and give the vote's classes."""
    first = next(iter(models.values()))
    for url, model in models.items():
        takes, gives = model.input_shape[1:], model.output_shape[1:]
        if takes != first.input_shape[1:] or gives != (num_classes,):
            raise StoredFileError(
                f"{url} must take images {first.input_shape[1:]} and give {num_classes} classes, like the others of "
                f"the vote, got {takes} and {gives}"
            )


def _compare(vote: keras.Model, known: KnownVote) -> dict[str, Any]:
    """Return how far the model is from the known vote; raise StoredFileError where it is another vote."""
    differences = abs(predict(vote, known.images) - known.softmax).max(axis=1)
    most = float(differences.max(initial=0))
    if not most <= MAX_DIFFERENCE:
        raise StoredFileError(
            f"the exported vote must give the stored predictions' softmax, and it differs by {most:.2g} "
            f"({int((differences > MAX_DIFFERENCE).sum())} of {len(differences)} {known.name} by more than "
            f"{MAX_DIFFERENCE:g}). A member's model.keras is not what made its predictions.npz: train that trial again"
        )
    return {"rows": known.name, "num_rows": len(differences), "largest_difference": most}
