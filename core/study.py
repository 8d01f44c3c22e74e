"""Opening a study's folder for training: a new one is made, an old one goes on if the settings agree with it."""

import dataclasses
import shlex
from typing import Any, TypeVar

from core.cli import program_words
from core.config import NO_AUGMENT, Config, notebook_config
from core.credentials import address_without_credentials
from core.data.dataset import Dataset
from core.data.split import Split
from core.data.summary import summarize
from core.errors import StoredFileError, StudyError
from core.known import KNOWN_CONFIGS
from core.limits import with_batch_that_fits
from core.settings import TrainingSettings, default_epochs, new_study_name
from core.store import files
from core.store.dataset import read_data_summary, write_data_summary, write_images
from core.store.manifest import Manifest, read_manifest, write_manifest
from core.store.study import StudyFolder

Settings = TypeVar("Settings", bound=TrainingSettings)

DECIDING_SETTINGS = ("seed", "epochs", "model", "space", "precision", "augment", "views")
"""Settings that decide what a trial is, as far as the command has them: a study keeps those it was made with."""


def study_folder(settings: TrainingSettings) -> StudyFolder:
    """Return the folder that `settings` name; `settings.study` must be set (see `with_study_name`)."""
    assert settings.study is not None, "named at the edge"
    return StudyFolder(files.join(settings.runs, settings.study))


def with_study_name(settings: Settings) -> Settings:
    """Return `settings` with a new dated study name where they have none."""
    return settings if settings.study is not None else dataclasses.replace(settings, study=new_study_name())


def with_epochs(settings: Settings, num_train_rows: int) -> Settings:
    """Return `settings` with the default number of epochs where they have none."""
    return (
        settings
        if settings.epochs is not None
        else dataclasses.replace(settings, epochs=default_epochs(settings.model, num_train_rows))
    )


def base_config(settings: TrainingSettings, num_train_rows: int) -> Config:
    """Return the configuration that the settings name, its batch no larger than the rows that are trained on."""
    config = KNOWN_CONFIGS.get(settings.model, notebook_config())
    epochs = default_epochs(settings.model, num_train_rows) if settings.epochs is None else settings.epochs
    config = Config(
        model=config.model,
        train=dataclasses.replace(config.train, epochs=epochs),
        augment=config.augment if settings.augment else NO_AUGMENT,
        precision=settings.precision,
        views=settings.views,
        builder=settings.builder,
    )
    return with_batch_that_fits(config, num_train_rows)


def open_study(
    settings: TrainingSettings, command: str, arguments: list[str], dataset: Dataset, split: Split
) -> Manifest:
    """Check a study's folder, then write into it: `check_study` and `write_study` in one."""
    manifest = check_study(settings, command, arguments, dataset, split)
    write_study(study_folder(settings), manifest, dataset, split)
    return manifest


def check_study(
    settings: TrainingSettings, command: str, arguments: list[str], dataset: Dataset, split: Split
) -> Manifest:
    """Return the manifest that this start would write; nothing is written.

    Args:
        settings: with a study name.
        command: search or core.
        arguments: the command line's words, for the manifest.
        dataset: all rows.
        split: its holdout.

    Returns:
        A new study's manifest, or an existing one's with its generation counted up.

    Raises:
        StudyError: the folder's study contradicts the settings; the message names the first difference.
    """
    folder = study_folder(settings)
    manifest = _manifest(settings, command, arguments, dataset, split)
    if not files.exists(folder.manifest):
        _require_free(folder)
        return manifest
    earlier = read_manifest(folder.manifest)
    _require_same(folder, earlier, manifest)
    return dataclasses.replace(
        manifest, generation=earlier.generation + 1, created=earlier.created, inherited=earlier.inherited
    )


def write_study(folder: StudyFolder, manifest: Manifest, dataset: Dataset, split: Split) -> None:
    """Make the study's folder what `manifest` says; data and images are written where they are not whole.

    What a killed start left half-written goes; its orphans, should any still write, fail for nobody.
    """
    files.remove_half_written(folder.url)
    if not _has_data(folder, manifest):
        write_data_summary(folder.data, summarize(dataset, split))
    if manifest.generation == 1 or not files.is_whole_npz(folder.images, ("x_train", "x_test")):
        write_images(folder.images, dataset.x_train, dataset.x_test)
    write_manifest(folder.manifest, manifest)


