import os

import pytest

from core.store.append import append


def test_content_goes_to_the_end_and_is_taken_off(tmp_path) -> None:
    path, content = tmp_path / "file", bytearray(b"cd")
    path.write_bytes(b"ab")
    append(path, content)
    append(path, content)
    assert (path.read_bytes(), content) == (b"abcd", bytearray())


def test_what_a_full_disk_does_not_take_is_left_for_another_time(tmp_path, monkeypatch) -> None:
    path, content, write, room = tmp_path / "file", bytearray(b"abcdef"), os.write, [2, 1, 0]

    def into_little_room(descriptor: int, data: bytearray) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[: room.pop(0)])

    path.touch()
    monkeypatch.setattr(os, "write", into_little_room)
    with pytest.raises(OSError, match="No space left"):
        append(path, content)
    assert (path.read_bytes(), content) == (b"abc", bytearray(b"def"))
    monkeypatch.undo()
    append(path, content)
    assert path.read_bytes() == b"abcdef"


def test_file_that_is_not_there_is_not_made(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        append(tmp_path / "none", bytearray(b"a"))
