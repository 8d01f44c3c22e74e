"""One training's result on the screen."""

from dataclasses import dataclass

import numpy as np
from rich.console import Console

from core.cli import program_words
from core.html.words import LONGEST_IN_A_LINE, name_in_short
from core.metrics import accuracy, num_errors
from core.progress import print_line
from core.store.records import TrialRecord
from core.store.study import StudyFolder

MOST_CLASSES_IN_A_MATRIX = 20
NUM_CONFUSIONS_LISTED = 10


@dataclass(frozen=True, kw_only=True)
class CoreResult:
    """What one training leaves; all of it is on disk too."""

    folder: StudyFolder
    record: TrialRecord
    """Configuration, every epoch, the best one."""
    class_names: np.ndarray  # (num_classes,) str
    holdout_softmax: np.ndarray  # (num_holdout, num_classes) float32, of the best epoch
    holdout_labels: np.ndarray  # (num_holdout,) int32
    test_softmax: np.ndarray  # (num_test, num_classes) float32, of the best epoch
    test_labels: np.ndarray | None
    """Known only for rows that we set aside ourselves."""
    page_url: str | None = None
    """model.html; None where it could not be made."""

    @property
    def confusion(self) -> np.ndarray:
        """Return (num_classes, num_classes) int64: rows by true class, columns by predicted class."""
        size = len(self.class_names)
        cells = self.holdout_labels.astype(np.int64) * size + self.holdout_softmax.argmax(axis=1)
        return np.bincount(cells, minlength=size * size).reshape(size, size)

    @property
    def test_accuracy(self) -> float | None:
        """Accuracy on the test rows; None where their labels are unknown."""
        return None if self.test_labels is None else accuracy(self.test_softmax, self.test_labels)


def print_result(result: CoreResult, console: Console, *, in_short: bool = False) -> None:
    """Print the best epoch's scores, what it confuses (not so in short), and where the files are."""
    for line in result_lines(result, in_short=in_short):
        print_line(console, line)


def result_lines(result: CoreResult, *, in_short: bool = False) -> list[str]:
    """Return the lines of `print_result`; where the test rows' labels are known, the last is their accuracy."""
    best, num_rows = result.record.best, len(result.holdout_labels)
    assert best is not None, "a complete training has epochs"
    wrong = num_errors(result.holdout_softmax, result.holdout_labels)
    lines = [
        f"holdout of {num_rows:,} rows: accuracy {best.accuracy:.4f}, {wrong:,} errors, log-loss {best.log_loss:.5f} "
        f"(epoch {best.epoch} of {len(result.record.epochs)}, the best of them on these rows)",
        *([] if in_short else _confusion_lines(result.confusion, result.class_names)),
        f"wrote {result.folder.trial(result.record.trial_id).url}; vote and submission: "
        f"{program_words('ensemble')} {result.folder.url}",
    ]
    if result.page_url is not None:
        lines.append(f"wrote {result.page_url}: curves, confusions, errors, filters, activations")
    if result.test_accuracy is not None:
        lines.append(f"test accuracy {result.test_accuracy:.4f} ({len(result.test_softmax)} rows set aside)")
    return lines


def _confusion_lines(confusion: np.ndarray, names: np.ndarray) -> list[str]:
    """Return the matrix as a table, or the most frequent confusions of many classes."""
    if len(names) > MOST_CLASSES_IN_A_MATRIX:
        return _most_frequent(confusion, names)
    columns = [name_in_short(name, longest=LONGEST_IN_A_LINE) for name in names.tolist()]
    cells = [["true \\ predicted", *columns]]  # rows and columns are in one order, should names be cut alike
    for name, row in zip(names.tolist(), confusion.tolist(), strict=True):
        cells.append([name_in_short(name), *(str(count) if count else "." for count in row)])
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]


def _most_frequent(confusion: np.ndarray, names: np.ndarray) -> list[str]:
    """Return a line for each of the most frequent confusions; ties in the order of the classes."""
    wrong = confusion * (1 - np.eye(len(names), dtype=confusion.dtype))
    order = np.argsort(-wrong, axis=None, kind="stable")[:NUM_CONFUSIONS_LISTED]
    pairs = [divmod(int(cell), len(names)) for cell in order if wrong.flat[cell]]
    short = [name_in_short(name) for name in names.tolist()]
    return [f"{short[true]} taken for {short[predicted]}: {wrong[true, predicted]}" for true, predicted in pairs]
