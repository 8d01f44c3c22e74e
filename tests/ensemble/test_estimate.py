import dataclasses

import numpy as np
import pytest

from core.metrics import log_loss, num_errors
from ensemble.calibrate import apply_temperature, fit_temperature
from ensemble.choice import Choice
from ensemble.compare import best_single
from ensemble.estimate import LEAST_ROWS, Estimate, at_temperature, estimate_vote
from ensemble.rows import ScoredRows
from tests.ensemble.votes import drawn

SOFTMAX, LABELS = drawn(4, 60)
WAS_HOLDOUT = np.arange(60) % 4 == 0


def rows_of(labels: np.ndarray, was_holdout: np.ndarray, kind: str = "out-of-fold") -> ScoredRows:
    return ScoredRows(
        kind=kind,  # type: ignore[arg-type]
        numbers=np.arange(len(labels)),
        labels=labels,
        was_holdout=was_holdout,
    )


OUT_OF_FOLD = rows_of(LABELS, WAS_HOLDOUT)


def mean(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
    return Choice(weights=np.full(len(softmax), 1 / len(softmax)))


def estimate(rows: ScoredRows = OUT_OF_FOLD, softmax: np.ndarray = SOFTMAX) -> Estimate:
    found = estimate_vote(softmax, rows, mean, seed=0, num_parts=5, num_repeats=2)
    assert found is not None
    return found


def test_estimate_of_a_method_that_never_chooses_is_its_score() -> None:
    found = estimate()
    vote = SOFTMAX.astype(np.float64).mean(axis=0)
    everywhere, outside = found.parts
    assert everywhere.vote.log_loss == pytest.approx(log_loss(vote, LABELS))
    assert everywhere.vote.num_errors == num_errors(vote, LABELS)
    assert outside.vote.log_loss == pytest.approx(log_loss(vote[~WAS_HOLDOUT], LABELS[~WAS_HOLDOUT]))
    assert (everywhere.vote.num_rows, outside.vote.num_rows) == (60, 45)
    assert (everywhere.name, outside.name) == ("all rows", "rows outside the search's holdout")
    assert (found.num_parts, found.num_repeats) == (5, 2)


def test_best_single_is_chosen_on_the_rows_that_choose_the_vote() -> None:
    best = np.where(np.arange(2)[:, None, None] == 0, np.float32(0.01), np.float32(0.25))
    softmax = np.repeat(np.repeat(best, 60, axis=1), 4, axis=2)
    softmax[0, np.arange(60), LABELS % 4] = 0.97
    single = estimate(rows_of(LABELS % 4, WAS_HOLDOUT), softmax).parts[0]
    assert single.best_single.log_loss == pytest.approx(-np.log(0.97), rel=1e-5)
    assert single.vote.log_loss == pytest.approx(-np.log(0.61), rel=1e-5)
    assert single.comparison.log_loss == pytest.approx(np.log(0.97 / 0.61), rel=1e-5)
    assert single.comparison.is_log_loss_distinguishable
    assert (single.comparison.errors, single.comparison.is_distinguishable) == (0, False)


@pytest.mark.parametrize(
    "rows",
    [
        dataclasses.replace(OUT_OF_FOLD, kind="holdout"),
        rows_of(LABELS, np.ones(60, bool)),
        rows_of(LABELS, np.zeros(60, bool)),
    ],
)
def test_estimate_has_one_part_where_no_rows_are_set_apart(rows: ScoredRows) -> None:
    assert [part.name for part in estimate(rows).parts] == ["all rows"]


def test_too_few_rows_are_not_estimated() -> None:
    for num_rows, is_estimated in ((LEAST_ROWS - 1, False), (LEAST_ROWS, True)):
        rows = rows_of(LABELS[:num_rows], WAS_HOLDOUT[:num_rows])
        found = estimate_vote(SOFTMAX[:, :num_rows], rows, mean, seed=0, num_parts=5, num_repeats=1)
        assert (found is not None) is is_estimated


def test_calibration_is_fitted_on_the_honest_vote_and_scored_out_of_fold() -> None:
    calibration = estimate().calibration
    vote = SOFTMAX.astype(np.float64).mean(axis=0)
    assert calibration.temperature == pytest.approx(fit_temperature(vote, LABELS))
    assert calibration.log_loss_before == pytest.approx(log_loss(vote, LABELS))
    # fitted on other rows it cannot be better than fitted on these
    assert calibration.log_loss_after >= log_loss(apply_temperature(vote, calibration.temperature), LABELS)
    assert sum(one.num_rows for one in calibration.before.bins) == 60
    assert sum(one.num_rows for one in calibration.after.bins) == 60


def test_the_same_seed_estimates_the_same() -> None:
    assert estimate() == estimate()


def test_temperature_is_applied_where_there_is_one() -> None:
    found, vote = estimate(), SOFTMAX[0]
    temperature = found.calibration.temperature
    assert temperature != 1.0
    np.testing.assert_array_equal(at_temperature(found)(vote), apply_temperature(vote, temperature))
    assert at_temperature(None)(vote) is vote
    useless = dataclasses.replace(found.calibration, log_loss_after=found.calibration.log_loss_before)
    assert at_temperature(dataclasses.replace(found, calibration=useless))(vote) is vote


def test_rows_of_one_image_choose_together_or_not_at_all() -> None:
    num_images, generator = 30, np.random.default_rng(0)
    labels = np.repeat(generator.integers(0, 2, num_images), 3)
    image = np.repeat(np.arange(num_images), 3)
    softmax = np.stack([image / 100, 1 - image / 100], axis=1)[None].astype(np.float32)
    numbers = np.arange(len(labels))
    rows = ScoredRows(kind="out-of-fold", numbers=numbers, labels=labels, was_holdout=numbers < 30, groups=image)
    seen = []

    def chooser(chosen_on: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
        seen.append(np.unique(chosen_on[0, :, 0], return_counts=True)[1])
        return Choice(weights=np.array([1.0]))

    estimate_vote(softmax, rows, chooser, seed=0, num_parts=5, num_repeats=2)
    assert len(seen) == 10
    assert all((counts == 3).all() for counts in seen)


def test_compared_methods_are_estimated_alike_and_outside_the_holdout() -> None:
    found = estimate_vote(
        SOFTMAX, OUT_OF_FOLD, mean, seed=0, num_parts=5, num_repeats=1, compared={"mean": mean, "single": best_single}
    )
    assert found is not None
    outside = found.parts[-1]
    assert found.methods == {"mean": outside.vote, "single": outside.best_single}
