"""What the page of a training is made from: the files of its study's folder, read and held against each other."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.config import Config
from core.errors import ConfigError, StoredFileError, StudyError
from core.html.words import LONGEST_IN_A_LINE, names_in_short
from core.store.dataset import read_data_summary, read_images
from core.store.manifest import Manifest, read_manifest
from core.store.predictions import Predictions, read_predictions
from core.store.records import EpochReport, TrialRecord, read_record
from core.store.study import StudyFolder, TrialFolder


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """One ended training with the rows that it was scored on."""

    folder: StudyFolder
    manifest: Manifest
    record: TrialRecord
    config: Config
    class_names: np.ndarray  # (num_classes,) str
    labels: np.ndarray  # (num_train,) int32 class indices of all labelled rows
    images: np.ndarray  # (num_train, height, width, channels) uint8, of the same rows
    rows: np.ndarray  # (num_holdout,) int64, ascending
    is_train: np.ndarray  # (num_train,) bool; false of rows left out, since a holdout row is the same image
    softmax: np.ndarray  # (num_holdout, num_classes) float32, of the best epoch
    test_softmax: np.ndarray  # (num_test, num_classes) float32
    test_labels: np.ndarray | None
    """Known only for rows that we set aside ourselves."""

    @property
    def trial(self) -> TrialFolder:
        """The training's own folder."""
        return self.folder.trial(self.record.trial_id)

    @property
    def best(self) -> EpochReport:
        """The epoch that predicts."""
        assert self.record.best is not None, "checked when it was read"
        return self.record.best

    @property
    def last(self) -> EpochReport:
        """The last epoch."""
        return self.record.epochs[-1]

    @property
    def true(self) -> np.ndarray:
        """True classes of the holdout rows, (num_holdout,) int32."""
        return self.labels[self.rows]

    @property
    def predicted(self) -> np.ndarray:
        """Most probable classes of the holdout rows, (num_holdout,) int64."""
        return np.asarray(self.softmax.argmax(axis=1))

    def image(self, place: int) -> np.ndarray:
        """Return the image of the holdout row at a place, (height, width, channels) uint8."""
        return np.asarray(self.images[self.rows[place]])

    def name(self, label: int) -> str:
        """Return what a class is called, in short."""
        return self.names[label]

    @cached_property
    def names(self) -> list[str]:
        """The classes' names, as short as a label may be."""
        return names_in_short(self.class_names.tolist())

    @cached_property
    def names_in_a_line(self) -> list[str]:
        """The same beside a bar, where there is less room."""
        return names_in_short(self.class_names.tolist(), longest=LONGEST_IN_A_LINE)

    def wrong_surest_first(self) -> np.ndarray:
        """Return the places of the misclassified holdout rows, the most confident first (ties: the earlier row)."""
        wrong = np.flatnonzero(self.predicted != self.true)
        return wrong[np.argsort(-self.softmax[wrong].max(axis=1), kind="stable")]


def read_material(
    folder: StudyFolder,
    trial_id: str,
    images: np.ndarray | None = None,  # (num_train, height, width, channels) uint8
) -> Material:
    """Read what a page shows.

    Args:
        folder: of the study.
        trial_id: of a trial that has ended.
        images: of all labelled rows, where they are at hand; images.npz is read otherwise.

    Raises:
        StudyError: there is no such study or trial, or it has nothing to show yet.
        StoredFileError: a file is torn, or of other data than its neighbours.
    """
    folder.require_exists()
    manifest = read_manifest(folder.manifest)
    record, config = _read_record(folder, trial_id)
    try:
        data = read_data_summary(folder.data)
        predictions = _read_predictions(folder, trial_id)
        images = read_images(folder.images, data).x_train if images is None else images
    except FileNotFoundError as error:
        raise StudyError(f"{folder.url} must have data.npz and images.npz. Start the same command again") from error
    _require_fit(folder, predictions, data.fingerprint, data.holdout_rows, data.class_names)
    if images.ndim != 4 or len(images) != len(data.labels) or images.dtype != np.uint8:
        raise StoredFileError(f"{folder.images}: x_train must be {len(data.labels)} images, got shape {images.shape}")
    return Material(
        folder=folder,
        manifest=manifest,
        record=record,
        config=config,
        class_names=data.class_names,
        labels=data.labels,
        images=images,
        rows=data.holdout_rows,
        is_train=data.is_train,
        softmax=predictions.softmax,
        test_softmax=predictions.test_softmax,
        test_labels=data.test_labels,
    )


def _read_record(folder: StudyFolder, trial_id: str) -> tuple[TrialRecord, Config]:
    """Return the record of a trial that has ended, and its configuration."""
    url = folder.trial(trial_id).record
    try:
        record = read_record(url)
        config = Config.from_json(record.config)
    except FileNotFoundError as error:
        raise StudyError(f"{folder.url} must have a trial {trial_id}, and has none") from error
    except ConfigError as error:
        raise StoredFileError(f"{url}: {error}") from error
    if record.state not in ("complete", "pruned"):
        raise StudyError(f"{url} must be of a training that has ended well, got {record.state}")
    return record, config


def _read_predictions(folder: StudyFolder, trial_id: str) -> Predictions:
    """Return what the trial predicted."""
    url = folder.trial(trial_id).predictions
    try:
        return read_predictions(url)
    except FileNotFoundError as error:
        raise StudyError(f"{url} must be there for a page of {trial_id}, and is not") from error


def _require_fit(
    folder: StudyFolder, predictions: Predictions, fingerprint: str, rows: np.ndarray, names: np.ndarray
) -> None:
    """Raise StoredFileError where predictions are of other rows or classes than the study's."""
    fits = predictions.data == fingerprint and np.array_equal(predictions.rows, rows)
    if not fits or predictions.softmax.shape[1] != len(names) or len(rows) == 0:
        raise StoredFileError(
            f"{folder.url}: predictions of {predictions.trial_id} must be of the study's {len(rows)} holdout rows and "
            f"{len(names)} classes, got {predictions.softmax.shape[0]} rows and {predictions.softmax.shape[1]} classes"
        )
