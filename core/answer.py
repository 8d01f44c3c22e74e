"""A vote in memory that answers one image in milliseconds: all members in one compiled graph, weights as constants."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from core.deploy import Answer, ExportMember
from core.errors import StoredFileError
from core.export import require_same_shapes
from core.stock_model import read_stock_model
from core.vote_model import VotingModels, build_votes


def compile_vote(
    members: Sequence[ExportMember],
    *,
    of_logits: bool,
    temperature: float,
    image_shape: tuple[int, int, int],
    num_classes: int,
    on_model: Callable[[], None],
) -> Answer:
    """Do what `core.deploy.load_vote` says."""
    models: dict[str, keras.Model] = {}
    for url in dict.fromkeys(url for member in members for url in member.model_urls):
        models[url] = read_stock_model(url)
        on_model()
    require_same_shapes(models, num_classes)
    takes = next(iter(models.values())).input_shape[1:]
    if takes != image_shape:
        raise StoredFileError(f"the models must take the study's images of {image_shape}, got {takes}")
    voting = [
        VotingModels(models=tuple(models[url] for url in m.model_urls), weight=m.weight, views=m.views) for m in members
    ]
    answer = _compiled(build_votes(voting, of_logits=of_logits, temperature=temperature), image_shape)
    answer(np.zeros((1, *image_shape), np.uint8))
    return answer


def _compiled(votes: keras.Model, image_shape: tuple[int, int, int]) -> Answer:
    """Return the model as a function of images."""

    def of_images(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        *softmaxes, vote = votes(tf.cast(images, tf.float32), training=False)
        return tf.stack(softmaxes), vote

    signature = [tf.TensorSpec([None, *image_shape], tf.uint8)]
    traced = tf.function(of_images, signature, autograph=False).get_concrete_function()
    frozen = convert_variables_to_constants_v2(traced)

    def answer(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        softmaxes, vote = frozen(tf.constant(images))
        return softmaxes.numpy(), vote.numpy()

    return answer
