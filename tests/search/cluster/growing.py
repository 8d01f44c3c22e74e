"""A real cluster on this machine whose autoscaler starts nodes, and ends idle ones, as it would with a cloud's.

Ray's own `AutoscalingCluster` reads a file that its wheel lacks, and runs `ray stop`, which ends every Ray of the
machine. This one starts the head as `ray up` does: from a description in the home folder, which is a private one.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from benchmarks.kills import MARK, end_processes
from search.money.cluster_file import CLUSTER_FILE

IDLE_SECONDS = 4
COMMANDS = ("initialization", "setup", "head_setup", "worker_setup", "head_start_ray", "worker_start_ray")
FAKE_HEAD = "f" * 51 + "00000"
"""Node id that Ray's made-up provider knows its head by."""


class GrowingCluster:
    """A head, and nodes that come when something asks for them; ends with `close`, whatever became of it."""

    def __init__(
        self,
        scratch: str,
        node_types: dict[str, Any],
        *,
        autoscaler: str,
        most_nodes: int = 8,
        head_cpus: int = 0,
        sold_out: tuple[str, ...] = (),
    ) -> None:
        self._mark = uuid.uuid4().hex
        self.home = Path(scratch) / "home"
        self.description = self.home / CLUSTER_FILE.name
        self.address = f"127.0.0.1:{_free_port()}"
        self._write_description(node_types, most_nodes, head_cpus, sold_out, is_second=autoscaler == "v2")
        environment = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
        self.environment = environment | {
            MARK: self._mark,
            "HOME": str(self.home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "RAY_AUTH_MODE": os.environ.get("RAY_AUTH_MODE", "disabled"),  # a process keeps to what it began with
            "RAY_USAGE_STATS_ENABLED": "0",
            "PYTHONPATH": str(Path.cwd()),
            "RAY_FAKE_CLUSTER": "1",
            "AUTOSCALER_UPDATE_INTERVAL_S": "1",
            "RAY_enable_autoscaler_v2": "1" if autoscaler == "v2" else "0",
            **({"RAY_CLOUD_INSTANCE_ID": FAKE_HEAD} if autoscaler == "v2" else {}),
            "RAY_OVERRIDE_NODE_ID_FOR_TESTING": FAKE_HEAD,
        }
        self._start(scratch, head_cpus)

    def close(self) -> None:
        end_processes(self._mark)

    def _write_description(
        self, types: dict[str, Any], most_nodes: int, head_cpus: int, sold_out: tuple[str, ...], *, is_second: bool
    ) -> None:
        """Leave the cluster's description where `ray up` does."""
        named = {
            name: {"node_config": {}, "min_workers": 0, "max_workers": most_nodes, **kind}
            for name, kind in types.items()
        }
        head = {"head": {"resources": {"CPU": head_cpus}, "node_config": {}, "min_workers": 0, "max_workers": 0}}
        second = {"launch_multiple": True, "head_node_id": FAKE_HEAD} if is_second else {}
        description = {
            "cluster_name": "growing",
            "max_workers": most_nodes,
            "upscaling_speed": 1000,
            "idle_timeout_minutes": IDLE_SECONDS / 60,
            "provider": {
                "type": "external",
                "module": "tests.search.cluster.made_up_cloud.MadeUpCloud",
                "sold_out": list(sold_out),
                "gcs_address": self.address,
                "use_node_id_as_ip": True,
                "disable_node_updaters": True,
                "disable_launch_config_check": True,
                **second,
            },
            "available_node_types": {"ray.head.default" if name == "head" else name: t for name, t in head.items()}
            | named,
            "head_node_type": "ray.head.default",
            "file_mounts": {},
            "cluster_synced_files": [],
            "auth": {},
            **{f"{kind}_commands": [] for kind in COMMANDS},
        }
        self.home.mkdir()
        self.description.write_text(json.dumps(description))

    def _start(self, scratch: str, head_cpus: int) -> None:
        ray = shutil.which("ray", path=self.environment["PATH"])
        assert ray is not None
        host, _, port = self.address.rpartition(":")
        options = {
            "port": port,
            "node-ip-address": host,
            "num-cpus": head_cpus,
            "num-gpus": 0,
            "temp-dir": scratch,
            "include-dashboard": "false",
            "ray-client-server-port": _free_port(),
            "autoscaling-config": self.description,
        }
        subprocess.run(
            [ray, "start", "--head", *(f"--{name}={value}" for name, value in options.items())],
            env=self.environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
