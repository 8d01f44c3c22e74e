"""Fields that a description has and its schema has not."""

from typing import Any

import pytest

from cluster.check.spelling import unknown

SCHEMAS: dict[str, Any] = {
    "Machine": {
        "properties": {
            "size": {"type": "string", "format": "int64"},
            "kind": {"type": "string", "enum": ["small", "large"]},
            "count": {"type": "integer"},
            "spot": {"type": "boolean"},
            "disks": {"type": "array", "items": {"$ref": "Disk"}},
            "labels": {"type": "object"},
            "pair": {"type": "object", "properties": {"left": {"type": "number"}}},
            "open": {},
        }
    },
    "Disk": {"properties": {"boot": {"type": "boolean"}}},
}
RIGHT = {"size": 100, "kind": "small", "count": 1, "spot": True, "disks": [{"boot": True}], "labels": {"any": "x"}}


@pytest.mark.parametrize("value", [{}, RIGHT, {"size": "100"}, {"open": True}, {"pair": {"left": 1}}])
def test_nothing_is_said_of_what_the_schema_allows(value: dict[str, Any]) -> None:
    assert list(unknown(value, "Machine", SCHEMAS)) == []


def test_nothing_is_said_without_a_schema() -> None:
    assert list(unknown({"x": 1}, "Machine", {})) == []


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"knd": "small"}, "must not have knd, which there is not: is it kind?"),
        ({"xyz": 1}, "must not have xyz, which there is not"),
        ({"kind": "huge"}, "must have as kind one of small, large, got 'huge'"),
        ({"count": "1"}, "must have as count a value of type integer, got '1'"),
        ({"count": True}, "must have as count a value of type integer, got True"),
        ({"spot": "yes"}, "must have as spot a value of type boolean, got 'yes'"),
        ({"disks": {"boot": True}}, "must have as disks a value of type array, got {'boot': True}"),
        ({"disks": [{}, {"bot": True}]}, "must not have disks[1].bot, which there is not: is it boot?"),
        ({"disks": ["x"]}, "must have as disks[0] a mapping, got 'x'"),
        ({"pair": {"right": 1}}, "must not have pair.right, which there is not"),
        ([], "must have as it a mapping, got []"),
    ],
)
def test_each_mistake_is_told_with_its_place(value: Any, told: str) -> None:
    assert list(unknown(value, "Machine", SCHEMAS)) == [told]
