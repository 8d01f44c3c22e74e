"""What every benchmark takes on its command line, and where the data is when that does not say."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import DataError

ROOT = Path(__file__).resolve().parent.parent
ARCHIVE = ROOT.parent / "shared" / "data" / "digit-recognizer.zip"
"""Kaggle's archive beside the checkout; it is not part of the project."""


@dataclass(frozen=True, kw_only=True)
class RoundSettings:
    """Settings of every benchmark."""

    quick: bool = False
    """One short round, to see that the benchmark works; the figures are not worth quoting."""

    @property
    def num_rounds(self) -> int:
        """Rounds measured; the median of seven stands firm against two disturbed ones."""
        return 1 if self.quick else 7

    def size(self, *, full: int, quick: int) -> int:
        """Return how much work a round is."""
        return quick if self.quick else full


@dataclass(frozen=True, kw_only=True)
class BenchmarkSettings(RoundSettings):
    """Settings of a benchmark that needs data."""

    data: str | None = None
    """Kaggle's digit-recognizer.zip, or a folder or zip of that form; left out: ../shared/data/digit-recognizer.zip
    beside the checkout."""


def find_data(settings: BenchmarkSettings) -> str:
    """Return the path of the data set.

    Raises:
        DataError: none was named and none lies beside the checkout.
    """
    if settings.data is not None:
        return settings.data
    if not ARCHIVE.is_file():
        raise DataError(
            f"a benchmark needs Kaggle's digit-recognizer.zip, and there is no {ARCHIVE}. Name it by --data"
        )
    return str(ARCHIVE)
