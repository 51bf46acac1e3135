"""Files that are either whole or as they were, whatever interrupts the write."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of `path` once it is on disk. After an error nothing of it stays and `path` is as it was.

    Raises OSError where the disk is full."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # else a power cut can leave the name of the file without its bytes
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)  # on a full disk its bytes are those that are missing
        raise


def write_whole(path: Path, text: str) -> None:
    """Replaces a text file, in UTF-8."""
    with whole_file(path) as file:
        file.write(text.encode())
