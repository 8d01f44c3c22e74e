from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # ray brings it

from core.errors import ConfigError
from search.money.cluster_file import read_cluster_file
from search.money.prices import COLUMNS, Machine, machine_of, read_prices, usd

from .making import HEAD_LABELS, ROWS, WORKER_LABELS, price_file, price_list

ROOT = Path(__file__).resolve().parents[3]


def test_price_is_that_of_machine_market_and_region(tmp_path):
    prices = price_list(
        tmp_path, *ROWS, "own,there,gpu.large,spot,1.5,2026-01,t", "own,here,gpu.large,on-demand,8,2026-01,t"
    )
    assert prices.hourly(Machine(machine="gpu.large", market="spot", region="here")) == 3.6
    assert prices.hourly(Machine(machine="gpu.large", market="spot", region="there")) == 1.5
    assert prices.hourly(Machine(machine="gpu.large", market="on-demand", region="here")) == 8


def test_every_machine_has_its_clouds_and_regions_disk_besides(tmp_path):
    rows = (
        *ROWS,
        "own,here,disk,each,0.5,2026-01,t",
        "own,there,disk,each,7,2026-01,t",
        "far,here,disk2,each,9,2026-01,t",
    )
    assert price_list(tmp_path, *rows).hourly(machine_of(WORKER_LABELS, "it")) == pytest.approx(4.1)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("own,here,m,spot,-1,2026-01,t", "line 2: usd_per_hour must be a number such as 0.526, 0 or more, got '-1'"),
        ("own,here,m,spot,free,2026-01,t", "line 2: usd_per_hour must be a number .*, got 'free'"),
        ("own,here,m,spot,nan,2026-01,t", "line 2: usd_per_hour must be a number .*, got 'nan'"),
        ("own,here,m,spot,inf,2026-01,t", "line 2: usd_per_hour must be a number .*, got 'inf'"),
        ("own,here,m,cheap,1,2026-01,t", "line 2: market must be on-demand, spot or each, got 'cheap'"),
        ("own,here,m,spot,1,yesterday,t", "line 2: date must be of the form 2025-06 or 2025-06-01, got 'yesterday'"),
        ("own,here,m,spot,1,2026-01,", "line 2: source must be given, and is empty"),
        ("own,here,m,spot,1,2026-01", "line 2 must have 7 values, got 6"),
        ("own,here,m,spot,1,2026-01,a, b", "line 2 must have 7 values, got 8; one with a comma stands in quotes"),
    ],
)
def test_line_that_is_no_price_is_named_with_its_number(tmp_path, line, words):
    with pytest.raises(ConfigError, match=words) as error:
        price_list(tmp_path, line)
    assert "\n" not in str(error.value)


def test_machine_with_two_prices_is_refused_naming_both_lines(tmp_path):
    with pytest.raises(ConfigError, match=r"line 5: gpu\.large spot in here must have one price, and line 3"):
        price_list(tmp_path, *ROWS, "else,here,gpu.large,spot,3,2026-01,t")


def test_table_without_its_header_or_at_all_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"line 1 must be the header cloud,region,.*, got 'machine,price'"):
        read_prices(price_file(tmp_path, *ROWS, header="machine,price"))
    with pytest.raises(ConfigError, match=r"line 1 must be the header .*, got an empty file"):
        read_prices(price_file(tmp_path, "", header=""))
    with pytest.raises(ConfigError, match=r"--prices must be a table of prices, and .*none.csv cannot be read"):
        read_prices(str(tmp_path / "none.csv"))


def test_missing_price_says_the_line_to_add(tmp_path):
    with pytest.raises(ConfigError, match=r"Add a line CLOUD,here,tiny,spot,USD_PER_HOUR,DATE,SOURCE"):
        price_list(tmp_path).hourly(Machine(machine="tiny", market="spot", region="here"))


@pytest.mark.parametrize("missing", ["machine", "market", "region"])
def test_node_that_does_not_say_what_it_is_is_refused(missing):
    labels = {name: value for name, value in HEAD_LABELS.items() if name != missing}
    with pytest.raises(ConfigError, match=f"node a must say what it costs by the labels .*, and lacks {missing}"):
        machine_of(labels, "node a")
    with pytest.raises(ConfigError, match="the label market must be on-demand or spot, got 'free'"):
        machine_of({**HEAD_LABELS, "market": "free"}, "node a")


def test_own_table_has_a_price_of_every_machine_that_a_clusters_file_names():
    prices = read_prices()
    assert tuple((ROOT / "cluster/prices.csv").read_text().splitlines()[0].split(",")) == COLUMNS
    for file in sorted((ROOT / "cluster").glob("*.yaml")):
        if not {"provider", "kind"} & {key for document in yaml.safe_load_all(file.read_text()) for key in document}:
            continue
        for cluster in read_cluster_file(str(file)):
            for node in (cluster.head, *cluster.workers) if cluster.is_named else ():
                assert prices.hourly(machine_of(node.labels, f"{file.name}, {node.name}")) > 0


def test_own_table_prices_the_disks_that_the_clusters_files_ask_for():
    prices = read_prices()
    assert {price.machine for price in prices.prices if "disk" in price.machine} == {
        "disk-100GB-gp3",
        "disk-100GB-pd-balanced",
    }
    config = yaml.safe_load((ROOT / "cluster/config.yaml").read_text())
    [disk] = config["available_node_types"]["head"]["node_config"]["BlockDeviceMappings"]
    assert (disk["Ebs"]["VolumeSize"], disk["Ebs"]["VolumeType"]) == (100, "gp3")


def test_spot_prices_of_the_own_table_say_that_they_are_approximate():
    prices = [price for price in read_prices().prices if price.market == "spot"]
    assert prices
    assert all(price.source.startswith("approximate") and "https://" in price.source for price in prices)


@pytest.mark.parametrize(("amount", "text"), [(0, "$0.00"), (0.0123, "$0.012"), (0.1, "$0.10"), (1234.5, "$1,234.50")])
def test_usd_is_written_as_people_write_it(amount, text):
    assert usd(amount) == text
