"""A file for AWS that was edited wrongly: one line for each mistake, before anything is ordered."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from cluster.check import aws, aws_offerings, file, ray_up
from search.money.prices import LABELS
from tests.cluster.aws import Account, serve_aws
from tests.cluster.guide import ROOT

TEXT = re.sub("(sg|ami)-FILL-IN", r"\1-1234", (ROOT / "cluster" / "config.yaml").read_text())
AS_JSON = json.dumps(yaml.safe_load(TEXT))
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def config() -> dict[str, Any]:
    return json.loads(AS_JSON)  # which knows no anchors: what is edited in one place stays as it was elsewhere


@pytest.fixture(autouse=True)
def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(ray_up, "mistakes", lambda *_: iter(()))  # the home folder of who runs this


def worker(config: dict[str, Any]) -> dict[str, Any]:
    return config["available_node_types"]["gpu_g5"]


def test_file_of_the_repository_is_right(config: dict[str, Any]) -> None:
    assert list(aws.mistakes("f", config)) == []


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (lambda c: c.update(idle_minutes=c.pop("idle_timeout_minutes")), "ray refuses its top level: Additional prop"),
        (lambda c: c.update(max_workers="8"), "ray refuses max_workers: '8' is not of type 'integer'"),
        (lambda c: worker(c).update(max_workers="8"), "ray refuses available_node_types.gpu_g5.max_workers: '8' is"),
        (lambda c: c.pop("head_node_type"), "ray refuses it: ValueError: `head_node_type` must be one of"),
        (lambda c: worker(c).update(min_workers=9), "ray refuses it: ValueError: The specified global `max_workers`"),
        (lambda c: worker(c).update(min_workers=2, max_workers=1), "gpu_g5: min_workers must be at most max_workers 1"),
        (lambda c: worker(c)["node_config"].pop("InstanceType"), "must say the machine's InstanceType, got none"),
        (
            lambda c: worker(c)["node_config"].update(InstancType="g5.xlarge"),
            'gpu_g5: node_config: Unknown parameter in input: "InstancType"',
        ),
        (
            lambda c: worker(c)["node_config"]["BlockDeviceMappings"][0]["Ebs"].update(VolumeSize="100"),
            "gpu_g5: node_config: Invalid type for parameter BlockDeviceMappings[0].Ebs.VolumeSize",
        ),
        (
            lambda c: worker(c)["node_config"].update(InstanceType="g5.2xlarge"),
            "gpu_g5: label machine must be g5.2xlarge, as the file says elsewhere, got g5.xlarge",
        ),
        (
            lambda c: worker(c)["node_config"].pop("InstanceMarketOptions"),
            "gpu_g5: label market must be on-demand, as the file says elsewhere, got spot",
        ),
        (lambda c: worker(c).pop("labels"), "gpu_g5: label region must be us-west-2, as the file says elsewhere, got"),
        (
            lambda c: c["available_node_types"]["head"]["node_config"].update(
                InstanceMarketOptions={"MarketType": "spot"}
            ),
            "the head must be on demand, got MarketType spot",
        ),
        (
            lambda c: c["provider"].update(availability_zone="us-west-2a, us-east-1a"),
            "availability_zone must be of region us-west-2, got us-east-1a",
        ),
    ],
)
def test_a_mistake_is_one_line(config: dict[str, Any], edit: Edit, line: str) -> None:
    edit(config)
    told = list(aws.mistakes("f", config))
    assert len([one for one in told if line in one]) == 1, told
    assert all("\n" not in one and len(one) < 300 for one in told)


@pytest.mark.parametrize("label", LABELS)
def test_each_label_by_which_a_search_finds_the_price_is_checked(config: dict[str, Any], label: str) -> None:
    worker(config)["labels"][label] = "x"
    (line,) = aws.mistakes("f", config)
    assert re.fullmatch(f"f: gpu_g5: label {label} must be .*, as the file says elsewhere, got x", line)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("<<: *spot", "<<: *sopt", "found undefined alias 'sopt'"),
        ("node_config: {", "node_config: [", "expected"),
        ("head_node_type: head", "head_node_type: hed", "`head_node_type` must be one of `available_node_types`"),
    ],
)
def test_broken_yaml_is_one_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    assert old in TEXT
    (tmp_path / "aws.yaml").write_text(TEXT.replace(old, new, 1))
    (told,) = file.mistakes(str(tmp_path / "aws.yaml"))
    assert line in told
    assert "\n" not in told


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with serve_aws(tmp_path_factory.mktemp("aws")) as account:
        yield account


@pytest.fixture
def credentials(account: Account, without_credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.slow
@pytest.mark.usefixtures("credentials")
class TestOfferings:
    def test_region_of_the_file_offers_its_machines(self, config: dict[str, Any]) -> None:
        assert list(aws_offerings.mistakes("f", config)) == []

    def test_region_that_lacks_a_machine_is_told_with_those_that_have_it(self, config: dict[str, Any]) -> None:
        config["provider"].update(region="us-west-1", availability_zone="us-west-1a,us-west-1b")
        worker(config)["node_config"].update(InstanceType="g5.xlarge")
        told = list(aws_offerings.mistakes("f", config))
        (line,) = [line for line in told if line.startswith("f: gpu_g5: ")]
        assert "g5.xlarge must be offered in region us-west-1: it is not, it is in " in line
        assert "us-west-2" in line

    def test_zones_that_lack_a_machine_are_told_with_those_that_have_it(self, config: dict[str, Any]) -> None:
        config["provider"].update(availability_zone="us-west-2d")
        (g5,) = [line for line in aws_offerings.mistakes("f", config) if line.startswith("f: gpu_g5: ")]
        assert g5.endswith("in us-west-2d: only us-west-2a, us-west-2b, us-west-2c has it")

    def test_misspelt_machine_is_told(self, config: dict[str, Any]) -> None:
        worker(config)["node_config"].update(InstanceType="g5.xlarg")
        (line,) = aws_offerings.mistakes("f", config)
        assert line.endswith(
            "g5.xlarg must be offered in region us-west-2: it is not, and nowhere else; is the name right?"
        )

    def test_cloud_that_does_not_answer_is_one_line(
        self, config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        (line,) = aws_offerings.mistakes("f", config)
        assert line.startswith("f: AWS must say what us-west-2 offers, got: Could not connect")
