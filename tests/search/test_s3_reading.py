"""What it costs in requests to read a study of 200 trials from S3."""

from collections.abc import Iterator

import numpy as np
import pytest

from ensemble import method
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings
from search.inherit import _best_first
from search.ledger import Ledger
from search.models import ModelShelf
from tests.ensemble.conftest import A, B, StudyMaker
from tests.s3 import S3, serve_s3

pytestmark = pytest.mark.slow
NUM_TRIALS = 200


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with serve_s3() as served:
        served.make_bucket("bucket")
        yield served


@pytest.fixture(scope="module")
def study(s3: S3) -> StudyMaker:
    """A study of 200 trials."""
    made = StudyMaker("s3://bucket/runs/many")
    random = np.random.default_rng(0)
    for number in range(NUM_TRIALS):
        softmax = (A + B) / 2 + random.uniform(0, 0.01, A.shape)
        made.add_trial(number, softmax / softmax.sum(axis=1, keepdims=True))
    return made


def test_a_vote_among_200_trials_lists_a_few_times_and_gets_each_file_once(s3: S3, study: StudyMaker) -> None:
    s3.requests.clear()
    vote_study(EnsembleSettings(study=study.url, method="mean", top_k=5, num_repeats=1))
    counts = s3.counts()
    assert counts["LIST"] <= 3
    assert counts["HEAD"] <= 3
    # records and predictions; the test rows of the five that vote; study.json, data.npz, plan, submission read again
    assert counts["GET"] <= 2 * NUM_TRIALS + 5 + 6
    assert counts["PUT"] == 3


def test_a_search_reads_200_records_with_two_listings(s3: S3, study: StudyMaker) -> None:
    s3.requests.clear()
    ledger = Ledger(study.folder, 2)
    ledger.load()
    assert len(ledger.ranked) == NUM_TRIALS
    assert s3.counts() == {"LIST": 2, "GET": NUM_TRIALS}
    s3.requests.clear()
    assert len(_best_first(study.folder)) == NUM_TRIALS
    assert s3.counts() == {"LIST": 1, "GET": NUM_TRIALS}


def test_a_vote_gets_the_predictions_of_the_best_alone(
    s3: S3, study: StudyMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(method, "READ_SHARE", 1)
    monkeypatch.setattr(method, "READ_NUMBERS", 0)
    s3.requests.clear()
    result = vote_study(EnsembleSettings(study=study.url, method="mean", top_k=5, num_repeats=1))
    counts = s3.counts()
    assert len(result.names) == method.MOST_CANDIDATES
    assert counts["LIST"] <= 3
    assert counts["GET"] <= NUM_TRIALS + method.MOST_CANDIDATES + 5 + 6


def test_models_that_are_not_there_cost_no_request_each(s3: S3, study: StudyMaker) -> None:
    ledger = Ledger(study.folder, 2)
    ledger.load()
    s3.requests.clear()
    ModelShelf(study.folder, 5).keep_best(ledger)
    assert s3.counts() == {"LIST": 1}


def test_records_that_are_not_there_cost_no_request_each(s3: S3, study: StudyMaker) -> None:
    s3.requests.clear()
    ledger = Ledger(study.folder, 2)
    ledger.load(f"t{number:06d}" for number in range(1000, 1200))
    assert ledger.records == []
    assert s3.counts() == {"LIST": 1}


def test_a_vote_over_two_studies_reads_each_of_their_files_once(s3: S3, study: StudyMaker) -> None:
    other = StudyMaker("s3://bucket/other/few")
    other.add_trial(0, B)
    s3.requests.clear()
    settings = EnsembleSettings(study=other.url, other_studies=(study.url,), method="mean", top_k=5, num_repeats=1)
    assert vote_study(settings).members_csv == "s3://bucket/other/few/ensemble-few+many/members.csv"
    counts = s3.counts()
    assert counts["LIST"] <= 6
    assert counts["PUT"] == 3
    assert counts["GET"] <= 2 * (NUM_TRIALS + 1) + 5 + 10
