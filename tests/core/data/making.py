"""Small data sets for the tests of this folder, written by hand or drawn by a seed."""

import io
import zipfile
from pathlib import Path

import numpy as np

from core.data.dataset import Dataset, assemble_dataset

HEADER = "label,pixel0,pixel1,pixel2,pixel3"
TRAIN = f"{HEADER}\n3,0,10,20,255\n7,1,2,3,4\n"
TEST = "pixel0,pixel1,pixel2,pixel3\n9,8,7,6\n"


def write_folder(path: Path, **texts: str | bytes) -> str:
    """Write train=..., test=... as train.csv, test.csv into a new folder; return its path."""
    path.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (path / f"{name}.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def write_zip(path: Path, members: dict[str, str], compression: int = zipfile.ZIP_DEFLATED) -> str:
    """Write a zip of text members; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return str(path)


def draw_images(*shape: int, seed: int = 0) -> np.ndarray:
    """Return uint8 noise."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def to_csv(images: np.ndarray, labels: list[str] | None = None) -> str:
    """Return images, each flattened in row, column, channel order, as CSV with the label first."""
    rows = images.reshape(len(images), -1)
    text = io.StringIO()
    text.write(",".join((["label"] if labels else []) + [f"pixel{i}" for i in range(rows.shape[1])]) + "\n")
    for index, row in enumerate(rows.tolist()):
        text.write(",".join(([labels[index]] if labels else []) + [str(value) for value in row]) + "\n")
    return text.getvalue()


def dataset_of(images: np.ndarray, labels: list[str], x_test: np.ndarray | None = None) -> Dataset:
    """Return (n, height, width, channels) images and labels as a Dataset named `made`."""
    x_test = np.empty((0, *images.shape[1:]), np.uint8) if x_test is None else x_test
    return assemble_dataset(name="made", x_train=images, raw_labels=labels, x_test=x_test)
