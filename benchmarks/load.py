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
from core.data.dataset import Dataset
from core.data.kaggle import TRAIN
from core.data.load import load_dataset
from core.data.zipped import open_zip
from core.errors import DataError

DESCRIPTION = "Time the loading of the data set, ours cold and warm against pandas.read_csv of the same files."
WARM, WARM_READ = "ours, warm, train.csv", "ours, warm, then every pixel read"
COLD, BASELINE = "ours, cold, train.csv", "pandas.read_csv, train.csv"
COLD_WHOLE, BASELINE_WHOLE = "ours, cold, the data as given", "pandas.read_csv, train.csv and test.csv of it"


def main(settings: BenchmarkSettings) -> None:
    """Run the benchmark."""
    source = find_data(settings)
    with tempfile.TemporaryDirectory(prefix="softvote-benchmark-") as scratch:
        warm_cache, cold_cache, folder = (Path(scratch) / name for name in ("warm", "cold", "csv"))
        dataset = load_dataset(source, cache_dir=cold_cache)  # refuses what is no data set
        shutil.rmtree(cold_cache, ignore_errors=True)
        source = str(Path(source).expanduser().resolve())  # the fresh processes run elsewhere
        train_csv = unpack_train(Path(source), folder)
        load_dataset(str(folder), cache_dir=warm_cache)  # fills the cache
        benchmark = Benchmark(
            name="load",
            contenders=(
                Contender(name=WARM, measure=lambda: fresh("ours", folder, warm_cache)),
                Contender(name=BASELINE, measure=lambda: fresh("pandas", train_csv)),
                Contender(name=COLD, measure=lambda: fresh_and_cold("ours", folder, cold_cache)),
                Contender(name=WARM_READ, measure=lambda: fresh("ours-read", folder, warm_cache)),
                Contender(name=COLD_WHOLE, measure=lambda: fresh_and_cold("ours", source, cold_cache)),
                Contender(name=BASELINE_WHOLE, measure=lambda: fresh("pandas", source)),
            ),
            comparisons=(
                Comparison(key="warm_cost", ours=WARM, baseline=BASELINE),
                Comparison(key="cold_cost", ours=COLD, baseline=BASELINE),
                Comparison(key="cold_memory_cost", ours=COLD, baseline=BASELINE, of_memory=True),
                Comparison(key="cold_zip_cost", ours=COLD_WHOLE, baseline=BASELINE_WHOLE),
            ),
            num_images=len(dataset.x_train),
            notes=notes(dataset),
        )
        run_benchmark(benchmark, settings)


def notes(dataset: Dataset) -> tuple[str, ...]:
    """Return what the times and the peaks hold."""
    return (
        "each time is of the load alone, in a fresh process; the peak is the process's, imports included; all files "
        "are in the system's page cache",
        "train.csv is the same unpacked file for both, alone in its folder: pandas makes a data frame of it; ours, "
        "cold, begins with an empty cache folder and does more: it hashes the file, checks every cell, fingerprints "
        "the content, and writes the cache (synced)",
        f"the data as given is {dataset.name}: pandas makes data frames of its train.csv and test.csv "
        f"({len(dataset.x_test):,} rows), unpacked as it reads where they lie in a zip; ours reads its "
        "sample_submission.csv too",
        "ours, warm, maps the images and reads none: the row that reads every pixel shows what is put off",
    )


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


def fresh_and_cold(reader: str, source: str | Path, cache: Path) -> Measurement:
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
