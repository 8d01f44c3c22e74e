"""A zip as an archive: members found in any sub-folder, read as bounded, checksummed streams."""

import copy
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from core.errors import DataError

_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, UnicodeDecodeError)
_MAX_DEFLATE_RATIO = 1032
"""Bytes that one deflated byte can stand for at most (zlib.net/zlib_tech.html)."""
_DRAIN_BYTES = 2**20
_ENCRYPTED = 0x1


class ZipArchive:
    """A data set's files in a zip."""

    def __init__(self, name: str, file: zipfile.ZipFile) -> None:
        self.name = name
        self._zip = file
        self._members = [info for info in file.infolist() if _is_file(info)]

    def has(self, file_name: str) -> bool:
        """Return True where the zip holds the file; DataError where it holds it more than once."""
        return self._find(file_name) is not None

    @contextmanager
    def open(self, file_name: str) -> Iterator[BinaryIO]:
        """Open one member.

        Raises:
            DataError: the member is encrypted, damaged, or larger than the zip says, also where that shows only
                at its end or as a DataError of the reader (half a file makes a ragged row).
        """
        info = self._find(file_name)
        assert info is not None, f"{file_name} is opened before it was looked for"
        where = f"{self.name}/{file_name}"
        _require_plain(info, where)
        try:
            with self._zip.open(_one_byte_longer(info)) as raw:
                stream = BoundedStream(raw, info.file_size, where)
                try:
                    yield cast(BinaryIO, stream)
                except DataError:
                    stream.drain()
                    raise
                stream.drain()
        except _DAMAGE as error:
            raise DataError(f"{where} is damaged: {error}. Fetch the archive again") from error
        except NotImplementedError as error:
            raise DataError(f"{where} cannot be unpacked here: {error}. Pack it again as an ordinary zip") from error

    def file_names(self) -> list[str]:
        """Return the members' paths."""
        return sorted(_path(info) for info in self._members)

    def _find(self, file_name: str) -> zipfile.ZipInfo | None:
        """Return the one member of that name in whichever folder."""
        found = [info for info in self._members if PurePosixPath(_path(info)).name == file_name]
        if len(found) > 1:
            paths = ", ".join(_path(info) for info in found[:3])
            raise DataError(f"{self.name} must hold {file_name} once, and holds {len(found)}: {paths}. Keep one")
        return found[0] if found else None


@contextmanager
def open_zip(path: Path) -> Iterator[ZipArchive]:
    """Open a zip.

    Raises:
        DataError: it is none, or cannot be read.
    """
    try:
        file = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"{path} must be a zip, a folder or an .npz, and is no zip ({error}). Name the archive as Kaggle gives it"
        ) from error
    with file:
        yield ZipArchive(path.name, file)


class BoundedStream(io.RawIOBase):
    """A member's bytes, refused once there are more or fewer than the zip's directory says."""

    def __init__(self, raw: IO[bytes], size: int, where: str) -> None:
        super().__init__()
        self._raw, self._size, self._where = raw, size, where
        self._num_read = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer with the next bytes; 0 at the end."""
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def drain(self) -> None:
        """Read what is left, which is what verifies size and checksum; works also after close."""
        while self._next(_DRAIN_BYTES):
            pass

    def _next(self, size: int) -> bytes:
        """Return up to `size` bytes more."""
        data = self._raw.read(size)
        self._num_read += len(data)
        is_too_short = not data and self._num_read < self._size
        if self._num_read > self._size or is_too_short:
            raise zipfile.BadZipFile(f"it must have {self._size:,} bytes by the zip's own list and has other")
        return data


def _path(info: zipfile.ZipInfo) -> str:
    """Return a member's path with slashes; some Windows tools write backslashes."""
    return info.filename.replace("\\", "/")


def _is_file(info: zipfile.ZipInfo) -> bool:
    """True for a file of the user's: no folder, and none of what macOS packs beside each file under its name."""
    path = _path(info)
    return path != "" and not path.endswith("/") and not path.startswith("__MACOSX/")


def _require_plain(info: zipfile.ZipInfo, where: str) -> None:
    """Raise DataError for an encrypted member, or for a size that no compressed data could unpack to."""
    if info.flag_bits & _ENCRYPTED:
        raise DataError(f"{where} is encrypted. Unpack it with its password and name the folder")
    is_deflated = info.compress_type == zipfile.ZIP_DEFLATED
    if is_deflated and info.file_size > _MAX_DEFLATE_RATIO * (info.compress_size + 1):
        raise DataError(f"{where} is damaged: {info.file_size:,} bytes cannot come out of {info.compress_size:,}")


def _one_byte_longer(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Return the member's entry with room for one byte too many.

    zipfile cuts a member off at the size its entry claims, so that what is longer would pass for whole.
    """
    longer = copy.copy(info)
    longer.file_size += 1
    return longer
