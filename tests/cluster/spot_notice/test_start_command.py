"""The line of cluster/config.yaml that starts the agent, run by a real shell with a python that only stays."""

import os
import signal
import subprocess
import time
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from tests.cluster.policy import AGENT

CONFIG = Path(__file__).resolve().parent.parent.parent.parent / "cluster" / "config.yaml"
STAYS = """#!/bin/sh
echo "$$ $@" > "$HOME/started"
echo waits
exec sleep 60
"""


def test_start_command_lets_the_ssh_session_go_while_the_agent_stays(tmp_path: Path) -> None:
    commands = yaml.safe_load(CONFIG.read_text())["worker_start_ray_commands"]
    (command,) = [command for command in commands if AGENT in command]
    (tmp_path / "softvote").mkdir()
    (tmp_path / "python").write_text(STAYS)
    (tmp_path / "python").chmod(0o755)
    here = {**os.environ, "HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = command.replace("/tmp/ray/session_latest/logs", str(tmp_path))
    # like ssh, it returns only when nobody holds the pipes any more; the agent would do so for a minute
    done = subprocess.run(["bash", "-c", command], env=here, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    while not (tmp_path / "spot_notice.log").read_text():
        time.sleep(0.01)
    pid, _, words = (tmp_path / "started").read_text().strip().partition(" ")
    try:
        assert os.getsid(int(pid)) != os.getsid(0)
        assert words == "-m cluster.spot_notice"
    finally:
        os.kill(int(pid), signal.SIGKILL)
