"""One load in a process of its own, timed from within: `python -m benchmarks.fresh READER SOURCE [CACHE]`.

It prints one JSON line: the seconds of the load without the imports before it, and the process's peak memory.
"""

import json
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

_CSVS = ("train.csv", "test.csv")


def main(reader: str, source: str, cache: str | None = None) -> None:
    """Load once and print what it cost."""
    load = by_pandas(source) if reader == "pandas" else _ours(source, cache, reads_pixels=reader == "ours-read")
    started = time.perf_counter()
    kept = load()
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak_megabytes": peak_megabytes()}))
    del kept


def by_pandas(source: str) -> Callable[[], object]:
    """Return pandas reading a CSV, or the train.csv and test.csv of a folder or zip."""
    import pandas as pd

    path = Path(source)
    if path.is_dir():
        return lambda: [pd.read_csv(path / name) for name in _CSVS if (path / name).is_file()]
    if path.suffix.lower() == ".csv":
        return lambda: pd.read_csv(path)

    def load() -> object:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.namelist() if PurePosixPath(member).name in _CSVS]
            return [pd.read_csv(archive.open(member)) for member in members if not member.startswith("__MACOSX/")]

    return load


def peak_megabytes() -> float | None:
    """Return the peak of this process's resident memory in MB; None where the system does not say.

    Not getrusage: its maximum goes back to before this program began, when the process was a copy of its parent.
    """
    return status_megabytes("VmHWM")


def status_megabytes(name: str) -> float | None:
    """Return a line of Linux's account of this process in MB; None where the system keeps none."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
    return kilobytes * 1024 / 1e6


def _ours(source: str, cache: str | None, *, reads_pixels: bool) -> Callable[[], object]:
    """Return our load by way of the cache folder; with `reads_pixels` it also touches every mapped byte."""
    from core.data.load import load_dataset

    def load() -> object:
        dataset = load_dataset(source, cache_dir=None if cache is None else Path(cache))
        total = int(dataset.x_train.sum()) + int(dataset.x_test.sum()) if reads_pixels else 0
        return dataset, total

    return load


if __name__ == "__main__":
    main(*sys.argv[1:])
