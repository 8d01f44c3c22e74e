"""Drain this machine's Ray node before the machine goes, so that its trials save and move instead of dying with it.

    python -m cluster.spot_notice                       # on every worker: waits for the cloud's notice
    python -m cluster.spot_notice --now --seconds 600   # by hand, anywhere: "I take this machine away in ten minutes"

A draining node gets no new trial, each trial on it goes on elsewhere after its next epoch, and once empty the node
leaves the cluster by itself. The agent ends with its node, or when another agent is started for that node. It runs on
Linux and needs the standard library alone while it waits: Ray is loaded, in a process of its own, at a notice.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from cluster.spot_notice.clouds import CLOUDS, SERVICE, UNREADABLE, Cloud, Notice, find_cloud
from cluster.spot_notice.node import Node, drain, find_node, log, one_line


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        The exit code: 0, 1 where the time was up before the node was drained, 2 for a mistake, told in one line.
    """
    options = _parse(arguments)
    try:
        node = find_node(options.node_id)
        return drain_now(node, options.seconds) if options.now else watch(node, options)
    except LookupError as mistake:
        print(f"spot_notice: {mistake.args[0]}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="spot_notice", description=str(__doc__).partition("\n")[0])
    parser.add_argument("--now", action="store_true", help="drain this machine's node now, whatever a cloud says")
    parser.add_argument("--seconds", type=int, default=600, help="with --now: how long the machine stays (600)")
    parser.add_argument("--cloud", choices=["auto", *CLOUDS, "none"], default="auto", help="whose notice to wait for")
    parser.add_argument("--node-id", help="hex id of the node, where this machine runs several")
    parser.add_argument("--poll-seconds", type=float, help="between two looks; the cloud's own advice if not given")
    parser.add_argument("--service", default=os.environ.get("SPOT_NOTICE_SERVICE", SERVICE), help="metadata service")
    options = parser.parse_args(arguments)
    if options.seconds < 1:
        parser.error(f"--seconds must be at least 1, got {options.seconds}")
    if options.poll_seconds is not None and not options.poll_seconds > 0:
        parser.error(f"--poll-seconds must be above 0, got {options.poll_seconds}")
    return options


def drain_now(node: Node, seconds: int) -> int:
    """Drain `node` and wait until it is empty; returns 0, or 1 where it was not within `seconds`."""
    deadline = time.monotonic() + seconds
    if drain(node, "asked for by hand", seconds):
        while node.is_alive() and time.monotonic() < deadline:
            time.sleep(1)
    if node.is_alive():
        log(f"the {seconds} seconds are up and the node is not empty: its trials lose the epoch that they are in")
        return 1
    log("the node is empty and has left the cluster: the machine may go")
    return 0


def watch(node: Node, options: argparse.Namespace) -> int:
    """Wait for the cloud's notice as long as `node` lives and no later agent has taken over; then drain the node."""
    mark = Path(node.session_dir) / f"spot_notice-{node.node_id}.pid"
    mark.write_text(str(os.getpid()))
    cloud = find_cloud(options.cloud, options.service, options.poll_seconds)
    if cloud is None:
        log("no cloud's metadata service answers here: no notice to wait for")
        return 0
    log(f"waits for {cloud.name}'s notice for node {node.node_id}")
    trouble = ""
    while not (end := _reason_to_end(node, mark)):
        notice, trouble_now = _look(cloud)
        if notice:
            return 0 if drain(node, notice.message, notice.seconds) else 1
        if trouble_now != trouble:  # once, not at every look
            log(
                f"goes on without an answer of the metadata service: {trouble_now}"
                if trouble_now
                else "it answers again"
            )
            trouble = trouble_now
        time.sleep(options.poll_seconds or cloud.poll_seconds)
    log(end)
    return 0


def _reason_to_end(node: Node, mark: Path) -> str:
    if not node.is_alive():
        return "its node has ended, and so does the agent"
    try:
        is_latest = mark.read_text() == str(os.getpid())
    except FileNotFoundError:
        return ""  # somebody has cleaned up; no later agent has written
    return "" if is_latest else "a later agent watches the node now"


def _look(cloud: Cloud) -> tuple[Notice | None, str]:
    try:
        return cloud.notice(), ""
    except UNREADABLE as error:
        return None, one_line(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    sys.exit(main())
