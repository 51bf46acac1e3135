"""Arrays that a run computes once and finds again, each beside its key: a digest of everything that it was made from.

An array counts only with the right key. The key is removed before the array is replaced and written after it, so
whatever interrupts this, a kill or a full disk, leaves an array that is made again and never one that another's key
vouches for."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from wuerstchen.whole_file import whole_file

# Part of every key. Raise it when the code makes other values from the same inputs.
CODE_VERSION = "1"


def digest_of(*parts: str) -> str:
    """64 hexadecimal digits that change with each part and with the borders between them."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal: about a second a gigabyte."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cached(path: Path, key: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """The memory-mapped array of PATH (.npy). `make` computes it anew where the file beside it does not hold `key`.

    Raises OSError where the disk is full; the same call succeeds when there is room."""
    if not _is_current(path, key):
        store(path, key, make())
    return np.load(path, mmap_mode="r")


def store(path: Path, key: str, array: np.ndarray) -> None:
    """Replaces the array and its key."""
    _key_path(path).unlink(missing_ok=True)
    with whole_file(path) as file:
        np.save(file, array)
    with whole_file(_key_path(path)) as file:
        file.write(_seal(path, key))


def _is_current(path: Path, key: str) -> bool:
    try:
        return _key_path(path).read_bytes() == _seal(path, key)
    except FileNotFoundError:
        return False


def _key_path(path: Path) -> Path:
    return path.with_suffix(".key")


def _seal(path: Path, key: str) -> bytes:
    """The size is in it because a folder that was copied in part may hold the key and half of the array."""
    return f"{digest_of(CODE_VERSION, key)} {path.stat().st_size}\n".encode()
