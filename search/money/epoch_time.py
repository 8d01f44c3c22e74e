"""What an epoch takes: from records where there are some, else from a short training here and now."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.config import Config
from core.data.dataset import Dataset
from core.data.split import Split
from core.errors import StoredFileError
from core.store.bulk import read_each
from core.store.manifest import read_manifest
from core.store.records import TrialRecord, read_record
from core.store.study import StudyFolder
from search.cost import forward_mflops

NUM_STEPS = 20
"""Of a benchmark; its first epoch, which traces the network, is left out."""


@dataclass(frozen=True, kw_only=True)
class EpochTime:
    """Seconds of one epoch, on average over a search's trials."""

    seconds: float
    source: str
    """Where they come from, for the user."""
    is_elsewhere: bool = False
    """Whether the machines of a cluster may take quite another time: it was measured on this one."""


def recorded_epoch_time(records: Iterable[TrialRecord], whose: str) -> EpochTime | None:
    """Return the mean of all recorded epochs, None where there is none."""
    seconds = [epoch.seconds for record in records for epoch in record.epochs]
    if not seconds:
        return None
    return EpochTime(
        seconds=sum(seconds) / len(seconds), source=f"the mean of {len(seconds)} recorded epochs of {whose}"
    )


def other_studys_epoch_time(folder: StudyFolder, num_train_rows: int) -> EpochTime | None:
    """Return the same of another study, scaled to this one's rows; None where it has no epoch."""
    urls = [folder.trial(trial_id).record for trial_id in folder.trial_ids()]
    records = [record for record in read_each(urls, read_record) if isinstance(record, TrialRecord)]
    recorded = recorded_epoch_time(records, folder.url)
    if recorded is None:
        return None
    try:
        factor = num_train_rows / int(read_manifest(folder.manifest).split["num_train"])
    except (FileNotFoundError, StoredFileError, KeyError, ValueError, ZeroDivisionError):
        factor = 1.0
    source = recorded.source + (f", times {factor:.2f} for the rows" if abs(factor - 1) > 0.005 else "")
    return EpochTime(seconds=factor * recorded.seconds, source=source)


def benchmarked_epoch_time(
    base: Config, typical: Sequence[Config], dataset: Dataset, split: Split, *, num_threads: int, use_gpu: bool
) -> EpochTime:
    """Train the settings' own configuration for some steps in this process, and scale by rows and by network.

    Args:
        base: is trained.
        typical: configurations of the search's space; an epoch of each is taken to cost as its forward pass.
        dataset: all rows.
        split: of which as many rows are trained on and scored as the steps take.
        num_threads: of a trial.
        use_gpu: whether to use a graphics card where this machine has one.
    """
    from core.device import prepare_tensorflow

    prepare_tensorflow(num_threads=num_threads, use_gpu=use_gpu)
    import tensorflow as tf

    from core.train import Trainer

    part = part_of(split, NUM_STEPS * base.train.batch_size)
    trainer = Trainer(base, dataset, part, seed=0)
    trainer.run_epoch()
    factor = len(split.train_rows) / len(part.train_rows)
    network = network_factor(base, typical, dataset.image_shape)
    card = "its graphics card" if use_gpu and tf.config.list_physical_devices("GPU") else f"{num_threads} of its cores"
    return EpochTime(
        seconds=trainer.run_epoch().seconds * factor * network,
        source=(
            f"a training of {len(part.train_rows):,} rows here and now, on {card}, times {factor:.1f} for the rows and "
            f"{network:.2f} for the networks of the space"
        ),
        is_elsewhere=True,
    )


def network_factor(base: Config, typical: Sequence[Config], image_shape: tuple[int, int, int]) -> float:
    """Return the mean cost of some configurations' forward passes over that of `base`; 1 for networks of one's own."""
    if base.builder is not None or any(config.builder is not None for config in typical) or not typical:
        return 1.0
    mflops = [forward_mflops(config.model, image_shape) for config in typical]
    return float(np.mean(mflops)) / forward_mflops(base.model, image_shape)


def part_of(split: Split, num_rows: int) -> Split:
    """Return a split of so many of its train rows at most, and the same share of its holdout rows."""
    share = min(num_rows / len(split.train_rows), 1.0)
    train, holdout = (rows[: max(round(share * len(rows)), 1)] for rows in (split.train_rows, split.holdout_rows))
    return dataclasses.replace(split, train_rows=train, holdout_rows=holdout)
