"""What a study's folder keeps of its data, so that voting needs neither the archive nor this package's readers."""

import numpy as np

from core.data.dataset import Dataset
from core.data.split import Split
from core.data.twins import first_identical_rows
from core.store.dataset import DataSummary


def summarize(dataset: Dataset, split: Split) -> DataSummary:
    """Return labels, holdout rows, twins, names and ids as `data.npz` stores them."""
    groups = first_identical_rows(dataset.x_train)
    has_twins = bool((groups != np.arange(len(groups))).any())
    return DataSummary(
        fingerprint=dataset.fingerprint,
        split=split.fingerprint,
        labels=dataset.labels,
        holdout_rows=split.holdout_rows,
        class_names=dataset.class_names,
        test_ids=dataset.test_ids,
        submission_header=dataset.submission_header,
        test_labels=dataset.test_labels,
        groups=groups if has_twins else None,
    )
