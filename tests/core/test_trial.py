import dataclasses

import numpy as np
import pytest

from core.data.folds import whole_split
from core.metrics import log_loss
from core.store import files
from core.store.checkpoint import read_newest_checkpoint
from core.store.predictions import read_predictions
from core.store.records import EpochReport
from core.store.study import StudyFolder
from core.trial import TrialJob, TrialRun


@pytest.fixture
def job(tmp_path, tiny_config) -> TrialJob:
    return TrialJob(
        trial_id="t000000",
        folder=StudyFolder(str(tmp_path)).trial("t000000"),
        config=tiny_config(epochs=3),
        seed=5,
        generation=1,
        ending_epochs=(2,),
    )


def without_seconds(epochs: list[EpochReport]) -> list[EpochReport]:
    return [dataclasses.replace(epoch, seconds=0.0) for epoch in epochs]


def test_outputs_are_on_disk_before_an_epoch_after_which_the_trial_may_end(job, tiny_dataset, tiny_split):
    run = TrialRun(job, tiny_dataset, tiny_split)
    assert run.next_epoch()[1] is False
    assert not files.exists(job.folder.predictions)
    epochs = [*run.trainer.epochs]
    for may_end in (True, True):
        epoch, answer = run.next_epoch()
        epochs.append(epoch)
        assert answer is may_end
        predictions = read_predictions(job.folder.predictions)
        assert predictions.epoch == min(epochs, key=lambda e: e.log_loss).epoch
        assert predictions.rows.tolist() == tiny_split.holdout_rows.tolist()
        assert files.exists(job.folder.model)
    np.testing.assert_array_equal(predictions.test_softmax, run.trainer.best_test_softmax())


def test_model_is_left_out_where_none_is_kept(job, tiny_dataset, tiny_split):
    run = TrialRun(dataclasses.replace(job, keeps_model=False, ending_epochs=(1,)), tiny_dataset, tiny_split)
    assert run.next_epoch()[1] is True
    assert not files.exists(job.folder.model)


def test_every_epoch_but_the_last_leaves_a_checkpoint(job, tiny_dataset, tiny_split):
    run = TrialRun(job, tiny_dataset, tiny_split)
    counts = []
    for _ in range(3):
        run.next_epoch()
        checkpoint = read_newest_checkpoint(job.folder, 1)
        assert checkpoint is not None
        counts.append(len(checkpoint.epochs))
    assert counts == [1, 2, 2]


def test_epoch_that_was_trained_and_not_recorded_is_reported_and_not_trained_again(job, tiny_dataset, tiny_split):
    first = TrialRun(job, tiny_dataset, tiny_split)
    reports = [first.next_epoch()[0] for _ in range(2)]
    again = TrialRun(dataclasses.replace(job, generation=2, num_recorded_epochs=1), tiny_dataset, tiny_split)
    assert again.next_epoch() == (reports[1], True)
    assert len(again.trainer.epochs) == 2


@pytest.mark.parametrize("checkpoint_is_lost", [False, True])
def test_resumed_trial_is_to_the_bit_the_uninterrupted_one(job, tiny_dataset, tiny_split, tmp_path, checkpoint_is_lost):
    whole = TrialRun(dataclasses.replace(job, folder=StudyFolder(str(tmp_path)).trial("w")), tiny_dataset, tiny_split)
    reports = [whole.next_epoch()[0] for _ in range(3)]
    first = TrialRun(job, tiny_dataset, tiny_split)
    for _ in range(2):
        first.next_epoch()
    if checkpoint_is_lost:
        files.remove(job.folder.checkpoints)
    again = TrialRun(dataclasses.replace(job, generation=2, num_recorded_epochs=2), tiny_dataset, tiny_split)
    assert without_seconds([again.next_epoch()[0]]) == without_seconds(reports[2:])
    one, other = (read_predictions(StudyFolder(str(tmp_path)).trial(name).predictions) for name in ("w", "t000000"))
    np.testing.assert_array_equal(one.softmax, other.softmax)
    np.testing.assert_array_equal(one.test_softmax, other.test_softmax)


