import json
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from core.config import Config
from core.data.dataset import Dataset
from core.data.split import Split
from core.deploy import DistilResult, TaughtRows, distil_vote, predict_images
from core.distil import rows_to_learn_from, softmax_to_learn, student_config
from core.errors import ConfigError, StoredFileError
from core.metrics import accuracy, log_loss
from core.model import as_deployable
from tests.core.making import make_model_config
from tests.core.networks import make_model

CLASSES = ("0", "1", "2")
NUM_EPOCHS = 12


@pytest.fixture(scope="module")
def vote_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a model that knows nothing of the classes."""
    path = tmp_path_factory.mktemp("vote") / "vote.keras"
    as_deployable(make_model(make_model_config(4, dense_units=()), image_shape=(8, 6, 1), num_classes=3)).save(path)
    return str(path)


@pytest.fixture
def rows(tiny_dataset: Dataset, tiny_split: Split) -> TaughtRows:
    """Return the tiny data set's rows with a vote that is 90 % sure of the class after the true one."""
    softmax = np.full((100, 3), 0.05)
    softmax[np.arange(100), (tiny_dataset.labels + 1) % 3] = 0.9
    return TaughtRows(
        images=tiny_dataset.x_train,
        labels=tiny_dataset.labels,
        softmax=softmax,
        scored_rows=tiny_split.holdout_rows,
    )


@pytest.fixture
def config(tiny_config: Callable[..., Config]) -> Config:
    return tiny_config(epochs=NUM_EPOCHS, schedule="cosine", ema_decay=0.9, learning_rate=1e-2)


def test_a_student_learns_what_the_vote_says_and_not_the_labels(
    rows: TaughtRows, config: Config, vote_url: str, tmp_path: Path
) -> None:
    told: list[tuple[int, int, float]] = []
    result = distil_vote(
        rows,
        vote_url=vote_url,
        class_names=CLASSES,
        folder=str(tmp_path),
        config=config,
        on_epoch=lambda *words: told.append(words),
    )
    assert result.agreement > 0.9  # by chance a third of 30 rows, standard error 0.09
    assert result.student_accuracy < 0.1
    assert (result.vote_accuracy, result.vote_log_loss) == (0.0, pytest.approx(-np.log(0.05)))
    assert (result.num_train, result.num_scored) == (70, 30)
    of_student = predict_images(result.url, rows.images[rows.scored_rows])
    labels = rows.labels[rows.scored_rows]
    assert result.url == str(tmp_path / "student.keras")
    assert accuracy(of_student, labels) == result.student_accuracy
    assert log_loss(of_student, labels) == pytest.approx(result.student_log_loss)
    assert [epoch for epoch, *_ in told] == list(range(1, NUM_EPOCHS + 1))
    # the vote's entropy, of (0.9, 0.05, 0.05), is the least that the cross-entropy can be: 0.394
    assert told[0][2] > told[-1][2] > 0.394
    facts = json.loads((tmp_path / "student.json").read_text())
    assert facts["config"] == config.to_json()
    assert (facts["vote"], facts["class_names"], facts["num_scored"]) == (vote_url, list(CLASSES), 30)
    assert facts["speed_ratio"] == pytest.approx(facts["vote_seconds"] / facts["student_seconds"])


def test_rows_without_softmax_are_put_to_the_votes_model(rows: TaughtRows, vote_url: str, tiny_split: Split) -> None:
    known, unknown = tiny_split.train_rows[:30], tiny_split.train_rows[30:]
    stored = rows.softmax[known].astype(np.float32)
    rows.softmax[unknown] = np.nan
    softmax = softmax_to_learn(keras.models.load_model(vote_url), rows, tiny_split.train_rows)
    np.testing.assert_array_equal(softmax[:30], stored)
    np.testing.assert_allclose(softmax[30:], predict_images(vote_url, rows.images[unknown]), rtol=0, atol=1e-6)


def test_rows_identical_to_scored_ones_are_not_learnt_from(rows: TaughtRows, tiny_split: Split) -> None:
    assert rows_to_learn_from(rows).tolist() == tiny_split.train_rows.tolist()
    twin, scored = tiny_split.train_rows[3], tiny_split.holdout_rows[0]
    images = rows.images.copy()
    images[twin] = images[scored]
    learnt = rows_to_learn_from(TaughtRows(**{**vars(rows), "images": images}))
    assert sorted({*tiny_split.train_rows} - {*learnt}) == [twin]


def test_scored_rows_without_softmax_are_refused(rows: TaughtRows, vote_url: str, tiny_split: Split) -> None:
    rows.softmax[rows.scored_rows[0]] = np.nan
    with pytest.raises(ValueError, match="the scored rows must have the vote's softmax"):
        softmax_to_learn(keras.models.load_model(vote_url), rows, tiny_split.train_rows)


def test_images_too_small_for_the_student_and_a_missing_vote_are_named(rows: TaughtRows, config: Config) -> None:
    for student, error, words in (
        (None, ConfigError, "8 pixels, got images of 8x6"),
        (config, StoredFileError, r"^nowhere is missing\.$"),
    ):
        with pytest.raises(error, match=words):
            distil_vote(rows, vote_url="nowhere", class_names=CLASSES, folder="unwritten", config=student)


def test_the_students_configuration_suits_the_number_of_rows() -> None:
    few, many = student_config(70).train, student_config(33_600).train
    assert (few.batch_size, few.epochs) == (70, 60)
    assert (many.batch_size, many.epochs) == (256, 18)


def test_a_result_says_accuracy_agreement_and_speed_in_a_line() -> None:
    result = DistilResult(
        url="student.keras", num_train=33_600, num_scored=8400, student_accuracy=0.995, vote_accuracy=0.9963,
        student_log_loss=0.02, vote_log_loss=0.01, agreement=0.9975, student_seconds=0.25, vote_seconds=3.0,
    )  # fmt: skip
    assert result.speed_ratio == 12.0
    assert str(result) == (
        "student: 99.50% right, the vote 99.63%, the same class in 99.75% (of 8,400 rows that the student did not "
        "see); 12 times as fast (0.25 s for 1,000 images, the vote 3 s)"
    )
