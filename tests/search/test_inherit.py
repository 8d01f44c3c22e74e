import dataclasses

import pytest

from core.config import Config, ModelConfig, TrainConfig
from core.errors import StoredFileError, StudyError
from core.known import KNOWN_CONFIGS
from core.store import files
from core.store.records import TrialRecord, write_record
from core.store.study import StudyFolder, trial_id_of
from search.domain import Domain
from search.inherit import NUM_INHERITED, find_study, inherited_starts, starts_from_json, starts_to_json
from search.space import params_of
from search.starts import Start, known_starts, with_inherited
from search.study import TrialStudy

from .conftest import epoch_report

DOMAIN = Domain(base=Config(train=TrainConfig(epochs=7)), image_shape=(28, 28, 1), num_train_rows=33_600)
FAST = KNOWN_CONFIGS["fast"]
# twelve filters are no step of the space
OUTSIDE = Config(model=ModelConfig(filters=(12, 64)))


def with_rate(learning_rate: float) -> Config:
    return dataclasses.replace(FAST, train=dataclasses.replace(FAST.train, learning_rate=learning_rate))


@pytest.fixture
def other(tmp_path):
    """A study of these (config, log-loss, state), by number."""

    def make(*trials: tuple[Config, float, str]) -> StudyFolder:
        folder = StudyFolder(str(tmp_path / "runs/first"))
        files.write_json(folder.manifest, {})
        for number, (config, log_loss, state) in enumerate(trials):
            record = TrialRecord(
                number=number,
                trial_id=trial_id_of(number),
                config=config.to_json() | {"precision": "float32"},
                params=params_of(config, Config(), num_train_rows=33_600),
                seed=number,
                state=state,  # type: ignore[arg-type]
                epochs=() if state == "failed" else (epoch_report(1, log_loss),),
            )
            write_record(folder.trial(record.trial_id).record, record)
        return folder

    return make


def test_inherited_starts_are_the_best_first_and_at_most_five(other):
    rates = [1e-3 * number for number in range(1, 8)]
    folder = other(*((with_rate(rate), 1 / rate, "pruned" if rate < 4e-3 else "complete") for rate in rates))
    starts = inherited_starts(folder, DOMAIN, "first")
    assert len(starts) == NUM_INHERITED
    assert [start.origin for start in starts] == [f"first/t00000{number}" for number in (6, 5, 4, 3, 2)]
    assert [(start.params or {})["learning_rate"] for start in starts] == rates[:1:-1]


def test_inherited_starts_leave_out_what_failed_runs_or_was_there(other):
    trials = [(with_rate(1e-3), 0.1, "failed"), (with_rate(2e-3), 0.2, "running"), (FAST, 0.3, "complete")]
    starts = inherited_starts(other(*trials, (FAST, 0.4, "complete")), DOMAIN, "first")
    assert [start.origin for start in starts] == ["first/t000002"]


def test_inherited_knobs_give_the_config_with_this_studys_epochs(other):
    start = inherited_starts(other((with_rate(2e-3), 0.1, "complete")), DOMAIN, "first")[0]
    assert start.config is None
    study = TrialStudy(DOMAIN.suggest, seed=0, epochs=7)
    config = study.ask(start)[1]
    assert config.train == dataclasses.replace(FAST.train, learning_rate=2e-3, epochs=7)
    assert config.model == FAST.model


def test_config_that_the_space_cannot_give_is_inherited_whole(other):
    start = inherited_starts(other((OUTSIDE, 0.1, "complete")), DOMAIN, "first")[0]
    assert start.params is None
    assert start.config == dataclasses.replace(OUTSIDE, train=dataclasses.replace(OUTSIDE.train, epochs=7))


def test_config_of_a_model_of_ones_own_is_inherited_only_where_that_model_is_named(other):
    own = dataclasses.replace(FAST, builder="mine:build")
    folder = other((own, 0.1, "complete"), (FAST, 0.2, "complete"))
    assert [start.origin for start in inherited_starts(folder, DOMAIN, "first")] == ["first/t000001"]
    named = dataclasses.replace(DOMAIN, base=dataclasses.replace(DOMAIN.base, builder="mine:build"))
    starts = inherited_starts(folder, named, "first")
    assert [start.origin for start in starts] == ["first/t000000", "first/t000001"]
    assert starts[0].params is not None, "the default space gives it, with the named model"
    assert starts[1].config is not None
    assert starts[1].config.builder is None


def test_config_that_ones_own_space_gives_is_inherited_by_its_knobs(other):
    def rate_alone(trial):
        return with_rate(trial.suggest_float("learning_rate", 1e-4, 1e-1))

    domain = dataclasses.replace(DOMAIN, base=FAST, own_space=rate_alone)
    starts = inherited_starts(other((with_rate(2e-3), 0.1, "complete"), (OUTSIDE, 0.2, "complete")), domain, "first")
    assert (starts[0].params or {})["learning_rate"] == 2e-3
    assert starts[1].config is not None


def test_nothing_of_use_is_said_in_words(other):
    small = dataclasses.replace(DOMAIN, image_shape=(3, 3, 1))
    with pytest.raises(StudyError, match="must have a complete or pruned trial whose network fits these images"):
        inherited_starts(other((FAST, 0.1, "complete")), small, "first")


def test_starts_written_and_read_are_the_same():
    starts = [Start(origin="a/t1", params={"learning_rate": 1e-3}), Start(origin="a/t2", config=OUTSIDE)]
    assert starts_from_json(starts_to_json(starts)) == starts


def test_something_else_in_the_manifest_is_refused():
    with pytest.raises(StoredFileError, match=r"study\.json: what was inherited must be configurations"):
        starts_from_json([{"origin": "a"}])


def test_find_study_takes_a_folder_or_a_name_below_runs(other, tmp_path):
    folder = other((FAST, 0.1, "complete"))
    assert find_study(folder.url, "elsewhere") == folder
    assert find_study("first", str(tmp_path / "runs")).url == folder.url
    with pytest.raises(StudyError, match="--start-from: nowhere must be a study's folder, and is none"):
        find_study("nowhere", str(tmp_path / "runs"))


def test_inherited_come_after_the_first_known_start_and_none_twice():
    known = known_starts("notebook", DOMAIN)
    new = Start(origin="first/t000001", params={"learning_rate": 1e-3})
    again = Start(origin="first/t000000", params=known[1].params)
    origins = [start.origin for start in with_inherited(known, [again, new])]
    assert origins == ["notebook", "first/t000001", "fast", "strong"]
