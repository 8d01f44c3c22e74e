"""The guide's chapter on AWS against moto's server: from an empty account to a search's machines and back."""

import contextlib
import fnmatch
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.cluster.aws import REGION, Account, install_command_line, serve_aws
from tests.cluster.guide import ROOT, command, commands, script

pytestmark = pytest.mark.cluster

IMAGE = "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20261101"
MY_ADDRESS = "192.0.2.7"
VARIABLES = f"export AWS_DEFAULT_REGION={REGION} BUCKET=votes MY_ADDRESS={MY_ADDRESS}"
HEADS_KEY = "head"
NUM_TRIALS = 6
WAITING_TRIALS = f"""
import ray, time
ray.init(address="auto", log_to_driver=False)
print(ray.nodes()[0]["Labels"], flush=True)
waiting = [ray.util.placement_group([{{"CPU": 1, "GPU": 0.25}}]) for _ in range({NUM_TRIALS})]
time.sleep(300)
"""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account made by the guide's commands, and `desk`, a folder with the cluster's file that they filled in."""
    with serve_aws(tmp_path_factory.mktemp("aws"), command_line=install_command_line()) as account:
        _publish_image(account)
        (desk(account) / "cluster").mkdir(parents=True)
        shutil.copy(ROOT / "cluster" / "config.yaml", desk(account) / "cluster")
        account.run(_with_variables(script("Once for an account")), desk(account))
        yield account


@pytest.fixture(scope="module")
def up(account: Account) -> dict[str, Any]:
    """What `ray up` launches: the head."""
    account.run(f"ray up --yes {file(account)}", ROOT)
    (head,) = account.instances()
    return head


@pytest.fixture(scope="module")
def head(account: Account, up: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """Ray's own head on this machine, from what `ray up` sent to it; trials wait there for machines."""
    for name in ("ray_bootstrap_config.yaml", "ray_bootstrap_key.pem"):
        text = (account.machines / name).read_text()
        (account.home / name).write_text(text.replace("/home/ubuntu", str(account.home)))
    (account.home / "softvote").symlink_to(ROOT)
    start = yaml.safe_load(file(account).read_text())["head_start_ray_commands"][1]
    with contextlib.ExitStack() as stack:
        scratch = tempfile.mkdtemp(prefix="r", dir="/tmp")
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        log = stack.enter_context((account.machines / "head.log").open("w"))
        start = start.replace("--port=6379", f"--port=0 --include-dashboard=false --temp-dir={scratch}")
        environment = account.environment | {
            "AWS_ACCESS_KEY_ID": HEADS_KEY,
            "RAY_TMPDIR": scratch,
            "RAY_OVERRIDE_RESOURCES": '{"CPU": 0}',
            "RAY_OVERRIDE_LABELS": labels_said(account),
        }
        # whatever Ray starts ends with the namespace
        isolated = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child=KILL", "bash", "-c"]
        process = subprocess.Popen(
            [*isolated, f'{start}; python -c "$0"', WAITING_TRIALS], env=environment, stdout=log, stderr=log
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        yield process


@pytest.fixture(scope="module")
def workers(account: Account, head: subprocess.Popen[bytes]) -> list[dict[str, Any]]:
    """What Ray orders for the trials while there is none of the first type."""
    account.refused.add("g6.xlarge")
    try:
        return wait_for(lambda: workers_of(account) if len(workers_of(account)) >= 2 else [], account)
    finally:
        account.refused.clear()


def desk(account: Account) -> Path:
    return account.home.parent / "desk"


def file(account: Account) -> Path:
    return desk(account) / "cluster" / "config.yaml"


def workers_of(account: Account) -> list[dict[str, Any]]:
    return [one for one in account.instances() if tags(one)["ray-node-type"] == "worker"]


def tags(instance: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}


def labels_said(account: Account) -> str:
    """Return the labels with which `ray up` starts the head."""
    said = re.findall(r"RAY_OVERRIDE_LABELS='\"'\"'(\{.*?\})'", account.commands())
    return said[-1]


def wait_for(ask: Callable[[], Any], account: Account) -> Any:
    until = time.monotonic() + 120
    while not (answer := ask()):
        assert time.monotonic() < until, (account.machines / "head.log").read_text()[-3000:]
        time.sleep(0.5)
    return answer


def _with_variables(text: str) -> str:
    return re.sub(r"^export .*", VARIABLES, text)


def _publish_image(account: Account) -> None:
    """Let the account's Amazon have the image for which the guide asks."""
    from moto.ec2 import ec2_backends

    image = account.client("ec2").register_image(Name=IMAGE, Architecture="x86_64", RootDeviceName="/dev/sda1")
    (backend,) = [regions[REGION] for regions in ec2_backends.values() if image["ImageId"] in regions[REGION].amis]
    backend.amis[image["ImageId"]].owner_alias = "amazon"


def test_nothing_can_reach_a_real_account(account: Account) -> None:
    import boto3
    from botocore.config import Config  # type: ignore[import-untyped]
    from botocore.exceptions import ProxyConnectionError  # type: ignore[import-untyped]

    for service in ("ec2", "iam", "s3", "sts", "ssm", "logs", "cloudwatch", "service-quotas", "pricing"):
        assert boto3.client(service, region_name=REGION).meta.endpoint_url == account.endpoint
    once = Config(retries={"max_attempts": 0})
    real = boto3.client("ec2", region_name=REGION, endpoint_url=f"https://ec2.{REGION}.amazonaws.com", config=once)
    with pytest.raises(ProxyConnectionError):
        real.describe_instances()
    assert {key for key, _ in account.actions} <= {"testing", HEADS_KEY, ""}


def test_account_opens_ssh_to_one_address_and_all_to_its_own_machines(account: Account) -> None:
    (group,) = account.client("ec2").describe_security_groups(GroupNames=["softvote"])["SecurityGroups"]
    by_protocol = {rule["IpProtocol"]: rule for rule in group["IpPermissions"]}
    assert set(by_protocol) == {"tcp", "-1"}
    ssh, own = by_protocol["tcp"], by_protocol["-1"]
    assert (ssh["FromPort"], ssh["ToPort"], ssh["UserIdGroupPairs"]) == (22, 22, [])
    assert [source["CidrIp"] for source in ssh["IpRanges"]] == [f"{MY_ADDRESS}/32"]
    assert [pair["GroupId"] for pair in own["UserIdGroupPairs"]] == [group["GroupId"]]
    assert not own["IpRanges"]


@pytest.mark.parametrize(
    ("role", "policies"), [("softvote-head", {"bucket", "workers"}), ("softvote-worker", {"bucket"})]
)
def test_roles_have_their_own_policies_and_no_other(account: Account, role: str, policies: set[str]) -> None:
    iam = account.client("iam")
    assert set(iam.list_role_policies(RoleName=role)["PolicyNames"]) == policies
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    (profile,) = iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]
    assert profile["InstanceProfileName"] == role


