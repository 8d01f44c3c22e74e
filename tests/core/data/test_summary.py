import dataclasses
from pathlib import Path

import numpy as np

from core.data.load import load_dataset
from core.data.split import split_rows
from core.data.summary import summarize
from core.store.dataset import read_data_summary, write_data_summary


def test_summary_names_twins_and_nothing_where_there_are_none() -> None:
    dataset = load_dataset(None)
    images = dataset.x_train.copy()
    images[7] = images[3]
    twins = summarize(dataclasses.replace(dataset, x_train=images), split_rows(dataset, "0.2", 0))
    assert twins.groups is not None
    assert np.flatnonzero(twins.groups != np.arange(len(images))).tolist() == [7]
    assert twins.groups[7] == 3
    assert summarize(dataset, split_rows(dataset, "0.2", 0)).groups is None


def test_summary_survives_the_disk(tmp_path: Path) -> None:
    dataset = load_dataset(None)
    split = split_rows(dataset, "0.2", 0)
    url = str(tmp_path / "data.npz")
    write_data_summary(url, summarize(dataset, split))
    stored = read_data_summary(url)
    assert (stored.fingerprint, stored.split) == (dataset.fingerprint, split.fingerprint)
    assert np.array_equal(stored.labels, dataset.labels)
    assert np.array_equal(stored.holdout_rows, split.holdout_rows)
    assert stored.class_names.tolist() == dataset.class_names.tolist()
    assert stored.test_ids.tolist() == dataset.test_ids.tolist()
    assert stored.submission_header == dataset.submission_header
    assert stored.test_labels is not None
    assert stored.test_labels.tolist() == np.asarray(dataset.test_labels).tolist()
