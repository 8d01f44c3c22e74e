"""Adding to the end of a file on this machine's disks, which readers have open meanwhile."""

import os
from pathlib import Path


def append(path: Path, content: bytearray) -> None:
    """Add to the end of a file that is there, in one write where the disk takes it whole.

    Args:
        path: the file's.
        content: what readers take in whole. What is written is taken off it, so that after an error the rest can
            follow later.

    Raises:
        OSError: there is no such file, or it cannot be written.
    """
    if not content:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        while content:
            del content[: os.write(descriptor, content)]
    finally:
        os.close(descriptor)
