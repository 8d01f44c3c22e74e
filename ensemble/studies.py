"""The studies of one vote: each is read and named; all must be of the same data and hold out the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import StoredFileError, StudyError
from core.store.dataset import DataSummary, read_data_summary
from core.store.manifest import Manifest, read_manifest
from core.store.study import StudyFolder
from ensemble.members import short
from ensemble.names import names_of

TOGETHER = "Only studies of the same data can vote together"
MOST_CLASSES_SHOWN = 12


@dataclass(frozen=True, kw_only=True, eq=False)  # comparing arrays with == would be ambiguous
class OpenStudy:
    """A study whose records may vote."""

    name: str
    """What tells it from the others; empty where it is alone."""
    folder: StudyFolder
    manifest: Manifest
    data: DataSummary

    def name_of(self, member: str) -> str:
        """Return what one of its members is called in the vote: t000012, among several studies first/t000012."""
        return f"{self.name}/{member}" if self.name else member

    def sentence(self, words: str) -> str:
        """Return a sentence on one of its members, which among several studies begins with the study's name."""
        return f"{self.name}: {words}" if self.name else words


def open_studies(urls: Sequence[str]) -> tuple[OpenStudy, ...]:
    """Read the studies that are to vote together; they come back by name, so that their order decides nothing.

    Args:
        urls: one or more, of different places.

    Raises:
        StudyError: one is no study, or is of other data or other holdout rows than the first by name.
        StoredFileError: a file of one is torn, or of another version's format.
    """
    names = names_of(urls) if len(urls) > 1 else ("",)
    opened = tuple(_open(url, name) for name, url in sorted(zip(names, urls, strict=True)))
    for other in opened[1:]:
        _require_same_data(opened[0], other)
        _require_same_holdout(opened[0], other)
    return opened


def read_study_data(study: StudyFolder) -> DataSummary:
    """Read the study's data.npz and check that it belongs to its manifest."""
    return _open(study.url, "").data


def _open(url: str, name: str) -> OpenStudy:
    """Read one study's manifest and data."""
    study = StudyFolder(url)
    study.require_exists()
    manifest = read_manifest(study.manifest)
    try:
        data = read_data_summary(study.data)
    except FileNotFoundError as error:
        raise StoredFileError(f"{study.data} is missing. Start the same search again to rewrite it") from error
    expected = manifest.data.get("fingerprint")
    if data.fingerprint != expected:
        raise StoredFileError(
            f"{study.data} must be of the data set that study.json names, {expected!r}, got {data.fingerprint!r}. "
            "Start the same search again to rewrite it"
        )
    if len(data.holdout_rows) == 0:
        raise StudyError(f"{study.data} must name holdout rows to score members on, got none")
    return OpenStudy(name=name, folder=study, manifest=manifest, data=data)


def _require_same_data(first: OpenStudy, other: OpenStudy) -> None:
    """Raise StudyError unless labels, test rows and the submission's form are the same."""
    ours, theirs = first.data, other.data
    if not np.array_equal(ours.class_names, theirs.class_names):
        _refuse(first, other, "have the classes", _classes(ours), _classes(theirs), TOGETHER)
    if ours.fingerprint != theirs.fingerprint:
        _refuse(first, other, "be of the data set", short(ours.fingerprint), short(theirs.fingerprint), TOGETHER)
    advice = "Search anew with the same sample_submission.csv"
    if not np.array_equal(ours.test_ids, theirs.test_ids):
        _refuse(first, other, "have the test rows' ids", *_first_difference(ours.test_ids, theirs.test_ids), advice)
    if ours.submission_header != theirs.submission_header:
        header, got = ",".join(ours.submission_header), ",".join(theirs.submission_header)
        _refuse(first, other, "have the sample submission's header", header, got, advice)


def _require_same_holdout(first: OpenStudy, other: OpenStudy) -> None:
    """Raise StudyError unless both held out the same rows, on which alone their trials can be compared."""
    if first.data.split == other.data.split:
        return
    ours, theirs = first.data.holdout_rows, other.data.holdout_rows
    shared = f"{len(theirs):,} rows, {len(np.intersect1d(ours, theirs)):,} of them the same"
    advice = f"Search anew under another --study with {first.manifest.holdout_options}"
    must = f"{len(ours):,} by {first.manifest.holdout_options}"
    _refuse(first, other, "hold out the rows", must, f"{shared}, by {other.manifest.holdout_options}", advice)


def _refuse(first: OpenStudy, other: OpenStudy, must: str, ours: str, theirs: str, advice: str) -> None:
    """Raise the StudyError for two studies that cannot vote together."""
    raise StudyError(f"{other.folder.url} must {must} of {first.folder.url}, {ours}, got {theirs}. {advice}")


def _classes(data: DataSummary) -> str:
    """Return how many classes there are, and the first ones' names."""
    names = data.class_names.tolist()
    return f"{len(names)} ({', '.join(names[:MOST_CLASSES_SHOWN])}{', ...' if len(names) > MOST_CLASSES_SHOWN else ''})"


def _first_difference(ours: np.ndarray, theirs: np.ndarray) -> tuple[str, str]:
    """Return in words the numbers of ids where these differ, else the first ids that do."""
    if len(ours) != len(theirs):
        return f"{len(ours):,} of them", f"{len(theirs):,}"
    row = int((ours != theirs).argmax())
    return f"{str(ours[row])!r} in row {row + 1}", f"{str(theirs[row])!r}"
