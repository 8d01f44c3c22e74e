import threading
from pathlib import Path

import numpy as np
import pytest

from core.store.dataset import DataSummary, write_data_summary
from core.store.predictions import Predictions, write_predictions
from core.store.study import StudyFolder
from search.live import vote_so_far
from search.live.vote_so_far import VoteScore, VoteSoFar

LABELS = np.array([0, 1, 0, 1], np.int32)
HOLDOUT = np.array([2, 3])


@pytest.fixture
def folder(tmp_path) -> StudyFolder:
    folder = StudyFolder(str(tmp_path))
    names = np.array(["a", "b"])
    write_data_summary(
        folder.data,
        DataSummary(fingerprint="d", split="s", labels=LABELS, holdout_rows=HOLDOUT, class_names=names, test_ids=names),
    )
    return folder


def put(folder: StudyFolder, trial_id: str, *of_true_class: float, rows: np.ndarray = HOLDOUT) -> None:
    """Write a trial's predictions, given the probability of each holdout row's true class (0, then 1)."""
    softmax = np.array([[p, 1 - p] if place == 0 else [1 - p, p] for place, p in enumerate(of_true_class)], np.float32)
    predictions = Predictions(trial_id=trial_id, rows=rows, softmax=softmax, test_softmax=softmax, data="d")
    write_predictions(folder.trial(trial_id).predictions, predictions)


class Watched(VoteSoFar):
    """A vote whose looks are counted."""

    def __init__(self, folder: StudyFolder) -> None:
        super().__init__(folder)
        self.looks = threading.Semaphore(0)

    def _look(self, wanted: tuple[str, ...]) -> None:
        try:
            super()._look(wanted)
        finally:
            self.looks.release()


def score_of(folder: StudyFolder, *trial_ids: str) -> VoteScore | None:
    vote = Watched(folder)
    vote.look_at(trial_ids)
    assert vote.looks.acquire(timeout=20)
    vote.close()
    return vote.score


def test_vote_so_far_is_the_mean_of_the_few_that_average_best(folder):
    put(folder, "t000000", 0.8, 0.4)
    put(folder, "t000001", 0.4, 0.8)  # together: 0.6 for both rows
    put(folder, "t000002", 0.1, 0.1)
    score = score_of(folder, "t000000", "t000001", "t000002")
    assert score is not None
    assert (score.num_members, score.num_errors, score.num_rows) == (2, 0, 2)
    assert score.log_loss == pytest.approx(-np.log(0.6), abs=1e-6)


def test_vote_so_far_leaves_a_trial_out_whose_predictions_are_torn_missing_or_of_other_rows(folder):
    put(folder, "t000000", 0.8, 0.8)
    put(folder, "t000001", 1.0, 1.0, rows=np.array([0, 1]))
    put(folder, "t000002", 1.0, 1.0)
    with Path(folder.trial("t000002").predictions).open("r+b") as file:
        file.truncate(100)
    score = score_of(folder, "t000001", "t000002", "t000003", "t000000")
    assert score is not None
    assert (score.num_members, score.num_errors) == (1, 0)
    assert score.log_loss == pytest.approx(-np.log(0.8), abs=1e-6)


def test_vote_so_far_is_silent_where_the_study_has_no_data(tmp_path, capfd):
    assert score_of(StudyFolder(str(tmp_path)), "t000000") is None
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("url", "most_cells", "words"), [("memory://study", 100, "object store"), (None, 3, "rows (2)")]
)
def test_vote_so_far_says_why_it_is_not_reckoned(folder, monkeypatch, url, most_cells, words):
    monkeypatch.setattr(vote_so_far, "MOST_CELLS", most_cells)
    vote = VoteSoFar(StudyFolder(url) if url else folder)
    vote.look_at(["t000000"])
    assert vote._thread is not None
    vote._thread.join(20)
    assert words in vote.why_not


def test_vote_so_far_goes_on_after_an_error(folder, monkeypatch):
    monkeypatch.setattr(vote_so_far, "LEAST_REST_SECONDS", 0.0)
    put(folder, "t000000", 0.8, 0.8)
    read, faults = vote_so_far.read_data_summary, [OSError(5, "Input/output error"), MemoryError()]

    def read_badly(url: str) -> DataSummary:
        if faults:
            raise faults.pop(0)
        return read(url)

    monkeypatch.setattr(vote_so_far, "read_data_summary", read_badly)
    vote = Watched(folder)
    for trial_ids in (["t000000"], ["t000000", "t000001"], ["t000001", "t000000"]):
        vote.look_at(trial_ids)
        assert vote.looks.acquire(timeout=20)
    assert vote.score is not None
    assert vote.score.num_errors == 0
    vote.close()


def test_vote_so_far_is_left_out_where_no_thread_can_be_started(folder, monkeypatch):
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    vote = VoteSoFar(folder)
    vote.look_at(["t000000"])
    vote.look_at(["t000001"])
    vote.close()
    assert (vote.score, vote.why_not) == (None, "not reckoned: this machine has no thread to spare")
