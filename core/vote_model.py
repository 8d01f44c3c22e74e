"""The vote as one Keras model: views, members, folds, weights and temperature, of stock layers only.

A member computes in the arithmetic that it was trained in, which its saved layers name; views, logits, softmax and all
averages are float32.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras

from core.metrics import EPSILON
from core.view_layers import average_views, see_views


@dataclass(frozen=True, kw_only=True)
class VotingModels:
    """One member: models whose softmax counts alike, from pixels 0..255."""

    models: tuple[keras.Model, ...]
    """Of one input shape and one number of classes. A vote renames them, and may have a model in several members."""
    weight: float
    """Above 0; all members' sum to 1."""
    views: int
    """Views of an image over which the softmax is averaged: 1, 5 or 9."""


def build_vote(members: Sequence[VotingModels], *, of_logits: bool, temperature: float) -> keras.Model:
    """Return a model from pixels (n, height, width, channels), 0..255, to the vote's softmax (n, num_classes) float32.

    Args:
        members: One or more.
        of_logits: Average the logarithms of the members' softmax, floored as in log-loss, instead of the softmax.
        temperature: The vote's log-probabilities, floored likewise, are divided by it; 1 leaves them alone.

    Raises:
        ConfigError: the images are too large for views.
    """
    pixels, _, vote = _vote(members, of_logits=of_logits, temperature=temperature)
    return keras.Model(pixels, vote, name="vote")


def build_votes(members: Sequence[VotingModels], *, of_logits: bool, temperature: float) -> keras.Model:
    """Return `build_vote` with what each member says: from pixels to their softmax, then the vote's, a list.

    Raises:
        As `build_vote`.
    """
    pixels, softmaxes, vote = _vote(members, of_logits=of_logits, temperature=temperature)
    return keras.Model(pixels, [*softmaxes, vote], name="votes")


def arithmetic_of(model: keras.Model) -> str:
    """Return float32, or what is less precise and some layer with weights computes in, such as bfloat16."""
    dtypes = {layer.compute_dtype for layer in _innermost_layers(model) if layer.weights}
    return min(dtypes - {"float32"}, default="float32")


def _vote(
    members: Sequence[VotingModels], *, of_logits: bool, temperature: float
) -> tuple[keras.KerasTensor, list[keras.KerasTensor], keras.KerasTensor]:
    """Return pixels, each member's softmax, and the vote's."""
    for i, model in enumerate(dict.fromkeys(model for member in members for model in member.models), start=1):
        model.name = f"model_{i}"  # a model's layers must differ in name; the trials' nets are all "cnn"
    pixels = keras.Input(members[0].models[0].input_shape[1:], name="pixels")
    seen = {1: pixels} | {views: see_views(pixels, views) for views in sorted({m.views for m in members} - {1})}
    softmaxes = [_member(seen[member.views], member, i) for i, member in enumerate(members, start=1)]
    votes = [_log(softmax) for softmax in softmaxes] if of_logits else softmaxes
    vote = _weighted_sum(votes, [member.weight for member in members])
    if of_logits:
        vote = keras.layers.Softmax(dtype="float32", name="vote_of_logits")(vote)
    if temperature != 1:
        cooled = keras.layers.Rescaling(1 / temperature, dtype="float32", name="temperature")(_log(vote))
        vote = keras.layers.Softmax(dtype="float32", name="calibrated")(cooled)
    return pixels, softmaxes, vote


def _member(seen: keras.KerasTensor, member: VotingModels, number: int) -> keras.KerasTensor:
    """Return the mean softmax of a member's models and views, (n, num_classes)."""
    each = [model(seen) for model in member.models]
    mean = keras.layers.Average(dtype="float32", name=f"member_{number}")(each) if len(each) > 1 else each[0]
    return mean if member.views == 1 else average_views(mean, member.views, f"member_{number}_of_views")


def _weighted_sum(votes: list[keras.KerasTensor], weights: list[float]) -> keras.KerasTensor:
    """Return the weighted sum of (n, num_classes); one vote alone has all the weight."""
    if len(votes) == 1:
        return votes[0]
    weighted = [
        keras.layers.Rescaling(weight, dtype="float32", name=f"weight_{i}")(vote)
        for i, (vote, weight) in enumerate(zip(votes, weights, strict=True), start=1)
    ]
    return keras.layers.Add(dtype="float32", name="vote")(weighted)


def _log(softmax: keras.KerasTensor) -> keras.KerasTensor:
    """Return the logarithm of probabilities of at least EPSILON."""
    return keras.ops.log(keras.ops.maximum(softmax, EPSILON))


def _innermost_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of a model and of the models within it."""
    return [
        inner
        for layer in model.layers
        for inner in (_innermost_layers(layer) if isinstance(layer, keras.Model) else [layer])
    ]
