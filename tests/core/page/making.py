"""Studies of one ended training, made without training anything: for tests of its page. Loads no tensorflow."""

import html
import re
from pathlib import Path
from typing import Any

import numpy as np

from core.config import Config
from core.page.material import Material, read_material
from core.store.dataset import DataSummary, write_data_summary, write_images
from core.store.manifest import Manifest, write_manifest
from core.store.predictions import Predictions, write_predictions
from core.store.records import EpochReport, TrialRecord, write_record
from core.store.study import StudyFolder

ERRORS_OF_LAST = 3
"""More errors after the last epoch than after the one before it, which is the best where there are several."""


def make_study(
    runs: Path,
    name: str = "first",
    *,
    config: Config | None = None,
    image_shape: tuple[int, int, int] = (8, 6, 1),
    num_classes: int = 3,
    num_epochs: int = 3,
    wrong: tuple[int, ...] = (1, 4),
    command: str = "core",
    data: str = "data",
    class_names: list[str] | None = None,
    **record: Any,
) -> StudyFolder:
    """Write a study of 4 rows a class in train and 2 in the holdout.

    Args:
        runs: where.
        name: the study's.
        config: that was trained.
        image_shape: height, width, channels.
        num_classes: of the data.
        num_epochs: that were trained.
        wrong: places of holdout rows that are taken for the next class, the first the surest.
        command: that made the study.
        data: its fingerprint.
        class_names: their numbers unless told.
        **record: other fields of the record.
    """
    folder = StudyFolder(str(runs / name))
    random = np.random.default_rng(0)
    labels = (np.arange(6 * num_classes) % num_classes).astype(np.int32)
    rows = np.arange(4 * num_classes, 6 * num_classes)
    images = random.integers(0, 256, (len(labels), *image_shape), dtype=np.uint8)
    names = np.array(class_names or [str(number) for number in range(num_classes)])
    softmax = softmax_of(labels[rows], num_classes, wrong)
    config = config or Config()
    write_data_summary(
        folder.data,
        DataSummary(
            fingerprint=data, split="split", labels=labels, holdout_rows=rows, class_names=names,
            test_ids=np.array([], np.str_),
        ),
    )  # fmt: skip
    write_images(folder.images, images, images[:0])
    write_manifest(folder.manifest, _manifest(name, command, data, images, num_classes))
    trial = folder.trial("t000000")
    made: dict[str, Any] = {"state": "complete", "seed": 0, "epochs": _epochs(num_epochs, len(wrong), len(rows))}
    write_record(trial.record, TrialRecord(number=0, trial_id="t000000", config=config.to_json(), **(made | record)))
    write_predictions(
        trial.predictions,
        Predictions(trial_id="t000000", rows=rows, softmax=softmax, test_softmax=softmax[:0], data=data),
    )
    return folder


def make_material(tmp_path: Path, **facts: Any) -> Material:
    """Return what the page of `make_study`'s training is made from."""
    return read_material(make_study(tmp_path, **facts), "t000000")


def softmax_of(labels: np.ndarray, num_classes: int, wrong: tuple[int, ...]) -> np.ndarray:
    """Return softmax that is right but for some places, of which it is less and less sure."""
    softmax = np.full((len(labels), num_classes), 0.2 / (num_classes - 1), np.float32)
    softmax[np.arange(len(labels)), labels] = 0.8
    for number, place in enumerate(wrong):
        softmax[place] = (0.05 + 0.001 * number) / (num_classes - 1)
        softmax[place, (labels[place] + 1) % num_classes] = 0.95 - 0.001 * number
    return softmax


def words_of(markup: str) -> str:
    """Return a section's text."""
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", markup)).split())


def _epochs(num: int, num_wrong: int, num_rows: int) -> tuple[EpochReport, ...]:
    """Return epochs whose last but one is the best, with as many errors as the softmax has."""
    best = max(1, num - 1)
    epochs = []
    for epoch in range(1, num + 1):
        errors = num_wrong if epoch == best else num_wrong + ERRORS_OF_LAST
        epochs.append(
            EpochReport(
                epoch=epoch, loss=1 / epoch, train_accuracy=0.5, log_loss=0.25 if epoch == best else 0.5 + epoch / 100,
                accuracy=1 - errors / num_rows, learning_rate=1e-3, seconds=2.0,
            )
        )  # fmt: skip
    return tuple(epochs)


def _manifest(name: str, command: str, data: str, images: np.ndarray, num_classes: int) -> Manifest:
    """Return the study's manifest."""
    return Manifest(
        name=name,
        command=command,
        settings={},
        arguments=(),
        data={
            "name": "made", "fingerprint": data, "num_train": len(images), "num_test": 0,
            "image_shape": list(images.shape[1:]), "num_classes": num_classes,
        },
        split={"method": "tail", "fingerprint": "split"},
        seed=0,
        versions={},
        machine={},
        revision="",
    )  # fmt: skip
