"""--dry-run on scikit-learn's digits, in this process."""

import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from core.config import Config, ModelConfig, TrainConfig
from core.data.split import Split
from core.errors import ConfigError
from core.study import write_study
from search.cost import forward_mflops
from search.money.dry_run import dry_run, epoch_time_of, fleet_of, say_estimate, typical_configs
from search.money.epoch_time import NUM_STEPS, EpochTime, network_factor, part_of
from search.money.prices import read_prices
from search.prepare import SearchStart, prepare
from search.run import search_study
from search.settings import SearchSettings
from tests.search.conftest import HERE, epoch_report

from .making import price_file, ray_file
from .test_cluster_file import write

TWO_SECONDS = EpochTime(seconds=2.0, source="a test", is_elsewhere=True)


@pytest.fixture
def make_start(tmp_path):
    def make(**options: Any) -> SearchStart:
        settings = {"study": "a", "runs": str(tmp_path / "runs"), "trials": 12, "epochs": 10, **options}
        console = Console(width=160, record=True, file=(tmp_path / "said").open("w"))
        return prepare(SearchSettings(**settings), console, time.time())

    return make


def said(start: SearchStart) -> str:
    """Return what is printed for a search of which an epoch takes two seconds."""
    prices = read_prices(start.settings.prices)
    say_estimate(start, fleet_of(start, prices), TWO_SECONDS, prices)
    return start.console.export_text()


def row(text: str, name: str) -> list[str]:
    [line] = [line for line in text.splitlines() if line.startswith("│") and name in line]
    return [cell.strip() for cell in line.split("│")[2:-1]]


def test_dry_run_says_trials_epochs_and_hours_and_that_this_machine_has_no_price(make_start, tmp_path):
    text = said(make_start())
    assert row(text, "trials to train") == ["12", "12", "12"]
    assert row(text, "their epochs, 10 at most each") == ["33", "39", "120"]
    assert row(text, "CPU hours") == ["0.019", "0.022", "0.067"]
    assert "money cannot be told: this machine has none: name the cluster's file with --cluster" in text
    assert "known configurations that come first: 3; trials that have ended: 0" in text
    assert "expected: 0.325 of all epochs, by a recorded search" in text
    assert not (tmp_path / "runs").exists()


def test_dry_run_with_a_clusters_file_says_the_money(make_start, tmp_path):
    file = write(tmp_path, ray_file())
    start = make_start(dry_run=True, cluster=file, prices=price_file(tmp_path), gpus_per_trial=0.5, max_cost=0.1)
    text = said(start)
    assert row(text, "GPU hours") == ["0.0093", "0.011", "0.033"]
    # 4 machines of 3.6 run 8 trials at once, for as long as the longest trial: 10 epochs; then the vote, 15 s
    hours = {"low": 20 / 3600, "most": 240 / 8 / 3600}
    workers = [f"${14.4 * (hours[case] + 15 / 3600):.2g}" for case in ("low", "most")]
    assert [row(text, "4 gpu.large (spot)")[0], row(text, "4 gpu.large (spot)")[2]] == [workers[0], f"${0.18:.2f}"]
    assert row(text, "they start (6 min) and stay idle (10 min)")[0] == "$3.84"
    assert "the machines of a cluster differ from this one" in text
    assert "where the cheapest has no capacity, 6 gpu.huge (spot): all of it $" in text
    assert "--max-cost 0.1 is below what is expected" in text


def test_dry_run_counts_the_committees_trainings(make_start):
    text = said(make_start(committee=2, folds=4, repeats=2, committee_epochs=3))
    # 16 trainings of 3 epochs over 3/4 of 1,437 rows, where the search's are over 1,149
    assert row(text, "the committee's epochs") == ["45"] * 3


def test_machines_are_as_many_as_the_largest_stage_that_is_left_can_use(make_start, tmp_path):
    prices = read_prices(price_file(tmp_path))

    def num_at_once(**options: Any) -> int:
        file = write(tmp_path, ray_file())
        return fleet_of(make_start(dry_run=True, cluster=file, gpus_per_trial=1, **options), prices).num_at_once

    committee = {"committee": 1, "committee_epochs": 3}
    assert num_at_once(trials=2) == 2
    assert num_at_once(trials=2, **committee, folds=3) == 3
    assert num_at_once(trials=2, **committee, folds=2, repeats=4, max_concurrent=3) == 3
    assert num_at_once(trials=1, **committee, folds=2, repeats=2, refit=True) == 4
    start = make_start()
    write_study(start.folder, start.manifest, start.dataset, start.split)
    for _ in range(2):
        start.steering.fail(start.steering.next_trial().record.number, "it broke")
    assert num_at_once(trials=5) == 3
    assert num_at_once(trials=2) == 1


