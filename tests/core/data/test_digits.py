import numpy as np
import pytest
from sklearn.datasets import load_digits as load_sklearn_digits

from core.data.load import load_dataset
from core.errors import ConfigError


def test_digits_are_stored_as_0_to_255() -> None:
    dataset = load_dataset(None)
    assert dataset.name == "load_digits"
    assert dataset.image_shape == (8, 8, 1)
    assert dataset.class_names.tolist() == [str(digit) for digit in range(10)]
    # 255 / 16 = 15.9375, so 1 is stored as 16, 8 (127.5) as 128 and 16 as 255
    assert {0, 16, 128, 255} <= set(np.unique(dataset.x_train).tolist())
    assert len(np.unique(dataset.x_train)) == 17


def test_digits_set_a_stratified_fifth_aside_with_its_labels() -> None:
    dataset = load_dataset(None)
    assert (len(dataset.x_train), len(dataset.x_test)) == (1437, 360)
    assert dataset.test_labels is not None
    assert dataset.test_ids.tolist() == [str(number) for number in range(1, 361)]
    counts = np.bincount(np.concatenate([dataset.labels, dataset.test_labels]))
    assert np.abs(np.bincount(dataset.test_labels) - 0.2 * counts).max() < 1


def test_digits_test_rows_and_train_rows_are_all_the_digits_with_their_labels() -> None:
    dataset, whole = load_dataset(None), load_sklearn_digits()
    assert dataset.test_labels is not None
    images = np.concatenate([dataset.x_train, dataset.x_test])[..., 0]
    labels = np.concatenate([dataset.labels, dataset.test_labels])
    found = sorted((image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True))
    expected = np.round(whole.images * 255 / 16).astype(np.uint8)
    assert found == sorted((i.tobytes(), int(label)) for i, label in zip(expected, whole.target, strict=True))


def test_digits_are_the_same_every_time() -> None:
    first, second = load_dataset(None), load_dataset(None)
    assert first.fingerprint == second.fingerprint
    assert np.array_equal(first.x_test, second.x_test)


def test_digits_refuse_another_shape() -> None:
    assert load_dataset(None, image_shape="8x8").image_shape == (8, 8, 1)
    with pytest.raises(ConfigError, match=r"28x28x1 contradicts load_digits, whose images are 8x8x1"):
        load_dataset(None, image_shape="28x28x1")
