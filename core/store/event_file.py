"""TensorBoard's event files: its records and the few messages of its protocol that a trial's curves need.

Written out here rather than by a package: the packages that write them take a second to import, and so the same record
gives the same bytes, from which follows what a file on disk still lacks. The wire format is Protocol Buffers'
(https://protobuf.dev/programming-guides/encoding), the numbers are of TensorFlow's event.proto, summary.proto and
tensor.proto and of TensorBoard's hparams/plugin_data.proto.
"""

import struct
from collections.abc import Mapping

Knob = bool | int | float | str
VARINT, EIGHT_BYTES, COUNTED, FOUR_BYTES = 0, 1, 2, 5
"""How a field's value is written."""
MOST_FLOAT32 = 3.4e38
DT_STRING = 7
SESSION_END = "_hparams_/session_end_info"
SUCCESS, FAILURE = 1, 2
"""How TensorBoard says that a session has ended."""


def file_head(wall_time: float) -> bytes:
    """Return the record that every event file begins with; times are seconds since 1970."""
    return _record(_event(wall_time, 0, _counted(3, b"brain.Event:2")))


def scalars(wall_time: float, step: int, values: Mapping[str, float]) -> bytes:
    """Return the record of some curves' values at a step, by their tags."""
    found = b"".join(_value(tag, _float32(2, value)) for tag, value in values.items())
    return _record(_event(wall_time, step, _counted(5, found)))


def text(wall_time: float, tag: str, markdown: str) -> bytes:
    """Return the record of a text, which TensorBoard shows as Markdown."""
    one = _counted(2, _varint(1, 1))
    tensor = _varint(1, DT_STRING) + _counted(2, one) + _counted(8, markdown.encode())
    value = _value(tag, _counted(8, tensor) + _plugin("text", b""))
    return _record(_event(wall_time, 0, _counted(5, value)))


def session_start(wall_time: float, began: float, knobs: Mapping[str, Knob]) -> bytes:
    """Return the record of a session's hyperparameters."""
    entries = b"".join(_counted(1, _counted(1, name.encode()) + _counted(2, _knob(knobs[name]))) for name in knobs)
    return _session(wall_time, "_hparams_/session_start_info", _counted(3, entries + _float64(5, began)))


def session_end(wall_time: float, *, is_failure: bool) -> bytes:
    """Return the record of a session's end, of the same length whatever it says."""
    content = _counted(4, _varint(1, FAILURE if is_failure else SUCCESS) + _float64(2, wall_time))
    return _session(wall_time, SESSION_END, content)


def _session(wall_time: float, tag: str, content: bytes) -> bytes:
    """Return a record for the table of hyperparameters."""
    return _record(_event(wall_time, 0, _counted(5, _value(tag, _plugin("hparams", content)))))


def _event(wall_time: float, step: int, what: bytes) -> bytes:
    """Return an Event."""
    return _float64(1, wall_time) + (_varint(2, step) if step else b"") + what


def _value(tag: str, what: bytes) -> bytes:
    """Return a Summary's value."""
    return _counted(1, _counted(1, tag.encode()) + what)


def _plugin(name: str, content: bytes) -> bytes:
    """Return a value's metadata."""
    return _counted(9, _counted(1, _counted(1, name.encode()) + _counted(2, content)))


def _knob(value: Knob) -> bytes:
    """Return a google.protobuf.Value."""
    if isinstance(value, bool):
        return _varint(4, int(value))
    return _counted(3, value.encode()) if isinstance(value, str) else _float64(2, float(value))


def _varint(field: int, value: int) -> bytes:
    """Return a field with a whole number from 0."""
    return _number(field << 3 | VARINT) + _number(value)


def _float64(field: int, value: float) -> bytes:
    """Return a field with a double."""
    return _number(field << 3 | EIGHT_BYTES) + struct.pack("<d", value)


def _float32(field: int, value: float) -> bytes:
    """Return a field with a float."""
    return _number(field << 3 | FOUR_BYTES) + struct.pack("<f", min(max(value, -MOST_FLOAT32), MOST_FLOAT32))


def _counted(field: int, content: bytes) -> bytes:
    """Return a field with a text or a message."""
    return _number(field << 3 | COUNTED) + _number(len(content)) + content


def _number(value: int) -> bytes:
    """Return a whole number from 0, seven bits a byte, the lowest first."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _record(content: bytes) -> bytes:
    """Return a record: its length and its content, each with a checksum after it."""
    length = struct.pack("<Q", len(content))
    return length + struct.pack("<I", _checksum(length)) + content + struct.pack("<I", _checksum(content))


def _checksum(content: bytes) -> int:
    """Return the CRC-32C of some bytes, masked as TFRecord files have it."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = CRC_OF_BYTE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _crc_of_byte(byte: int) -> int:
    """Return what a byte does to a CRC-32C (Castagnoli), bit by bit."""
    for _ in range(8):
        byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
    return byte


CRC_OF_BYTE = tuple(_crc_of_byte(byte) for byte in range(256))
