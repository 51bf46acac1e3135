"""What a file is, by how it begins: people keep pointers, error pages and halves of downloads under a model's name."""

from pathlib import Path
from typing import Literal

from wuerstchen.git_lfs import IS_POINTER, POINTER
from wuerstchen.published.bundle.checkpoint_error import at

Kind = Literal["safetensors", "zip", "pickle"]
# Beginnings of files that are no weights: what they are, and what to do.
STAND_INS = (
    (POINTER, IS_POINTER),
    (b"<", "is a web page, not weights: fetch it again, perhaps after accepting its licence"),
    (b"GGUF", "is a GGUF file, whose weights are quantised: name the safetensors file that it was made from"),
)


def refuse_stand_in(path: Path) -> bytes:
    """The first bytes of a file. Raises CheckpointError for what only stands where a file should be."""
    if path.is_symlink() and not path.exists():
        raise at(path, "is a link to a file that is not there: its download did not finish")
    with path.open("rb") as stream:
        start = stream.read(len(POINTER))
    if not start:
        raise at(path, "is empty: its download did not begin")
    if _is_header(start):
        return start
    for beginning, what in STAND_INS:
        if start.startswith(beginning):
            raise at(path, what)
    return start


def _is_header(start: bytes) -> bool:
    """Of safetensors: a length in eight bytes, which may begin as anything else does, and JSON behind it."""
    return start[6:9] == b"\0\0{"


def kind_of(path: Path) -> Kind:
    """`zip` and `pickle`: the newer and the older form of `torch.save`. Names do not count."""
    start = refuse_stand_in(path)
    if _is_header(start):
        return "safetensors"
    if start.startswith(b"PK\x03\x04"):
        return "zip"
    return "pickle" if start.startswith(b"\x80") else "safetensors"
