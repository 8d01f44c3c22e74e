import math
import struct

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData
from tensorboardX.record_writer import masked_crc32c

from core.store import event_file


def events_in(content: bytes) -> list[Event]:
    """Read records with another program's checksum and messages."""
    events = []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        body = content[12 : 12 + length]
        assert struct.unpack("<I", content[8:12])[0] == masked_crc32c(content[:8])
        assert struct.unpack("<I", content[12 + length : 16 + length])[0] == masked_crc32c(body)
        events.append(Event.FromString(body))
        content = content[16 + length :]
    return events


def test_head_is_what_every_event_file_begins_with():
    (event,) = events_in(event_file.file_head(12.5))
    assert (event.wall_time, event.file_version) == (12.5, "brain.Event:2")


def test_scalars_are_read_back_at_their_step():
    (event,) = events_in(event_file.scalars(1.5e9, 300, {"a/b": 0.25, "c": -2.0}))
    assert (event.wall_time, event.step) == (1.5e9, 300)
    assert [(value.tag, value.simple_value) for value in event.summary.value] == [("a/b", 0.25), ("c", -2.0)]


def test_scalars_beyond_a_float_are_written_nevertheless():
    (event,) = events_in(event_file.scalars(0.0, 1, {"a": 1e300, "b": -math.inf, "c": math.nan}))
    a, b, c = (value.simple_value for value in event.summary.value)
    assert a > 1e38
    assert b < -1e38
    assert math.isnan(c)


def test_text_is_a_tensor_of_the_text_plugin():
    (event,) = events_in(event_file.text(3.0, "config", "| ä |" * 100))
    (value,) = event.summary.value
    assert value.metadata.plugin_data.plugin_name == "text"
    assert list(value.tensor.string_val) == [("| ä |" * 100).encode()]
    assert [dim.size for dim in value.tensor.tensor_shape.dim] == [1]


def test_session_has_the_knobs_and_how_it_ended():
    knobs: dict[str, event_file.Knob] = {"text": "cosine", "number": 0.5, "whole": 3, "flag": True}
    (began,) = events_in(event_file.session_start(9.0, 1.0, knobs))
    (ended,) = events_in(event_file.session_end(9.0, is_failure=True))
    start = HParamsPluginData.FromString(began.summary.value[0].metadata.plugin_data.content).session_start_info
    end = HParamsPluginData.FromString(ended.summary.value[0].metadata.plugin_data.content).session_end_info
    assert start.hparams["text"].string_value == "cosine"
    assert (start.hparams["number"].number_value, start.hparams["whole"].number_value) == (0.5, 3.0)
    assert start.hparams["flag"].bool_value is True
    assert (start.start_time_secs, end.end_time_secs, end.status) == (1.0, 9.0, event_file.FAILURE)
