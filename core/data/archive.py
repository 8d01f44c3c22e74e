"""Where the files of a data set lie: in a folder or in a zip, read as streams; nothing is extracted to disk."""

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, TextIO, cast

from core.errors import DataError

_READ_AHEAD_BYTES = 2**20


class Archive(Protocol):
    """A folder or a zip."""

    name: str
    """What messages call it."""

    def has(self, file_name: str) -> bool:
        """Return True where it holds the file; DataError where it holds it twice."""
        ...

    def open(self, file_name: str) -> AbstractContextManager[BinaryIO]:
        """Open the file for reading from its beginning; DataError where that cannot be done."""
        ...

    def file_names(self) -> list[str]:
        """Return what it holds, for messages."""
        ...


class Folder:
    """A data set's files side by side in a folder."""

    def __init__(self, path: Path) -> None:
        self.name = path.resolve().name
        self._path = path

    def has(self, file_name: str) -> bool:
        """Return True where the folder holds the file."""
        return (self._path / file_name).is_file()

    @contextmanager
    def open(self, file_name: str) -> Iterator[BinaryIO]:
        """Open one file; DataError where it cannot be read."""
        try:
            with (self._path / file_name).open("rb") as stream:
                yield cast(BinaryIO, stream)
        except OSError as error:
            raise DataError(f"{self._path / file_name} cannot be read: {error.strerror or error}") from error

    def file_names(self) -> list[str]:
        """Return the names of the files in the folder, sorted."""
        return sorted(path.name for path in self._path.iterdir())


@contextmanager
def open_text(archive: Archive, file_name: str) -> Iterator[TextIO]:
    """Open a text file of an archive, a byte order mark skipped and any line ending read as a newline.

    Raises:
        DataError: it cannot be read, or is not UTF-8.
    """
    with archive.open(file_name) as binary:
        buffered = io.BufferedReader(cast(io.RawIOBase, binary), _READ_AHEAD_BYTES)
        try:
            yield io.TextIOWrapper(buffered, encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise DataError(
                f"{archive.name}/{file_name} must be UTF-8 text, got byte 0x{byte:02x}. Is it a CSV? "
                "If so, save it again as UTF-8"
            ) from error


def require_file(archive: Archive, file_name: str) -> None:
    """Raise DataError, naming what is there instead, unless the archive holds the file."""
    if archive.has(file_name):
        return
    names = [name if name.isprintable() else ascii(name) for name in archive.file_names()]
    shown = ", ".join(names[:5])[:200] + (", ..." if len(names) > 5 else "")
    raise DataError(
        f"{archive.name} must hold {file_name}, and holds {shown or 'nothing'}. "
        f"Name the archive or folder that has it, or rename the file to {file_name}"
    )