def test_dry_run_knows_how_many_trials_a_time_budget_allows(make_start):
    start = make_start(trials=None, time_budget="10m", cpus_per_trial=99)
    text = said(start)
    # 585 s of 2 s an epoch, of which 0.325 of 10 make a trial
    assert row(text, "trials to train") == ["90"] * 3
    assert row(text, "time, 1 trials at once")[2] == "10 min"


def test_dry_run_of_a_study_counts_what_is_left_at_its_own_pace(make_start):
    start = make_start()
    write_study(start.folder, start.manifest, start.dataset, start.split)
    number = start.steering.next_trial().record.number
    for epoch, seconds in enumerate((5.0, 3.0), start=1):
        start.steering.report(number, epoch_report(epoch, 0.5, seconds), worker=HERE, has_predictions=False)
    before = {path: path.stat().st_mtime_ns for path in Path(start.folder.url).rglob("*")}
    again = make_start()
    found = epoch_time_of(again)
    assert (found.seconds, found.is_elsewhere) == (4.0, False)
    assert found.source == "the mean of 2 recorded epochs of this study"
    assert row(said(again), "their epochs")[2] == "118"
    assert {path: path.stat().st_mtime_ns for path in Path(start.folder.url).rglob("*")} == before


def test_typical_configurations_are_the_starts_and_then_drawn_ones_that_repeat(make_start):
    first, second = typical_configs(make_start()), typical_configs(make_start())
    assert first == second
    assert len(first) == 12
    assert first[0] == make_start().base


def test_network_factor_is_the_mean_of_the_forward_passes():
    small, large = (Config(model=ModelConfig(dense_units=(units,))) for units in (8, 4096))
    shape = (28, 28, 1)
    ratio = forward_mflops(large.model, shape) / forward_mflops(small.model, shape)
    assert network_factor(small, [small, large], shape) == pytest.approx((1 + ratio) / 2)
    assert network_factor(small, [], shape) == 1
    assert network_factor(Config(builder="mine:build"), [small], shape) == 1


def test_benchmark_takes_some_steps_of_rows_and_their_share_of_the_holdout(make_start):
    split = make_start().split
    part = part_of(split, 100)
    assert isinstance(part, Split)
    assert len(part.train_rows) == 100
    assert len(part.holdout_rows) == round(100 / len(split.train_rows) * len(split.holdout_rows))
    assert len(part_of(split, 10**6).train_rows) == len(split.train_rows)
    assert NUM_STEPS * TrainConfig().batch_size > 0


def test_search_itself_refuses_a_dry_run_and_settings_what_does_not_go_together(tmp_path):
    with pytest.raises(ConfigError, match=r"--dry-run must be asked of the command, or of search\.money\.dry_run"):
        search_study(SearchSettings(dry_run=True, runs=str(tmp_path)))
    with pytest.raises(ConfigError, match="--cluster must be used with --dry-run, got alone"):
        SearchSettings(cluster="c.yaml")
    with pytest.raises(ConfigError, match="--prices must be used with --max-cost or --dry-run, got alone"):
        SearchSettings(prices="no such file", address="auto")
    with pytest.raises(ConfigError, match=r"--max-cost must be used with --address, .* this machine has none"):
        SearchSettings(max_cost=1.0)
    for amount in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ConfigError, match="--max-cost must be more than 0 USD"):
            SearchSettings(max_cost=amount, address="auto")


@pytest.mark.slow
def test_dry_run_measures_an_epoch_where_none_is_known_and_leaves_nothing(tmp_path, capsys):
    settings = SearchSettings(dry_run=True, study="a", runs=str(tmp_path / "runs"), trials=2, epochs=3)
    reckoned = dry_run(settings, Console(width=160))
    text = capsys.readouterr().out
    assert "a training of 1,149 rows here and now, on 1 of its cores, times 1.0 for the rows" in text
    assert 0 < reckoned.work_hours.low <= reckoned.work_hours.most
    assert reckoned.usd is None
    assert list(tmp_path.iterdir()) == []
