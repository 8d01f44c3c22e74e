"""The one way to a data set: from whatever --data names to a Dataset, by way of the cache."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.data import cache
from core.data.archive import Folder
from core.data.arrays import read_arrays
from core.data.content import Stamp, content_sha256, stamp_of
from core.data.dataset import Dataset
from core.data.digits import load_digits
from core.data.kaggle import FILE_NAMES, read_kaggle
from core.data.remote import is_remote, local_copy
from core.data.shape import ImageShape
from core.data.zipped import open_zip
from core.errors import DataError
from core.settings import parse_image_shape
from core.store import files
from core.store.filesystem import scheme_of


def load_dataset(source: str | None, *, image_shape: str | None = None, cache_dir: Path | None = None) -> Dataset:
    """Load images and labels.

    Cold, CSVs are parsed as a stream, at a peak of memory little above the images themselves: Kaggle's train.csv (77 MB
    of text, 33 MB of images) takes a fresh process from 43 to 81 MB, the whole zip (128 MB, 55 MB) to 108 MB; with
    pandas.read_csv train.csv takes 737 MB (`benchmarks.load`: Linux x86_64, Python 3.11.7, numpy 2.4.6, pandas 3.1.1).
    The arrays of an .npz are held whole, in their own type, beside the images. Warm, images are mapped, not read.

    Args:
        source: Path or fsspec URL of Kaggle's zip, of a folder with train.csv (and test.csv, sample_submission.csv),
            or of an .npz (x_train, y_train, optional x_test); None for scikit-learn's digits.
        image_shape: Height x width [x channels] in pixels, such as 28x28x1; None for square images of one channel,
            or for an .npz its own.
        cache_dir: Where parsed arrays are kept; None for $SOFTVOTE_CACHE or the user's cache folder.

    Returns:
        The data set. From a file its images are read-only, usually memory-mapped.

    Raises:
        ConfigError: `image_shape` is malformed or contradicts the data.
        DataError: the source is missing, damaged or malformed; the message names file, row and column.
    """
    shape = parse_image_shape(image_shape)
    if source is None:
        return load_digits(shape)
    folder = cache.cache_folder(cache_dir)
    try:
        if is_remote(source):
            return _load_remote(source, shape, folder)
        path = source if scheme_of(source) == "" else files.absolute(source)
        return _load_cached(_open_source(path), shape, folder)
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror or error}. Check the path and its rights") from error


def _load_remote(source: str, shape: ImageShape | None, folder: Path | None) -> Dataset:
    """Load what a URL names, by way of a copy; messages name the URL."""
    if source.lower().endswith(".csv"):
        raise DataError(_not_a_source(source))
    with local_copy(source, folder) as path:
        try:
            return _load_cached(_open_source(str(path)), shape, folder)
        except DataError as error:
            raise DataError(str(error).replace(str(path), source)) from error


@dataclass(frozen=True, kw_only=True)
class _Source:
    """A file or folder that holds a data set."""

    name: str
    kind: str
    files: dict[str, Path]
    """The files whose content decides, by the name they play."""
    read: Callable[[ImageShape | None], Dataset]

    def stamps(self) -> dict[str, Stamp]:
        """Return what tells whether the files have changed."""
        return {name: stamp_of(path) for name, path in self.files.items()}


def _open_source(source: str) -> _Source:
    """Return the reader that fits what lies at the path."""
    path = Path(source).expanduser()
    if not path.exists():
        raise DataError(
            f"--data {source}: there is no such file or folder. Check the path; it is taken from {Path.cwd()}"
        )
    if path.is_dir():
        files = {name: path / name for name in FILE_NAMES if (path / name).is_file()}
        return _Source(name=path.resolve().name, kind="csv", files=files, read=lambda shape: _read_folder(path, shape))
    if not path.is_file() or path.suffix.lower() == ".csv":
        raise DataError(_not_a_source(source))
    is_arrays = path.suffix.lower() == ".npz"
    read = _read_npz if is_arrays else _read_zip
    return _Source(
        name=path.name, kind="npz" if is_arrays else "zip", files={"": path}, read=lambda shape: read(path, shape)
    )


def _not_a_source(source: str) -> str:
    """Return the words for what is neither archive nor folder."""
    return f"--data {source} must be a zip, a folder or an .npz. Name the folder that holds train.csv instead"


def _load_cached(source: _Source, shape: ImageShape | None, folder: Path | None) -> Dataset:
    """Return the cache's entry; without one, read the source and leave one."""
    if folder is None:
        return source.read(shape)
    stamps = source.stamps()
    content = {name: content_sha256(stamp, folder) for name, stamp in stamps.items()}
    entry = folder / cache.entry_key(content, {"kind": source.kind, "image_shape": shape})
    found = cache.read_entry(entry, source.name)
    if found is not None:
        return found
    dataset = source.read(shape)
    if source.stamps() != stamps:  # written to while it was read: what was parsed is not what was hashed
        return dataset
    cache.write_entry(entry, dataset)
    return cache.read_entry(entry, source.name) or dataset


def _read_folder(path: Path, shape: ImageShape | None) -> Dataset:
    """Read a folder of CSVs."""
    return read_kaggle(Folder(path), shape)


def _read_zip(path: Path, shape: ImageShape | None) -> Dataset:
    """Read a zip of CSVs."""
    with open_zip(path) as archive:
        return read_kaggle(archive, shape)


def _read_npz(path: Path, shape: ImageShape | None) -> Dataset:
    """Read an .npz."""
    with open_zip(path) as archive:
        return read_arrays(archive, shape)
