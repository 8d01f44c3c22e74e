"""The vote as one file for use elsewhere, and a student of it. Importing this loads no Keras; calling it does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.config import Config
from core.device import prepare_tensorflow


@dataclass(frozen=True, kw_only=True)
class ExportMember:
    """Who votes in the exported model."""

    name: str
    """What vote.json calls it."""
    model_urls: tuple[str, ...]
    """model.keras of each fold and repeat, whose softmax is averaged; one for a plain trial."""
    weight: float
    """Above 0; all members' sum to 1."""
    views: int = 1
    """1, 5 or 9: the softmax is averaged over so many of `core.views`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownVote:
    """What the exported model has to give, from stored predictions."""

    images: np.ndarray  # (n, height, width, channels) uint8
    softmax: np.ndarray  # (n, num_classes) float, the vote's, of the same rows
    name: str = "images"
    """What rows they are, for messages and vote.json: "test rows 0 to 255"."""


def export_vote(
    members: Sequence[ExportMember],
    *,
    of_logits: bool,
    temperature: float,
    folder: str,
    class_names: Sequence[str],
    known: KnownVote | None = None,
) -> str:
    """Write vote.keras and, beside it, vote.json, which says what is in it.

    The model takes pixels 0..255, (n, height, width, channels), and gives the vote's softmax in float32. It is made of
    stock Keras layers and loads with nothing but TensorFlow: `keras.models.load_model("vote.keras")`. Each member
    computes in the arithmetic that it was trained in (float32 or bfloat16); views and averages are float32. On a CPU
    the softmax is that of the stored predictions within 1e-5 where all members are float32, else within 0.02.

    Args:
        members: One or more, of the same images and classes.
        of_logits: Average the logarithms of each member's softmax, floored as in log-loss, instead of the softmax.
        temperature: What the vote's log-probabilities, floored likewise, are divided by, above 0; 1 is none.
        folder: Path or fsspec URL, made where it is missing.
        class_names: In the order of the softmax.
        known: Rows on which the model is compared with the stored predictions' vote before it is written.

    Returns:
        The URL of vote.keras.

    Raises:
        ConfigError: the images are too large for views.
        StoredFileError: a model is missing, torn, not of stock layers, or of other images or classes; or the exported
            vote is not the known one.
        StudyError: the folder cannot be written.
    """
    prepare_tensorflow(num_threads=None, use_gpu=True)
    from core.export import write_vote  # tensorflow starts in the line above

    return write_vote(
        members,
        of_logits=of_logits,
        temperature=temperature,
        folder=folder,
        class_names=class_names,
        known=known,
    )


Answer = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""From images (n, height, width, channels) uint8 to each member's softmax (num_members, n, num_classes) and the vote's
(n, num_classes), float32."""


def load_vote(
    members: Sequence[ExportMember],
    *,
    of_logits: bool,
    temperature: float,
    image_shape: tuple[int, int, int],
    num_classes: int,
    on_model: Callable[[], None] = lambda: None,
) -> Answer:
    """Load the models of a vote, in Keras's safe mode, as one function that is compiled and has answered once.

    Args:
        members: One or more.
        of_logits: As of `export_vote`.
        temperature: As of `export_vote`.
        image_shape: Height, width, channels.
        num_classes: Of the vote.
        on_model: Called after each model is read.

    Raises:
        ConfigError, StoredFileError: as of `export_vote`.
    """
    prepare_tensorflow(num_threads=None, use_gpu=True)
    from core.answer import compile_vote  # tensorflow starts in the line above

    return compile_vote(
        members,
        of_logits=of_logits,
        temperature=temperature,
        image_shape=image_shape,
        num_classes=num_classes,
        on_model=on_model,
    )


def predict_images(
    url: str,
    images: np.ndarray,  # (n, height, width, channels) uint8
) -> np.ndarray:
    """Return the softmax of vote.keras, student.keras or a trial's model.keras, (n, num_classes) float32.

    Raises:
        StoredFileError: the file is missing, torn, or not of stock layers.
    """
    prepare_tensorflow(num_threads=None, use_gpu=True)
    from core.export import predict  # tensorflow starts in the line above
    from core.stock_model import read_stock_model

    return predict(read_stock_model(url), images)


@dataclass(frozen=True, kw_only=True, eq=False)
class TaughtRows:
    """What a student learns from and is scored on."""

    images: np.ndarray  # (n, height, width, channels) uint8
    labels: np.ndarray  # (n,) int32 true classes, which the student never sees
    softmax: np.ndarray  # (n, num_classes) float, the vote's; NaN in rows for which vote.keras is to be asked
    scored_rows: np.ndarray  # (num_scored,) int, whose softmax was made by models that had not seen these rows


@dataclass(frozen=True, kw_only=True)
class DistilResult:
    """A student beside the vote that taught it."""

    url: str
    """student.keras."""
    num_train: int
    """Rows that the student was trained on."""
    num_scored: int
    """Rows that the student was not trained on, nor the models that vote on them; all scores are theirs."""
    student_accuracy: float
    vote_accuracy: float
    student_log_loss: float
    """Nats."""
    vote_log_loss: float
    agreement: float
    """Share of the rows to which both give the same class."""
    student_seconds: float
    """For 1,000 images, median of rounds in turns with the vote's."""
    vote_seconds: float

    @property
    def speed_ratio(self) -> float:
        """How many times as fast as the vote the student is."""
        return self.vote_seconds / self.student_seconds

    def __str__(self) -> str:
        return (
            f"student: {self.student_accuracy:.2%} right, the vote {self.vote_accuracy:.2%}, the same class in "
            f"{self.agreement:.2%} (of {self.num_scored:,} rows that the student did not see); {self.speed_ratio:.3g} "
            f"times as fast ({self.student_seconds:.3g} s for 1,000 images, the vote {self.vote_seconds:.3g} s)"
        )


def distil_vote(
    rows: TaughtRows,
    *,
    vote_url: str,
    class_names: Sequence[str],
    folder: str,
    seed: int = 0,
    config: Config | None = None,
    on_epoch: Callable[[int, int, float], None] = lambda epoch, num_epochs, loss: None,
) -> DistilResult:
    """Train one network on the vote's softmax; write student.keras and, beside it, student.json.

    The student is trained on every row but the scored ones and images identical to one of these, for a fixed number
    of epochs: nothing of it is chosen on the rows that score it. It takes pixels 0..255 and gives softmax, like the
    vote, and is of stock Keras layers.

    Args:
        rows: Images with the vote's softmax: out-of-fold where a committee voted.
        vote_url: vote.keras, which is timed, and asked about rows of NaN.
        class_names: In the order of the softmax.
        folder: Path or fsspec URL, made where it is missing.
        seed: Of the student's weights and all else that is random in its training.
        config: Of one view and no builder; None takes the fast one (`core.known`), with more epochs for few rows.
        on_epoch: Told after each epoch its number, of how many, and the mean cross-entropy to the vote (nats).

    Raises:
        ConfigError: the configuration does not fit the images.
        StoredFileError: vote.keras is missing or torn.
        TrainingError: the loss is not finite.
        StudyError: the folder cannot be written.
    """
    prepare_tensorflow(num_threads=None, use_gpu=True)
    from core.distil import write_student  # tensorflow starts in the line above

    return write_student(
        rows,
        vote_url=vote_url,
        class_names=class_names,
        folder=folder,
        seed=seed,
        config=config,
        on_epoch=on_epoch,
    )
