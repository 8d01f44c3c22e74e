"""Answers of made-up nodes, sorted into those that may run trials and those that are refused."""

from types import SimpleNamespace
from typing import Any

from search.cluster.admission import Admission


def test_refusals_count_from_the_last_node_that_was_admitted(tmp_path):
    said: list[str] = []
    admission = Admission(f"{tmp_path}/study", (), "own", said.append)

    def answer(node_id: str, complaint: str | None) -> list[str]:
        made: Any = SimpleNamespace(is_answered=True, complaint=lambda: complaint)
        admission._asked[node_id] = made
        admission.admitted([])
        return list(admission.complaints)

    assert answer("a", "no code") == ["no code"]
    assert answer("b", "no folder") == ["no code", "no folder"]
    assert answer("c", None) == []
    assert answer("d", "no ray") == ["no ray"]
    assert (admission.refused, len(said)) == ({"a", "b", "d"}, 3)
