"""One load in a process of its own, timed from within: `python -m benchmarks.fresh READER SOURCE [CACHE]`.

It prints one JSON line: the seconds of the load without the imports before it, and the process's peak memory.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def main(reader: str, source: str, cache: str | None = None) -> None:
    """Load once and print what it cost."""
    load = _pandas(source) if reader == "pandas" else _ours(source, cache, reads_pixels=reader == "ours-read")
    started = time.perf_counter()
    kept = load()
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak_megabytes": peak_megabytes()}))
    del kept


def peak_megabytes() -> float | None:
    """Return the peak of this process's resident memory in MB; None where the system does not say.

    Not getrusage: its maximum goes back to before this program began, when the process was a copy of its parent.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return kilobytes * 1024 / 1e6


def _pandas(source: str) -> Callable[[], object]:
    """Return pandas reading a CSV."""
    import pandas as pd

    return lambda: pd.read_csv(source)


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
