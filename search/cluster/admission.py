"""Which nodes may run trials: those that share the study's folder and have this project's code and packages.

Without this a node that does not share the folder fails each of its trials, or, worse, keeps what it learns to itself.
"""

import contextlib
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import ClusterError, SoftvoteError, StudyError
from core.store import files
from search.cluster.capacity import usable_nodes
from search.cluster.node_check import describe_code

if TYPE_CHECKING:
    from search.cluster.nodes import Node

MOST_SECONDS = 60.0
"""What a node may take to answer; one that has just started, a second or two."""
SETTLE_SECONDS = 3.0
"""What a shared folder may take to show one machine what another one wrote."""
POLL_SECONDS = 0.1


class Admission:
    """Asks every node once; the machine that this process runs on needs no asking."""

    def __init__(self, folder: str, own_modules: tuple[str, ...], own_node: str, say: Callable[[str], None]) -> None:
        """Remember what the nodes have to have.

        Args:
            folder: URL of the study's folder.
            own_modules: the user's own modules that a worker imports.
            own_node: id of the node that this process runs on.
            say: told in one line why a node that came later gets no trials.
        """
        self._folder = files.absolute(folder)
        self._own_modules = own_modules
        self._say = say
        self._own_code = describe_code(own_modules)
        self._admitted = {own_node}
        self.refused: set[str] = set()
        """Ids of the nodes that may run no trials."""
        self.complaints: list[str] = []
        """What each node lacks that was refused since the last one was admitted."""
        self._asked: dict[str, _Question] = {}

    def require(self, nodes: list["Node"], pause: Callable[[float], None] = time.sleep) -> None:
        """Ask all of `nodes` at once, and wait for their answers.

        Args:
            nodes: that are to run trials.
            pause: waits for so many seconds, and raises where the user wants to stop.

        Raises:
            ClusterError: one of them cannot run this study's trials.
        """
        while any(self._is_open(node) for node in nodes):
            self._ask(nodes)
            complaint = self._take_answers()
            if complaint is not None:
                raise ClusterError(complaint)
            pause(POLL_SECONDS)

    def admitted(self, nodes: list["Node"]) -> list["Node"]:
        """Return those of `nodes` that may run trials; new ones are asked, and not waited for."""
        with contextlib.suppress(StudyError):  # a store that fails for a moment: the question waits
            self._ask(nodes)
        complaint = self._take_answers()
        if complaint is not None:
            self._say(f"left out: {complaint}")
        return [node for node in nodes if node.node_id in self._admitted]

    def shunned(self) -> set[str]:
        """Return the ids of the nodes that may run no trials, and of those that have not answered yet."""
        return self.refused | set(self._asked)

    def close(self) -> None:
        """Leave no file of a question behind, and no folder that was made for it."""
        for question in self._asked.values():
            question.close()
        self._asked.clear()
        place = files.local_path(self._folder)
        if place is not None:
            with contextlib.suppress(OSError):  # a study is in it
                place.rmdir()

    def _is_open(self, node: "Node") -> bool:
        """True for a node that has not answered yet."""
        return node.node_id not in self._admitted | self.refused

    def _ask(self, nodes: list["Node"]) -> None:
        """Begin to ask the nodes that have not been asked."""
        for node in nodes:
            if self._is_open(node) and node.node_id not in self._asked:
                self._asked[node.node_id] = _Question(node, self._folder, self._own_code)

    def _take_answers(self) -> str | None:
        """Sort the nodes that have answered; return what the first one to be refused lacks."""
        for node_id, question in list(self._asked.items()):
            if not question.is_answered:
                continue
            del self._asked[node_id]
            complaint = question.complaint()
            if complaint is not None:
                self.refused.add(node_id)
                self.complaints.append(complaint)
                return complaint
            self._admitted.add(node_id)
            self.complaints.clear()
        return None


