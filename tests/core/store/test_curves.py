import dataclasses

from benchmarks.made_up import made_up_report
from core.config import Config
from core.store.curves import END_BYTES, curves_after, curves_of, flat_config, has_end, is_over
from core.store.records import TrialRecord

from .test_event_file import events_in

RUNNING = TrialRecord(
    number=3,
    trial_id="t000003",
    config=Config().to_json(),
    seed=0,
    user_attrs={"origin": "notebook"},
    started=100.0,
    epochs=tuple(made_up_report(epoch, 1 / epoch, seconds=0.1) for epoch in range(1, 8)),
)
ENDED = dataclasses.replace(RUNNING, state="pruned", user_attrs=RUNNING.user_attrs | {"reason": "pruner"}, ended=110.0)


def after(num_epochs: int) -> TrialRecord:
    return dataclasses.replace(RUNNING, epochs=RUNNING.epochs[:num_epochs])


def test_file_of_a_longer_record_begins_with_that_of_a_shorter_one():
    for num_epochs in range(1, 7):
        shorter, longer = curves_of(after(num_epochs)), curves_of(after(num_epochs + 1))
        assert longer == shorter + curves_after(after(num_epochs + 1), num_epochs)
    assert curves_of(ENDED) == curves_of(RUNNING) + curves_after(ENDED, 7)


def test_curves_have_each_epoch_once_at_the_time_that_it_has_trained():
    scalars = [event for event in events_in(curves_of(RUNNING)) if event.step]
    assert [event.step for event in scalars] == [1, 2, 3, 4, 5, 6, 7]
    assert [round(event.wall_time - 100, 6) for event in scalars] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert {value.tag for value in scalars[0].summary.value} == {
        "holdout/log_loss",
        "holdout/accuracy",
        "train/loss",
        "train/accuracy",
        "train/learning_rate",
        "train/seconds",
    }


def test_nothing_is_written_before_the_first_epoch():
    assert curves_of(after(0)) == b""


def test_failed_trial_has_its_error_and_an_end():
    failed = dataclasses.replace(after(0), state="failed", error="ValueError: no")
    content = curves_of(failed)
    assert b"ValueError: no" in content
    assert has_end(content[-END_BYTES:])


def test_trial_that_a_time_budget_ended_is_not_over():
    cut = dataclasses.replace(ENDED, user_attrs={"reason": "time budget"})
    assert is_over(ENDED)
    assert not is_over(cut)
    assert curves_of(cut) == curves_of(dataclasses.replace(RUNNING, user_attrs={}))
    assert not has_end(curves_of(cut)[-END_BYTES:])
    for missing in range(1, END_BYTES):
        assert not has_end(curves_of(ENDED)[:-missing][-END_BYTES:])


def test_flat_config_names_fields_with_dots_and_joins_sequences():
    flat = flat_config({"model": {"filters": [32, 64], "dense_units": []}, "builder": None, "views": 1})
    assert flat == {"model.filters": "32,64", "model.dense_units": "none", "views": 1}
