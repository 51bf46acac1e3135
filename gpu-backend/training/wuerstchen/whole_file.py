"""Files and folders that are either whole or as they were, whatever interrupts the write."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of `path` once it is on disk. After an error nothing of it stays and
    `path` is as it was.

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


@contextmanager
def whole_folder(directory: Path) -> Iterator[Path]:
    """A new folder beside `directory` to fill, which becomes it at the end. After an error nothing of it stays; what a
    kill left goes at the next start.

    Raises FileExistsError where `directory` holds files."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise FileExistsError(f"{directory} is not empty: name another folder")
    part = directory.with_name(f".{directory.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        yield part
        part.replace(directory)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