def test_guide_fills_in_the_file(account: Account) -> None:
    said = yaml.safe_load(file(account).read_text())["metadata"]
    image = account.client("ec2").describe_images(ImageIds=[said["image"]])["Images"]
    group = account.client("ec2").describe_security_groups(GroupIds=[said["security_group"]])["SecurityGroups"]
    assert [one["Name"] for one in image] == [IMAGE]
    assert [one["GroupName"] for one in group] == ["softvote"]


def test_check_has_nothing_against_the_file(account: Account) -> None:
    account.run(f"python -m cluster.check {file(account)}", ROOT)


def test_up_launches_the_head_on_demand(account: Account, up: dict[str, Any]) -> None:
    assert up["InstanceType"] == "m7i.large"
    assert "InstanceLifecycle" not in up
    assert tags(up)["ray-node-type"] == "head"
    assert_safe(account, up, "softvote-head")


def test_head_is_started_with_its_labels_and_the_autoscaler_that_asks_our_choice(
    account: Account, up: dict[str, Any]
) -> None:
    assert json.loads(labels_said(account)) == {"machine": "m7i.large", "market": "on-demand", "region": REGION}
    (start,) = [line for line in account.commands().splitlines() if "ray start --head" in line]
    assert re.findall(r"RAY_enable_autoscaler_v2=(\d)", start)[-1] == "0"
    assert re.findall(r"RAY_USAGE_STATS_ENABLED=(\d)", start)[-1] == "0"


def test_autoscaler_orders_spot_workers_of_the_next_type_where_the_first_is_refused(
    account: Account, workers: list[dict[str, Any]]
) -> None:
    assert len(workers) == 2  # four trials to a card
    for worker in workers:
        assert (worker["InstanceType"], worker["InstanceLifecycle"]) == ("g5.xlarge", "spot")
        assert tags(worker)["ray-user-node-type"] == "gpu_g5"
        assert_safe(account, worker, "softvote-worker")
    assert len(workers_of(account)) == 2


