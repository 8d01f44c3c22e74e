import pytest

from core.errors import ConfigError
from core.store.committee import ALL_ROWS
from core.store.committee import MOST_REPEATS as NUMBERED_REPEATS
from search.settings import MOST_FOLDS, MOST_REPEATS, SearchSettings, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5400), ("2h", 7200), ("45s", 45), ("1h30m", 5400), ("1h0m1s", 3601), (None, None)]
)
def test_parse_duration_reads_hours_minutes_seconds(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "m", "1.5h", "-3m", "2 hours", "30m1h", "0m"])
def test_parse_duration_refuses_other_words(text):
    with pytest.raises(ConfigError, match=r"--time-budget must be .* such as 90m"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"trials": 0}, "--trials must be 1 or more, got 0"),
        ({"top_k": 0}, "--top-k must be 1 or more, got 0"),
        ({"committee": -1}, "--committee must be 0 or more, got -1"),
        ({"folds": 1}, "--folds must be 2 to 98, got 1"),
        ({"repeats": 0}, "--repeats must be 1 to 1000, got 0"),
        ({"repeats": 1001}, "--repeats must be 1 to 1000, got 1001"),
        ({"committee_epochs": 0}, "--committee-epochs must be 1 or more, got 0"),
        ({"committee_views": 3}, "--committee-views must be 1, 5 or 9, got 3"),
        ({"refit": True}, "--refit must be used with --committee or --preset best, got alone"),
        ({"epochs": 0}, "--epochs must be 1 or more, got 0"),
        ({"cpus_per_trial": 0}, "--cpus-per-trial must be 1 or more, got 0"),
        ({"gpus_per_trial": 1.5}, r"--gpus-per-trial must be a share in 0\.\.1 or a whole number, got 1.5"),
        ({"keep_models": -1}, "--keep-models must be 0 or more, got -1"),
        ({"max_concurrent": 0}, "--max-concurrent must be 1 or more, got 0"),
        ({"study": "../elsewhere"}, "--study must be letters"),
        ({"holdout": "head"}, "--holdout must be tail or a share such as 0.2, got 'head'"),
        ({"model": "resnet"}, "--model must be notebook, fast, strong or your own package.module:function, got resnet"),
        (
            {"mlflow": ""},
            r"--mlflow must be a server \(http://host:5000\) or a database \(sqlite:///mlflow.db\), got ''",
        ),
        ({"space": "mine"}, "--space must be of the form package.module:function, got mine"),
    ],
)
def test_search_settings_refuse_what_is_out_of_range(options, words):
    with pytest.raises(ConfigError, match=words):
        SearchSettings(**options)


def test_num_trials_is_twelve_unless_a_time_budget_stands_alone():
    assert SearchSettings().num_trials == 12
    assert SearchSettings(time_budget="1h").num_trials is None
    assert SearchSettings(time_budget="1h", trials=3).num_trials == 3


def test_preset_gives_what_was_left_out():
    best = SearchSettings(preset="best")
    assert (best.num_trials, best.with_preset_epochs(33_600).epochs) == (18, 10)
    assert (best.committee_size, best.epochs_of_committee(33_600)) == (5, 10)
    assert SearchSettings(preset="good").committee_size == 0
    assert SearchSettings(preset="quick").with_preset_epochs(1_149).epochs == 30
    assert SearchSettings(preset="good").with_preset_epochs(33_600).epochs == 20
    assert SearchSettings(preset="quick", time_budget="1h").num_trials == 12


def test_options_that_are_given_go_before_the_preset():
    own = SearchSettings(preset="best", trials=3, epochs=4, committee=2)
    assert (own.num_trials, own.with_preset_epochs(33_600).epochs) == (3, 4)
    assert (own.committee_size, own.epochs_of_committee(33_600)) == (2, 4)
    assert SearchSettings(preset="best", committee_epochs=7).epochs_of_committee(33_600) == 7
    assert SearchSettings(preset="best", committee=0).committee_size == 0
    assert SearchSettings().with_preset_epochs(33_600).epochs is None
    assert SearchSettings().committee_size == 0
    assert SearchSettings(committee=2).epochs_of_committee(33_600) == 20


def test_settings_allow_the_folds_and_repeats_that_trainings_have_numbers_for():
    assert (MOST_FOLDS, MOST_REPEATS) == (ALL_ROWS - 1, NUMBERED_REPEATS)
