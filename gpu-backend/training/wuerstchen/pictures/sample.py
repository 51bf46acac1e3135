"""A picture's file and what is said of it, not yet decoded."""

import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wuerstchen.pictures.left_out import LeftOut
from wuerstchen.pictures.texts import Text, text_beside, together

PICTURE_KINDS = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif")
FILE_MIB_MAX = 64
# A caption file's kind in lower case, and what reads its bytes.
Beside = tuple[str, Callable[[], bytes]]


@dataclass(frozen=True)
class Sample:
    """The bytes of a picture's file and its captions, which may be none. `name` is the path below the folder, with its
    shard.

    `label`: what the picture is called where its folder says so; else empty. `mask`: the bytes of its mask's file."""

    name: str
    data: bytes
    captions: tuple[str, ...]
    label: str = ""
    mask: bytes | None = None


def printable(name: str) -> str:
    """A name that can be written as UTF-8: bytes that are no text, which Python holds as lone surrogates, become
    escapes.
    """
    return name.encode("utf-8", "backslashreplace").decode()


def sample_of(
    name: str, size: int, read: Callable[[], bytes], listed: Text | None, beside: Iterable[Beside]
) -> Sample | LeftOut:
    """A picture with its listed captions or, where there are none, those of the files `beside` it."""
    if size > FILE_MIB_MAX << 20:
        return LeftOut(
            name, "bad", f"the file has {size >> 20} MiB, the limit is {FILE_MIB_MAX}: make it smaller", of_picture=True
        )
    try:
        text = listed if listed and listed.captions else together([text_beside(kind, take()) for kind, take in beside])
        return Sample(name, read(), text.captions, text.label or (listed.label if listed else ""))
    except (OSError, ValueError, tarfile.TarError) as error:
        return LeftOut(name, "bad", f"cannot be read: {error}", of_picture=True)
