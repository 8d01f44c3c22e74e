"""The few lines that a command prints about its data before it trains."""

import numpy as np

from core.data.dataset import Dataset
from core.data.shape import show_shape
from core.data.split import Split
from core.data.twins import TwinCounts, count_twins

_MOST_CLASSES_LISTED = 20


def describe_dataset(dataset: Dataset) -> list[str]:
    """Return lines on shape, rows, rows by class, and identical images."""
    return [
        f"{dataset.name}: {len(dataset.x_train):,} train and {len(dataset.x_test):,} test images of "
        f"{show_shape(dataset.image_shape)}, {dataset.num_classes} classes",
        f"rows by class: {_rows_by_class(dataset)}",
        f"identical images: {_twins(count_twins(dataset))}",
    ]


def describe_split(split: Split) -> str:
    """Return the line on what is trained and what is held out."""
    text = f"holdout {split.method}: {len(split.train_rows):,} rows train, {len(split.holdout_rows):,} score"
    if split.num_left_out:
        text += f", {split.num_left_out:,} left out as identical to a holdout row"
    return text


def _rows_by_class(dataset: Dataset) -> str:
    """Return each class's rows, or of many classes the extremes."""
    counts = np.bincount(dataset.labels, minlength=dataset.num_classes)
    names = [name if name.isprintable() else ascii(name) for name in dataset.class_names.tolist()]
    if dataset.num_classes <= _MOST_CLASSES_LISTED:
        return ", ".join(f"{name} {count:,}" for name, count in zip(names, counts, strict=True))
    fewest, most = int(counts.argmin()), int(counts.argmax())
    return f"{counts[fewest]:,} ({names[fewest]}) to {counts[most]:,} ({names[most]}), median {np.median(counts):,.0f}"


def _twins(counts: TwinCounts) -> str:
    """Return what is the same as what."""
    parts = []
    if counts.num_train:
        conflict = f" ({counts.num_conflicting:,} with conflicting labels)" if counts.num_conflicting else ""
        parts.append(f"{counts.num_train:,} train rows have a twin among the train rows{conflict}")
    if counts.num_test:
        parts.append(f"{counts.num_test:,} test rows are among the train rows")
    return "; ".join(parts) or "none"
