"""A search with what the pods of cluster/kubernetes.yaml have: no root, no privileges, and a file system to read."""

import json
import os
import re
import secrets
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml  # type: ignore[import-untyped]
from sklearn.datasets import load_digits

from tests.cluster.guide import ROOT
from tests.cluster.hosts import reason_to_skip
from tests.cluster.policy_kubernetes import cluster_of, groups_of

pytestmark = pytest.mark.cluster

SECONDS = 300
"""A limit, several times what it takes on two cores."""
HOME = "/mnt/home"
# $1 the code, $2 Python, $3 the packages, $4 the data, $5 the user's number; then what to run. Where the pods have an
# empty folder of their own, here is one too.
BOOT = """
set -eu
mount -t tmpfs tmpfs /mnt; mkdir /mnt/code /mnt/python /mnt/packages /mnt/data /mnt/home
mount --bind "$1" /mnt/code; mount --bind "$2" /mnt/python; mount --bind "$3" /mnt/packages; mount --bind "$4" /mnt/data
case "$2" in /root/*) mount -t tmpfs -o mode=755 tmpfs /root;; esac
for folder in /tmp /mnt/home; do mount -t tmpfs -o mode=1777 tmpfs $folder; done
mount -t tmpfs -o mode=1777,size=4g tmpfs /dev/shm
for pair in "/mnt/python $2" "/mnt/packages $3"; do
    set -- "$@" $pair; mkdir -p ${pair#* }; mount --bind ${pair% *} ${pair#* }
done
ip link set lo up
for folder in /mnt/code /mnt/data "$2" "$3" /mnt /; do mount -o remount,bind,ro "$folder"; done
cd /mnt/code
exec setpriv --reuid "$5" --regid "$5" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all bash -c "$6"
"""


def ray_start(group: dict[str, Any], words: str) -> str:
    """Return the command that KubeRay makes of a group's parameters and labels; no card here, and two cores."""
    labels = ",".join(f"{name}={value}" for name, value in group["labels"].items())
    cpus = min(int(group["rayStartParams"]["num-cpus"]), 2)
    return f"ray start {words} --num-cpus={cpus} --labels={labels}"


def run_locked(folder: Path, script: str, user: int) -> tuple[int, str]:
    """Run a bash script as a pod's container would; return its exit code and what it printed."""
    packages = Path(sys.prefix)
    arguments = [ROOT, Path(sys.base_prefix), packages, folder, user, script]
    environment = {
        "HOME": HOME,
        "PATH": f"{packages}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PYTHONPATH": "/mnt/code",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(16),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    }
    unshare = ["unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "--mount-proc", "--kill-child"]
    command = [*unshare, "bash", "-c", BOOT, "boot", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    return done.returncode, done.stdout + done.stderr


def test_search_runs_and_a_worker_drains_where_nothing_else_can_be_written(tmp_path: Path) -> None:
    if (reason := reason_to_skip()) is not None:
        pytest.skip(reason)
    os.chmod(tmp_path, 0o755)  # noqa: PTH101
    digits = load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)
    np.savez(tmp_path / "digits.npz", x_train=images[:1400], y_train=digits.target[:1400], x_test=images[1400:])
    job = list(yaml.safe_load_all((ROOT / "cluster" / "kubernetes.yaml").read_text()))[-1]
    (_, head), (_, worker) = groups_of(cluster_of(job))
    pod = worker["template"]["spec"]
    search = re.sub(r"--data \S+ --runs \S+", "--data /mnt/data/digits.npz --runs /tmp/runs", job["spec"]["entrypoint"])
    search = re.sub("--trials 40 --gpus-per-trial .*", "--trials 2 --epochs 1", search)
    drain = shlex.join(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"])
    ask = "import ray; ray.init(log_to_driver=False); print('NODES', __import__('json').dumps(ray.nodes()))"
    script = f"""
        for folder in / /mnt/code {sys.prefix}; do touch $folder/x && echo WRITABLE; done
        grep -h CapBnd /proc/self/status
        {ray_start(head, "--head --port=6379 --dashboard-host=0.0.0.0")}
        {ray_start(worker, "--address=127.0.0.1:6379")}
        python -c {shlex.quote(ask)} | tee /tmp/nodes
        ray job submit -- {search}; echo SEARCHED $?
        head -1 /tmp/runs/first/ensemble/submission.csv
        node=$(python -c "import json
print([n['NodeID'] for n in json.loads(open('/tmp/nodes').read().split('NODES')[1]) if n['Resources'].get('CPU')][0])")
        {drain} --node-id $node; echo DRAINED $?
    """
    code, printed = run_locked(tmp_path, script, pod["securityContext"]["runAsUser"])
    assert code == 0, printed
    assert "WRITABLE" not in printed
    assert re.search(r"CapBnd:\s+0+\n", printed), printed
    nodes = json.loads(printed.partition("NODES")[2].splitlines()[0])
    labels = {node["Labels"]["market"]: {name: node["Labels"][name] for name in head["labels"]} for node in nodes}
    assert labels == {"on-demand": head["labels"], "spot": worker["labels"]}
    assert "SEARCHED 0" in printed, printed
    assert "ImageId,Label" in printed, printed
    assert "DRAINED 0" in printed, printed
