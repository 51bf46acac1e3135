"""Texts that people write, read as they were saved."""

from pathlib import Path


def utf8_text(path: Path) -> str:
    """Without the mark that some editors write at the beginning. Raises ValueError for another encoding, with the
    place of the first byte that is none, OSError where there is no such file.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from error
