"""Core studies beside this one that differ from it in nothing but the augmentation."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.config import AugmentConfig, Config
from core.errors import SoftvoteError
from core.page.material import Material
from core.store import files
from core.store.manifest import read_manifest
from core.store.predictions import read_predictions
from core.store.records import EpochReport, TrialRecord, read_record
from core.store.study import StudyFolder, trial_id_of

MOST_LISTED = 4
MOST_LOOKED_AT = {True: 1000, False: 50}
"""Folders whose study.json is read, on a disk and on an object store; the last by name, which begins with a date."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Training:
    """One training in a comparison."""

    name: str
    """The study's."""
    augment: AugmentConfig
    seed: int
    epochs: tuple[EpochReport, ...]
    best: EpochReport
    is_right: np.ndarray  # (num_holdout,) bool, at the best epoch

    @property
    def words(self) -> str:
        """What is told apart."""
        return "without augmentation" if self.augment.is_identity else "with augmentation"


def training_of(material: Material) -> Training:
    """Return the page's own training."""
    return Training(
        name=material.manifest.name,
        augment=material.config.augment,
        seed=material.record.seed,
        epochs=material.record.epochs,
        best=material.best,
        is_right=material.predicted == material.true,
    )


def find_siblings(material: Material) -> list[Training]:
    """Return trainings to compare with: without augmentation where this one has some, with some where it has none.

    They are of the same data, split and configuration but for the ranges; those of the same seed come first, then the
    latest by name. What cannot be read is passed over.
    """
    if material.manifest.command != "core":
        return []
    parent, _, own_name = material.folder.url.rstrip("/").rpartition("/")
    if not parent:
        parent = "." if own_name else "/"
    try:
        names = [name for name in files.list_folders(parent) if name != own_name]
    except SoftvoteError:  # a store may show a study and hide what lies beside it
        return []
    most = MOST_LOOKED_AT[files.local_path(parent) is not None]
    found = [
        training
        for name in reversed(names[-most:])
        for training in _sibling(StudyFolder(files.join(parent, name)), material)
    ]
    return sorted(found, key=lambda one: one.seed != material.record.seed)[:MOST_LISTED]


def _sibling(folder: StudyFolder, material: Material) -> Iterator[Training]:
    """Yield the folder's training where it is one to compare with."""
    try:
        manifest = read_manifest(folder.manifest)
        own = material.manifest
        is_of_same = manifest.data["fingerprint"] == own.data["fingerprint"]
        is_of_same = is_of_same and manifest.split["fingerprint"] == own.split["fingerprint"]
        if manifest.command != "core" or not is_of_same:
            return
        trial = folder.trial(trial_id_of(0))
        record = read_record(trial.record)
        if not _is_counterpart(record, material):
            return
        predictions = read_predictions(trial.predictions)
    except (FileNotFoundError, SoftvoteError):
        return
    if record.best is None or not np.array_equal(predictions.rows, material.rows):
        return
    yield Training(
        name=manifest.name,
        augment=Config.from_json(record.config).augment,
        seed=record.seed,
        epochs=record.epochs,
        best=record.best,
        is_right=predictions.softmax.argmax(axis=1) == material.true,
    )


def _is_counterpart(record: TrialRecord, material: Material) -> bool:
    """True for a whole training whose configuration differs in whether there is augmentation, and in nothing else."""
    config, own = Config.from_json(record.config), material.config
    rest = {**config.to_json(), "augment": None} == {**own.to_json(), "augment": None}
    return record.state == "complete" and rest and config.augment.is_identity != own.augment.is_identity
