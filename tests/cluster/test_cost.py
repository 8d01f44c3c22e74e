import subprocess
import sys
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # ray brings it

from cluster.cost import cost_lines, sizes, usd_an_hour
from core.errors import ConfigError
from search.money.cluster_file import read_cluster_file
from tests.search.money.making import ROWS, price_file, ray_file

ROOT = Path(__file__).resolve().parents[2]
HOURLY = {"head": 0.36, "large": 3.6, "huge": 9.0}


@pytest.fixture
def file(tmp_path) -> str:
    path = tmp_path / "cluster.yaml"
    path.write_text(yaml.safe_dump(ray_file(), sort_keys=False))
    return str(path)


def test_sizes_are_idle_each_kind_at_its_most_and_the_cheapest_and_dearest_mix(file):
    [cluster] = read_cluster_file(file)
    usd = {size.name: usd_an_hour(cluster, size, HOURLY) for size in sizes(cluster, HOURLY)}
    # one huge always stays; four large at most, six of all together
    assert usd == pytest.approx(
        {
            "idle: head, 1 huge": 0.36 + 9,
            "head and 4 large": 0.36 + 4 * 3.6,
            "head and 6 huge": 0.36 + 6 * 9,
            "full size, cheapest 6": 0.36 + 4 * 3.6 + 2 * 9,
            "full size, dearest 6": 0.36 + 6 * 9,
        }
    )


def test_cost_lines_say_price_date_and_source_and_what_a_forgotten_head_costs(file, tmp_path):
    [cluster] = read_cluster_file(file)
    lines = list(cost_lines(cluster, price_file(tmp_path, *ROWS, "own,here,disk,each,0.01,2026-01,a test")))
    assert "large  gpu.large spot in here: 3.6 an hour (2026-01-31; a test)" in lines
    assert "each   disk in here: 0.01 an hour (2026-01; a test)" in lines
    [idle] = [line.split() for line in lines if line.startswith("idle")]
    assert idle[-3:] == ["9.380", "225.12", "6847.40"]  # 0.37 + 9.01 an hour, times 24, times 730
    assert lines[-1].startswith("a head that is forgotten costs 6847 USD a month")


def test_missing_price_names_the_machine(file, tmp_path):
    [cluster] = read_cluster_file(file)
    with pytest.raises(ConfigError, match=r"must have a price of gpu\.huge spot in here"):
        list(cost_lines(cluster, price_file(tmp_path, *ROWS[:2])))


def test_kind_without_labels_beside_others_is_named(tmp_path):
    raw = ray_file()
    del raw["available_node_types"]["large"]["labels"]
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(raw, sort_keys=False))
    [cluster] = read_cluster_file(str(tmp_path / "c.yaml"))
    with pytest.raises(ConfigError, match=r"c\.yaml, large must say what it costs by the labels machine"):
        list(cost_lines(cluster, price_file(tmp_path)))


@pytest.mark.parametrize("name", [None, ["gpu"], 7])
def test_group_of_kuberay_whose_name_is_no_text_is_one_line(tmp_path, name):
    documents = list(yaml.safe_load_all((ROOT / "cluster" / "raycluster.yaml").read_text()))
    documents[0]["spec"]["workerGroupSpecs"][0]["groupName"] = name
    (tmp_path / "c.yaml").write_text(yaml.safe_dump_all(documents))
    with pytest.raises(ConfigError, match="groupName must be text, got "):
        read_cluster_file(str(tmp_path / "c.yaml"))


@pytest.mark.parametrize(
    "text",
    [
        "5",
        "a: 2020-99-99",
        "? {a: b}",
        "provider: x",
        "max_workers: .inf\nprovider: {}",
        "provider: {}\nhead_node_type: [x]",
    ],
)
def test_file_that_is_no_cluster_is_one_line(tmp_path, text):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"c\.yaml must (describe a cluster|be a cluster's description|name finite)"):
        read_cluster_file(str(tmp_path / "c.yaml"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cluster.cost", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)


def test_command_says_that_ones_own_machines_have_no_prices():
    done = run("cluster/onprem.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "cluster/onprem.yaml: no prices: machines of your own\n"


def test_command_ends_with_2_and_one_line_where_a_price_is_missing(file, tmp_path):
    done = run(file, "--prices", price_file(tmp_path, ROWS[0]))
    assert done.returncode == 2
    assert done.stderr.startswith("python -m cluster.cost: ")
    assert len(done.stderr.splitlines()) == 1