def test_workers_are_started_with_their_labels(account: Account, workers: list[dict[str, Any]]) -> None:
    def started() -> list[str]:
        return [line for line in account.commands().splitlines() if "ray start --address" in line]

    wait_for(started, account)
    labels = re.findall(r"RAY_OVERRIDE_LABELS='\"'\"'(\{.*?\})'", started()[0])
    assert json.loads(labels[0]) == {"machine": "g5.xlarge", "market": "spot", "region": REGION}
    assert "'machine': 'm7i.large'" in (account.machines / "head.log").read_text()  # as Ray itself has them


def test_head_does_nothing_that_its_role_forbids(account: Account, workers: list[dict[str, Any]]) -> None:
    done = {action for key, action in account.actions if key == HEADS_KEY}
    assert done >= {"ec2:RunInstances", "ec2:DescribeInstances"}
    statements = account.client("iam").get_role_policy(RoleName="softvote-head", PolicyName="workers")
    allowed = [action for one in statements["PolicyDocument"]["Statement"] for action in _listed(one["Action"])]
    assert [action for action in sorted(done) if not any(fnmatch.fnmatch(action, one) for one in allowed)] == []
    # of machines in use ends idle ones; orders name a role and tags
    assert set(allowed) - done <= {"ec2:TerminateInstances", "iam:PassRole", "ec2:CreateTags"}


def test_down_leaves_nothing_that_costs(
    account: Account, workers: list[dict[str, Any]], head: subprocess.Popen[bytes]
) -> None:
    nothing_left = command("Take it down, and see that nothing is left", "describe-instances")
    assert len(json.loads(account.run(f"{VARIABLES}; {nothing_left}", ROOT))) == 3
    head.kill()  # Ray's own on this machine knows nothing of the `ray stop` that is sent to the head
    head.wait()
    down = command("Take it down, and see that nothing is left", "ray down")
    account.run(down.replace("uv run --extra aws ", ""), ROOT, CLUSTER=str(file(account)))
    assert json.loads(account.run(f"{VARIABLES}; {nothing_left}", ROOT)) == []
    assert account.instances() == []


def test_guides_last_commands_leave_nothing_in_the_account(account: Account, up: dict[str, Any]) -> None:
    text = script("Take it down, and see that nothing is left").partition("# []\n")[2]
    account.run(f"{VARIABLES}\n{text}", ROOT)
    ec2, iam = account.client("ec2"), account.client("iam")
    assert ec2.describe_key_pairs()["KeyPairs"] == []
    assert [one["GroupName"] for one in ec2.describe_security_groups()["SecurityGroups"]] == ["default"]
    assert ec2.describe_volumes()["Volumes"] == []
    assert [one["RoleName"] for one in iam.list_roles()["Roles"] if "softvote" in one["RoleName"]] == []
    assert iam.list_instance_profiles()["InstanceProfiles"] == []
    assert account.client("s3").list_buckets()["Buckets"] == []
    assert not (account.home / ".ssh" / "softvote.pem").exists()


def test_guide_runs_the_search_as_everywhere() -> None:
    assert any("ray job submit" in line for line in commands("From nothing to a submission"))


def assert_safe(account: Account, instance: dict[str, Any], role: str) -> None:
    """Hold a machine to what the guide promises of each."""
    said = yaml.safe_load(file(account).read_text())
    ec2 = account.client("ec2")
    assert tags(instance)["ray-cluster-name"] == "softvote"
    assert instance["IamInstanceProfile"]["Arn"].endswith(f"/{role}")
    assert [group["GroupId"] for group in instance["SecurityGroups"]] == [said["metadata"]["security_group"]]
    assert instance["ImageId"] == said["metadata"]["image"]
    assert instance["KeyName"] == "softvote"
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["Placement"]["AvailabilityZone"] in said["provider"]["availability_zone"].split(",")
    disks = [disk["Ebs"] for disk in instance["BlockDeviceMappings"]]
    assert disks
    assert all(disk["DeleteOnTermination"] for disk in disks)
    volumes = ec2.describe_volumes(VolumeIds=[disk["VolumeId"] for disk in disks])["Volumes"]
    assert all(volume["Encrypted"] for volume in volumes)


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
