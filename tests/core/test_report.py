import numpy as np
import pytest

from core.report import CoreResult, result_lines
from core.store.records import EpochReport, TrialRecord
from core.store.study import StudyFolder


def epoch(number: int, log_loss: float) -> EpochReport:
    return EpochReport(
        epoch=number, loss=1.0, train_accuracy=0.5, log_loss=log_loss, accuracy=0.75, learning_rate=1e-3, seconds=1.0
    )


def result_of(true: list[int], predicted: list[int], names: list[str], test: list[int] | None = None) -> CoreResult:
    softmax = np.eye(len(names), dtype=np.float32)
    record = TrialRecord(
        number=0, trial_id="t000000", config={}, seed=0, state="complete", epochs=(epoch(1, 0.5), epoch(2, 0.25))
    )
    return CoreResult(
        folder=StudyFolder("runs/first"),
        record=record,
        class_names=np.array(names),
        holdout_softmax=softmax[predicted],
        holdout_labels=np.array(true, np.int32),
        test_softmax=softmax[test or []],
        test_labels=None if test is None else np.zeros(len(test), np.int32),
    )


def test_confusion_counts_true_classes_by_row() -> None:
    result = result_of([0, 0, 1, 2], [0, 2, 1, 2], ["a", "b", "c"])
    np.testing.assert_array_equal(result.confusion, [[1, 0, 1], [0, 1, 0], [0, 0, 1]])


def test_confusion_has_a_row_for_classes_that_no_image_has() -> None:
    assert result_of([0], [0], ["a", "b", "c"]).confusion.shape == (3, 3)


def test_lines_show_the_best_epoch_and_the_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV", "uv")  # as `uv run` leaves it
    lines = result_lines(result_of([0, 0, 1, 1], [0, 0, 1, 0], ["no", "yes"]))
    assert lines == [
        "holdout of 4 rows: accuracy 0.7500, 1 errors, log-loss 0.25000 (epoch 2 of 2, the best of them on these rows)",
        "true \\ predicted  no  yes",
        "              no   2    .",
        "             yes   1    1",
        "wrote runs/first/trials/t000000; vote and submission: uv run -m ensemble runs/first",
    ]


def test_many_classes_are_shown_by_their_most_frequent_confusions() -> None:
    names = [f"class{index}" for index in range(30)]
    lines = result_lines(result_of([3, 3, 7, 7, 7, 9], [4, 4, 7, 2, 7, 1], names))
    assert lines[1:-1] == [
        "class3 taken for class4: 2",
        "class7 taken for class2: 1",
        "class9 taken for class1: 1",
    ]


def test_long_names_are_cut_so_that_the_matrix_stays_readable() -> None:
    names = ["a common beginning, then " + "long " * 30 + end for end in "xyz"]
    lines = result_lines(result_of([0, 1, 2], [1, 1, 2], names))[1:5]
    assert lines == [
        "        true \\ predicted  a common be…  a common be…  a common be…",
        "a common beginning, the…             .             1             .",
        "a common beginning, the…             .             1             .",
        "a common beginning, the…             .             .             1",
    ]
    many = result_lines(result_of([0], [1], names * 10))
    assert many[1] == "a common beginning, the… taken for a common beginning, the…: 1"


def test_the_true_test_accuracy_is_the_last_line_where_it_is_known() -> None:
    result = result_of([0, 1], [0, 1], ["a", "b"], test=[0, 0, 0, 1])
    assert result.test_accuracy == 0.75
    assert result_lines(result)[-1] == "test accuracy 0.7500 (4 rows set aside)"
    assert result_of([0], [0], ["a", "b"]).test_accuracy is None


def test_lines_in_short_have_no_matrix() -> None:
    result = result_of([0, 0, 1, 1], [0, 0, 1, 0], ["no", "yes"], test=[0, 1])
    whole, short = result_lines(result), result_lines(result, in_short=True)
    assert short == [whole[0], *whole[-2:]]
    assert len(whole) == len(short) + 3