def command_line(settings: Any, program: str) -> str:
    """Return the command that gives these settings, options at their defaults left out, ready to paste."""
    words = program_words(program).split()
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if value == field.default:
            continue
        shown = address_without_credentials(value) if isinstance(value, str) else value
        words += _option(field.name, shown).split(" ", 1)
    return shlex.join(words)


def _manifest(
    settings: TrainingSettings, command: str, arguments: list[str], dataset: Dataset, split: Split
) -> Manifest:
    """Return what a new study's manifest says."""
    assert settings.study is not None, "named at the edge"
    return Manifest(
        name=settings.study,
        command=command,
        settings={
            name: address_without_credentials(value) if isinstance(value, str) else value
            for name, value in dataclasses.asdict(settings).items()
        },
        arguments=tuple(map(address_without_credentials, arguments)),
        data={
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "num_train": len(dataset.x_train),
            "num_test": len(dataset.x_test),
            "image_shape": list(dataset.image_shape),
            "num_classes": dataset.num_classes,
        },
        split={
            "method": split.method,
            "seed": settings.split_seed,
            "fingerprint": split.fingerprint,
            "num_train": len(split.train_rows),
            "num_holdout": len(split.holdout_rows),
        },
        seed=settings.seed,
    )


def _has_data(folder: StudyFolder, manifest: Manifest) -> bool:
    """True where data.npz is whole and of this data and split."""
    try:
        data = read_data_summary(folder.data)
    except (FileNotFoundError, StoredFileError):
        return False
    return data.fingerprint == manifest.data["fingerprint"] and data.split == manifest.split["fingerprint"]


def _require_free(folder: StudyFolder) -> None:
    """Raise StudyError where a new study would be laid into something else's folder."""
    of_a_start_that_was_killed = {"data.npz", "images.npz"}
    names = [name for name in files.list_names(folder.url) if not name.startswith(files.TEMPORARY_PREFIX)]
    if set(names) - of_a_start_that_was_killed or (files.exists(folder.url) and not files.is_folder(folder.url)):
        raise StudyError(
            f"{folder.url} must be a new name or a study's folder (one with study.json), and is neither. "
            "Name another --study"
        )


def _require_same(folder: StudyFolder, earlier: Manifest, now: Manifest) -> None:
    """Raise StudyError where the two would not train the same thing."""
    advice = "Name another --study, or take that back"
    if earlier.command != now.command:
        raise StudyError(
            f"{folder.url} was made by `python -m {earlier.command}`, got `python -m {now.command}`. {advice}"
        )
    if earlier.data["fingerprint"] != now.data["fingerprint"]:
        raise StudyError(
            f"{folder.url} was made of other data ({earlier.data['name']}, {earlier.data['num_train']} train rows), "
            f"got {now.data['name']} with {now.data['num_train']} train rows. {advice}"
        )
    for name in (name for name in DECIDING_SETTINGS if name in now.settings):
        if name not in earlier.settings:
            raise StudyError(
                f"{folder.url} must be of this version to go on, and has no setting {name!r}. Vote with it "
                "(python -m ensemble), or name another --study"
            )
        before, after = (_option(name, manifest.settings[name]) for manifest in (earlier, now))
        if before != after:
            raise StudyError(f"{folder.url} was made with {before}, got {after}. {advice}")
    if earlier.split["fingerprint"] != now.split["fingerprint"]:
        before, after = (manifest.holdout_options for manifest in (earlier, now))
        raise StudyError(f"{folder.url} was made with {before} and other holdout rows, got {after}. {advice}")


def _option(name: str, value: Any) -> str:
    """Return a setting as it is typed."""
    option = name.replace("_", "-")
    if value is None:
        return f"no --{option}"
    return f"--{'' if value else 'no-'}{option}" if isinstance(value, bool) else f"--{option} {value}"
