"""Finds fields that a description has and its schema has not, and says what may have been meant."""

import difflib
from collections.abc import Iterator
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


def unknown(value: Any, name: str, schemas: dict[str, Any]) -> Iterator[str]:
    """Yield what `value` has and the schema of that name does not allow, one line each.

    Args:
        value: a mapping as YAML gave it.
        name: a key of `schemas`; where it is none, nothing is yielded.
        schemas: by name: `properties`, each with a `type`, a `$ref` to another, `items`, an `enum`.
    """
    if name in schemas:
        yield from _in_object(value, schemas[name], schemas, "")


def _in_object(value: Any, schema: dict[str, Any], schemas: dict[str, Any], where: str) -> Iterator[str]:
    known = schema.get("properties")
    if known is None or not isinstance(value, dict):
        if not isinstance(value, dict):
            yield f"must have as {where or 'it'} a mapping, got {value!r}"
        return
    for key, item in value.items():
        path = f"{where}.{key}" if where else str(key)
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1)
            yield f"must not have {path}, which there is not{f': is it {close[0]}?' if close else ''}"
        else:
            yield from _in_field(item, known[key], schemas, path)


def _in_field(value: Any, field: dict[str, Any], schemas: dict[str, Any], where: str) -> Iterator[str]:
    if "$ref" in field:
        yield from _in_object(value, schemas.get(field["$ref"], {}), schemas, where)
        return
    if not _fits(value, field):
        yield f"must have as {where} a value of type {field['type']}, got {value!r}"
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _in_field(item, field.get("items", {}), schemas, f"{where}[{number}]")
    elif isinstance(value, dict) and "properties" in field:
        yield from _in_object(value, field, schemas, where)
    elif "enum" in field and value not in field["enum"]:
        yield f"must have as {where} one of {', '.join(field['enum'])}, got {value!r}"


def _fits(value: Any, field: dict[str, Any]) -> bool:
    expected = field.get("type", "any")
    if isinstance(value, bool):
        return expected in ("boolean", "any")
    if expected == "string" and "int" in field.get("format", ""):  # Google's numbers of 64 bits, written either way
        return isinstance(value, str | int)
    return isinstance(value, TYPES.get(expected, (object,)))