def test_further_attempt_goes_on_from_the_checkpoint_of_the_lost_one_and_clears_it_away(job, tiny_dataset, tiny_split):
    lost = TrialRun(job, tiny_dataset, tiny_split)
    lost.next_epoch()
    again = TrialRun(dataclasses.replace(job, attempt=1, num_recorded_epochs=1), tiny_dataset, tiny_split)
    assert len(again.trainer.epochs) == 1
    report = again.next_epoch()[0]
    assert files.list_folders(job.folder.checkpoints) == ["1.1"]
    assert without_seconds([lost.next_epoch()[0]]) == without_seconds([report]), "an orphan trains the same epoch"
    checkpoint = read_newest_checkpoint(job.folder, 1)
    assert checkpoint is not None
    assert len(checkpoint.epochs) == 2


def test_trial_near_its_deadline_leaves_outputs_after_any_epoch(job, tiny_dataset, tiny_split):
    run = TrialRun(dataclasses.replace(job, deadline=0.0), tiny_dataset, tiny_split)
    assert run.next_epoch()[1] is True
    assert files.exists(job.folder.predictions)


def test_trial_that_keeps_the_last_epoch_names_it_and_predicts_with_it(job, tiny_dataset, tiny_split):
    run = TrialRun(dataclasses.replace(job, keeps_last=True, ending_epochs=()), tiny_dataset, tiny_split)
    for _ in range(2):
        run.next_epoch()
    model = run.trainer._graph.model
    model.set_weights([weight * 50 for weight in model.get_weights()])
    last, may_end = run.next_epoch()
    assert may_end
    assert last.log_loss > run.trainer.epochs[0].log_loss
    predictions = read_predictions(job.folder.predictions)
    assert predictions.epoch == 3
    labels = tiny_dataset.labels[tiny_split.holdout_rows]
    assert log_loss(predictions.softmax, labels) == pytest.approx(last.log_loss)


def test_predictions_over_more_views_lie_beside_the_first_ones(job, tiny_dataset, tiny_split):
    run = TrialRun(dataclasses.replace(job, more_views=5, ending_epochs=(1,)), tiny_dataset, tiny_split)
    run.next_epoch()
    plain, more = (read_predictions(url) for url in (job.folder.predictions, job.folder.predictions_of(5)))
    assert job.folder.predictions_of(5).endswith("/predictions-views5.npz")
    for name in ("trial_id", "data", "split", "epoch", "config"):
        assert getattr(more, name) == getattr(plain, name)
    np.testing.assert_array_equal(more.rows, plain.rows)
    expected = run.trainer.kept_softmax(tiny_dataset.x_train[tiny_split.holdout_rows], num_views=5)
    np.testing.assert_array_equal(more.softmax, expected)
    assert (more.softmax.shape, more.test_softmax.shape) == (plain.softmax.shape, plain.test_softmax.shape)
    assert np.abs(more.softmax - plain.softmax).max() > 1e-4
    assert np.abs(more.test_softmax - plain.test_softmax).max() > 1e-4


def test_trial_without_more_views_leaves_one_predictions_file(job, tiny_dataset, tiny_split):
    TrialRun(dataclasses.replace(job, ending_epochs=(1,)), tiny_dataset, tiny_split).next_epoch()
    assert [name for name in files.list_names(job.folder.url) if "predictions" in name] == ["predictions.npz"]


def test_trial_on_every_row_predicts_the_test_rows_alone(job, tiny_dataset, tiny_split):
    whole = whole_split(tiny_dataset, tiny_split)
    changed = dataclasses.replace(job, is_scored=False, keeps_last=True, more_views=5, ending_epochs=(1,))
    run = TrialRun(changed, tiny_dataset, whole)
    epoch, _ = run.next_epoch()
    assert np.isfinite(epoch.log_loss)  # watched, so that a training that fails is seen
    for url, views in ((job.folder.predictions, 1), (job.folder.predictions_of(5), 5)):
        predictions = read_predictions(url)
        assert (predictions.rows.shape, predictions.softmax.shape) == ((0,), (0, 3))
        assert predictions.split == whole.fingerprint
        expected = run.trainer.kept_softmax(tiny_dataset.x_test, num_views=views)
        np.testing.assert_array_equal(predictions.test_softmax, expected)