class _Question:
    """One node's task, and the two files by which it shows that it shares the study's folder."""

    def __init__(self, node: "Node", folder: str, own_code: dict[str, Any]) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self._node, self._folder, self._own_code = node, folder, own_code
        self._name = f"{node.name} ({_address(node)})"
        self._nonce = secrets.token_hex(8)
        self._probe = files.join(folder, f"{files.TEMPORARY_PREFIX}probe-{self._nonce}")
        self._answer = f"{self._probe}-answer"
        self._until = time.monotonic() + MOST_SECONDS
        files.write_bytes(self._probe, self._nonce.encode())
        there = NodeAffinitySchedulingStrategy(node.node_id, soft=False)
        task = ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=there)(_task())
        self._result = task.remote(self._probe, self._answer, tuple(own_code["modules"]))

    @property
    def is_answered(self) -> bool:
        """True once there is an answer, or no hope of one."""
        import ray

        return bool(ray.wait([self._result], timeout=0)[0]) or time.monotonic() > self._until

    def complaint(self) -> str | None:
        """Return what keeps the node from running trials, None where nothing does; the files are gone then."""
        try:
            return self._judge(self._take())
        finally:
            self.close()

    def close(self) -> None:
        """Delete the files."""
        for url in (self._probe, self._answer):
            with contextlib.suppress(StudyError):  # it costs space, nothing else
                files.remove(url)

    def _take(self) -> dict[str, Any]:
        """Return the node's answer, or why there is none."""
        import ray
        from ray.exceptions import RayError

        try:
            return dict(ray.get(self._result, timeout=0))
        except RayError as error:  # GetTimeoutError is one
            lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
            return {"no_answer": lines[0]}

    def _judge(self, answer: dict[str, Any]) -> str | None:
        """Return what is wrong with an answer."""
        node, own = self._name, self._own_code
        if "no_answer" in answer:
            if self._node.node_id not in {alive.node_id for alive in usable_nodes()}:
                return None  # it is lost, and no answer is one: its next trial would be lost with it
            said = answer["no_answer"]
            return f"node {node} must answer within {MOST_SECONDS:g} s, and did not: {said}. See `ray status`"
        if "no_code" in answer:
            root = Path(__file__).resolve().parents[2]
            return (
                f"node {node} must have this project's code at {root}, and cannot import it ({answer['no_code']}). "
                "Run `ray up` again, or copy the folder there"
            )
        other = [name for name, digest in own["files"].items() if answer["files"].get(name) != digest]
        if other:
            return (
                f"node {node} must have the same code of this project as this machine, and its {other[0]} is another. "
                "Run `ray up` again"
            )
        for name, digest in own["modules"].items():
            if answer["modules"][name] != digest:
                return f"node {node} must have the same module {name} as this machine. Copy it there"
        for name, version in own["versions"].items():
            if answer["versions"][name] != version:
                theirs = answer["versions"][name] or "none"
                return f"node {node} must have {name} {version} as this machine has, got {theirs}. Run `ray up` again"
        return self._judge_storage(answer)

    def _judge_storage(self, answer: dict[str, Any]) -> str | None:
        """Return what keeps the node from the study's folder."""
        rule = (
            "--runs must be a place that every node reaches (a shared folder at the same path, or a URL such as "
            "s3://bucket/runs)"
        )
        if answer["error"] is not None:
            return f"{rule}; node {self._name} says: {answer['error']}"
        if not answer["reaches"] or not self._is_seen():
            return f"{rule}; node {self._name} does not share {self._folder} with this machine"
        return None

    def _is_seen(self) -> bool:
        """True once the node's file is here."""
        until = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                return files.read_bytes(self._answer) == self._nonce.encode()
            except (FileNotFoundError, SoftvoteError):
                if time.monotonic() > until:
                    return False
                time.sleep(POLL_SECONDS)


def _task() -> Callable[..., dict[str, Any]]:
    """Return what a node runs: as a function within a function it travels whole, to nodes without our code too."""

    def check(probe_url: str, answer_url: str, own_modules: tuple[str, ...]) -> dict[str, Any]:
        try:
            from search.cluster.node_check import check_node
        except ImportError as error:
            return {"no_code": str(error)}
        return check_node(probe_url, answer_url, own_modules)

    return check


def _address(node: "Node") -> str:
    """Return a node's address, which Ray has among its resources."""
    names = (name.removeprefix("node:") for name in node.resources if name.startswith("node:"))
    return next((name for name in names if not name.startswith("__")), node.node_id[:8])
