"""Loading the data set, cold and from the cache, against pandas: `uv run -m benchmarks.load`."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Benchmark, run_benchmark
from benchmarks.rounds import Comparison, Contender, Measurement
from benchmarks.settings import ROOT, BenchmarkSettings, find_data
from core.cli import run_command
from core.data.archive import Archive, Folder
from core.data.kaggle import TRAIN
from core.data.load import load_dataset
from core.data.zipped import open_zip
from core.errors import DataError

DESCRIPTION = "Time the loading of the data set, ours cold and warm against pandas.read_csv of its train.csv."


def main(settings: BenchmarkSettings) -> None:
    """Run the benchmark."""
    source = find_data(settings)
    with tempfile.TemporaryDirectory(prefix="softvote-benchmark-") as scratch:
        warm_cache, cold_cache, folder = (Path(scratch) / name for name in ("warm", "cold", "csv"))
        dataset = load_dataset(source, cache_dir=warm_cache)  # refuses what is no data set, and fills the cache
        source = str(Path(source).expanduser().resolve())  # the fresh processes run elsewhere
        train_csv = unpack_train(Path(source), folder)
        warm, cold, baseline = "ours, warm", "ours, cold", "pandas.read_csv, train.csv"
        benchmark = Benchmark(
            name="load",
            contenders=(
                Contender(name=warm, measure=lambda: fresh("ours", source, warm_cache)),
                Contender(name=baseline, measure=lambda: fresh("pandas", str(train_csv))),
                Contender(name=cold, measure=lambda: fresh_and_cold("ours", source, cold_cache)),
                Contender(
                    name="ours, warm, then every pixel read", measure=lambda: fresh("ours-read", source, warm_cache)
                ),
                Contender(
                    name="ours, cold, train.csv alone", measure=lambda: fresh_and_cold("ours", str(folder), cold_cache)
                ),
            ),
            comparisons=(
                Comparison(key="warm_cost", ours=warm, baseline=baseline),
                Comparison(key="cold_cost", ours=cold, baseline=baseline),
            ),
            num_images=len(dataset.x_train),
            notes=(
                "each time is of the load alone, in a fresh process; the peak is the process's, imports included",
                "pandas reads train.csv, unpacked before the clock starts, into a data frame; both files are in the "
                "system's page cache",
                f"ours, cold, does more: it hashes and unzips {dataset.name}, checks every cell, parses "
                f"{len(dataset.x_test):,} test rows too, fingerprints the content, and writes the cache (synced)",
                "ours, warm, maps the images and reads none: the row that reads every pixel shows what is put off",
            ),
        )
        run_benchmark(benchmark, settings)


def unpack_train(source: Path, folder: Path) -> Path:
    """Copy train.csv out of a zip or folder into a new folder; return its path.

    Raises:
        DataError: the source is neither.
    """
    folder.mkdir()
    if source.is_dir():
        _copy(Folder(source), folder / TRAIN)
    elif source.suffix.lower() == ".npz":
        raise DataError(f"--data {source} must be a zip or a folder with {TRAIN} here, since pandas reads no .npz")
    else:
        with open_zip(source) as archive:
            _copy(archive, folder / TRAIN)
    return folder / TRAIN


def fresh(reader: str, *arguments: str | Path) -> Measurement:
    """Load once in a fresh process (`benchmarks.fresh`)."""
    command = [sys.executable, "-m", "benchmarks.fresh", reader, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Measurement(**json.loads(done.stdout))


def fresh_and_cold(reader: str, source: str, cache: Path) -> Measurement:
    """Load once in a fresh process into an empty cache folder, which goes afterwards."""
    try:
        return fresh(reader, source, cache)
    finally:
        shutil.rmtree(cache, ignore_errors=True)


def _copy(archive: Archive, target: Path) -> None:
    """Write train.csv of an archive to `target`."""
    with archive.open(TRAIN) as stream, target.open("wb") as file:
        shutil.copyfileobj(stream, file)


if __name__ == "__main__":
    run_command(BenchmarkSettings, main, prog="python -m benchmarks.load", description=DESCRIPTION)
