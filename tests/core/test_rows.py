import dataclasses

import numpy as np

from core.rows import rows_on_device


def test_rows_on_device_are_those_of_the_split(tiny_dataset, tiny_split):
    rows = rows_on_device(tiny_dataset, tiny_split)
    np.testing.assert_array_equal(rows.train, tiny_dataset.x_train[tiny_split.train_rows])
    np.testing.assert_array_equal(rows.train_labels, tiny_dataset.labels[tiny_split.train_rows])
    np.testing.assert_array_equal(rows.holdout, tiny_dataset.x_train[tiny_split.holdout_rows])
    np.testing.assert_array_equal(rows.test, tiny_dataset.x_test)


def test_rows_on_device_are_copied_once_for_the_same_data(tiny_dataset, tiny_split):
    first = rows_on_device(tiny_dataset, tiny_split)
    assert rows_on_device(tiny_dataset, tiny_split) is first


def test_rows_on_device_of_other_data_are_other_rows(tiny_dataset, tiny_split):
    other = dataclasses.replace(tiny_dataset, x_train=255 - tiny_dataset.x_train)
    assert not np.array_equal(rows_on_device(other, tiny_split).train, rows_on_device(tiny_dataset, tiny_split).train)
