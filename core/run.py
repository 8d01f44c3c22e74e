"""One training as a function: data in, a study's folder of one trial out."""

import dataclasses
import platform
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console

from core.config import Config
from core.curves import Curves
from core.data.dataset import Dataset
from core.data.describe import describe_dataset, describe_split
from core.data.load import load_dataset
from core.data.split import Split, split_rows
from core.device import prepare_tensorflow
from core.errors import StudyError, TrainingError
from core.limits import require_config_fits_data
from core.precision import resolve_precision, slowness_note
from core.progress import epoch_progress, new_console, print_line
from core.report import CoreResult, print_result
from core.settings import TrainingSettings
from core.store import files
from core.store.manifest import Manifest, read_manifest, write_manifest
from core.store.records import TrialRecord, read_record, write_record
from core.store.study import StudyFolder, TrialFolder, trial_id_of
from core.study import base_config, command_line, open_study, study_folder, with_epochs, with_study_name

if TYPE_CHECKING:
    from core.trial import TrialRun

TRIAL_ID = trial_id_of(0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CoreSettings(TrainingSettings):
    """Settings of `python -m core`."""


class TrainingInterrupted(KeyboardInterrupt):
    """The user stopped the training; the message is the command that goes on."""


def train_study(settings: CoreSettings, console: Console | None = None) -> CoreResult:
    """Train one model, or go on with a training that was interrupted. In a notebook:

        from core.run import CoreSettings, train_study
        result = train_study(CoreSettings(data="digit-recognizer.zip", study="baseline"))
        result.record.best.accuracy, result.confusion

    Args:
        settings: As on the command line.
        console: Where to print; stdout by default.

    Returns:
        The record, the predictions and the folder, all of which are also on disk.

    Raises:
        DataError, ConfigError, StudyError, StoredFileError: what the user can mend; nothing was trained.
        TrainingError: the loss is not finite.
        TrainingInterrupted: Ctrl-C; the finished epochs are kept.
    """
    loud = console or new_console()
    console = new_console(quiet=True) if settings.quiet else loud
    settings = with_study_name(settings)
    settings.require_own_functions()
    folder = study_folder(settings)
    files.require_writable(folder.url)
    _require_unfinished(folder)
    dataset = load_dataset(settings.data, image_shape=settings.image_shape)
    split = split_rows(dataset, settings.holdout, settings.split_seed)
    settings = with_epochs(settings, len(split.train_rows))
    config = base_config(settings, len(split.train_rows))
    require_config_fits_data(config, image_shape=dataset.image_shape, num_train=len(split.train_rows))
    for line in (*describe_dataset(dataset), describe_split(split)):
        print_line(console, line)
    manifest = open_study(settings, "core", sys.argv[1:], dataset, split)
    try:
        record, run = _train(folder, manifest, config, dataset, split, console)
    except KeyboardInterrupt as stop:
        how = f"stopped; the finished epochs are kept. To go on: {command_line(settings, 'core')}"
        raise TrainingInterrupted(how) from stop
    page_url = _make_page(folder, dataset, run)
    result = CoreResult(
        folder=folder,
        record=record,
        class_names=dataset.class_names,
        holdout_softmax=run.trainer.best_holdout_softmax(),
        holdout_labels=dataset.labels[split.holdout_rows],
        test_softmax=run.trainer.best_test_softmax(),
        test_labels=dataset.test_labels,
        page_url=page_url,
    )
    print_result(result, loud, in_short=settings.quiet)
    return result


def _require_unfinished(folder: StudyFolder) -> None:
    """Raise StudyError where the folder's training has ended: nothing is left to do, and nothing is overwritten."""
    try:
        is_ours = read_manifest(folder.manifest).command == "core"
        record = read_record(folder.trial(TRIAL_ID).record)
    except FileNotFoundError:
        return
    if is_ours and record.has_ended:
        how = f"failed ({record.error})" if record.state == "failed" else f"has its {len(record.epochs)} epochs"
        raise StudyError(f"{folder.url} must be unfinished to go on, and its training {how}. Name another --study")


def _train(
    folder: StudyFolder, manifest: Manifest, config: Config, dataset: Dataset, split: Split, console: Console
) -> tuple[TrialRecord, "TrialRun"]:
    """Train what is left of the epochs; the record is on disk after each."""
    prepare_tensorflow(num_threads=None, use_gpu=True)
    from core.trial import TrialJob, TrialRun  # tensorflow starts in the line above

    trial = folder.trial(TRIAL_ID)
    builder = config.builder
    record = _open_record(trial, config, manifest)
    config = Config.from_json(record.config)
    _tell_precision(folder, manifest, config, console)
    if record.epochs:
        print_line(console, f"going on with {folder.url} after epoch {len(record.epochs)}")
    job = TrialJob(
        trial_id=TRIAL_ID,
        folder=trial,
        config=config,
        seed=record.seed,
        generation=manifest.generation,
        num_recorded_epochs=len(record.epochs),
        builder=builder,
    )
    num_epochs, num_holdout = config.train.epochs, len(split.holdout_rows)
    curves = Curves(folder)
    try:
        with epoch_progress(console, num_epochs=num_epochs, num_holdout=num_holdout, done=record.epochs) as progress:
            run = TrialRun(job, dataset, split)
            while len(record.epochs) < num_epochs:
                report, _ = run.next_epoch()
                record = dataclasses.replace(record, epochs=(*record.epochs, report))
                write_record(trial.record, record)
                curves.follow(record)
                progress.show(report)
    except TrainingError as error:
        _close(trial, dataclasses.replace(record, state="failed", error=str(error)), curves)
        raise
    return _close(trial, dataclasses.replace(record, state="complete"), curves), run


def _make_page(folder: StudyFolder, dataset: Dataset, run: "TrialRun") -> str | None:
    """Write model.html; a page that cannot be made costs a warning line."""
    from core.page.write import try_model_page  # loads what draws, which a training that fails does without

    return try_model_page(folder, TRIAL_ID, dataset.x_train, run.trainer.best_model)


def _open_record(trial: TrialFolder, config: Config, manifest: Manifest) -> TrialRecord:
    """Write this start's record: the earlier one with its epochs, or a new one with the precision decided.

    A training goes on in the precision that it began in, whatever machine it goes on on.
    """
    try:
        record = read_record(trial.record)
    except FileNotFoundError:
        decided = dataclasses.replace(config, precision=resolve_precision(config.precision))
        record = TrialRecord(
            number=0, trial_id=TRIAL_ID, config=decided.to_json(), seed=manifest.seed, started=time.time()
        )
    record = dataclasses.replace(record, generation=manifest.generation, node=platform.node())
    write_record(trial.record, record)
    return record


def _tell_precision(folder: StudyFolder, manifest: Manifest, config: Config, console: Console) -> None:
    """Print and record the arithmetic that was chosen."""
    print_line(console, f"precision: {config.precision}")
    note = slowness_note(config.precision)
    if note is not None:
        print(f"warning: {note}", file=sys.stderr)
    settings = {**manifest.settings, "resolved_precision": config.precision}
    write_manifest(folder.manifest, dataclasses.replace(manifest, settings=settings))


def _close(trial: TrialFolder, record: TrialRecord, curves: Curves) -> TrialRecord:
    """Write the ended training's record; its checkpoint goes."""
    record = dataclasses.replace(record, ended=time.time())
    write_record(trial.record, record)
    curves.follow(record)
    files.remove(trial.checkpoints)
    return record
