"""What a folder holds: pictures with captions in a metadata file, in a file beside the picture, or in WebDataset
shards.
"""

import dataclasses
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wuerstchen.pictures.left_out import LeftOut
from wuerstchen.pictures.texts import CAPTION_KINDS, METADATA, Text, read_metadata, text_beside

PICTURE_KINDS = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif")
FILE_MIB_MAX = 64
# Ends the stem of a picture's mask, as OneTrainer has it: cat-masklabel.png is that of cat.png.
MASK_END = "-masklabel"


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


def is_mask(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_KINDS and path.stem.endswith(MASK_END)


def has_masks(folder: Path) -> bool:
    return any(is_mask(path) for path in _files(folder))


def count_pictures(folder: Path) -> int:
    """How many samples `read_samples` will try, from names alone: those it counts, and left-out ones that are
    `of_picture`.
    """
    files = [path for path in _files(folder) if path.is_file() and not is_mask(path)]
    shards = [path for path in files if path.suffix.lower() == ".tar"]
    return sum(path.suffix.lower() in PICTURE_KINDS for path in files) + sum(
        len(_shard_members(path)[0]) for path in shards
    )


def printable(name: str) -> str:
    """A name that can be written as UTF-8: bytes that are no text, which Python holds as lone surrogates, become
    escapes.
    """
    return name.encode("utf-8", "backslashreplace").decode()


def read_samples(folder: Path) -> Iterator[Sample | LeftOut]:
    """Every picture below `folder`, in the order of the names, read when it is asked for. What cannot be read
    becomes a LeftOut.
    """
    files, listed = _files(folder), {}
    for path in files:
        if path.name in METADATA:
            yield from read_metadata(path, printable(path.relative_to(folder).as_posix()), set(files), listed)
    for path in files:
        name, kind = path.relative_to(folder).as_posix(), path.suffix.lower()
        if not path.is_file():
            yield LeftOut(printable(name), "bad", "the link leads to no file")
        elif printable(name) != name:
            text = "the name is no UTF-8 text: rename the file"
            yield LeftOut(printable(name), "bad", text, of_picture=kind in PICTURE_KINDS)
        elif is_mask(path):
            if not any(_pictures_of(path)):
                yield LeftOut(name, "bad", f"no picture {path.stem.removesuffix(MASK_END)} is beside this mask")
        elif kind in PICTURE_KINDS:
            yield _with_mask(_file_sample(path, name, listed.get(path)), path)
        elif kind == ".tar":
            yield from _shard_samples(path, name)
        elif kind not in CAPTION_KINDS and path.name not in METADATA:
            yield LeftOut(name, "unknown_kind", f"pictures are read from {' '.join(PICTURE_KINDS)}: convert it")


def _file_sample(path: Path, name: str, listed: Text | None) -> Sample | LeftOut:
    beside = {kind: path.with_suffix(kind).read_bytes for kind in CAPTION_KINDS if path.with_suffix(kind).is_file()}
    try:
        size = path.stat().st_size
    except OSError as error:
        return LeftOut(name, "bad", f"cannot be read: {error.strerror}", of_picture=True)
    return _sample(name, size, path.read_bytes, listed, beside)


def _pictures_of(mask: Path) -> Iterator[Path]:
    stem = mask.stem.removesuffix(MASK_END)
    return (path for kind in PICTURE_KINDS if (path := mask.with_name(stem + kind)).is_file())


def _with_mask(sample: Sample | LeftOut, path: Path) -> Sample | LeftOut:
    """The sample with the bytes of its mask, where there is one."""
    masks = (path.with_name(path.stem + MASK_END + kind) for kind in PICTURE_KINDS)
    mask = next((mask for mask in masks if mask.is_file()), None)
    if mask is None or isinstance(sample, LeftOut):
        return sample
    if mask.stat().st_size > FILE_MIB_MAX << 20:
        return LeftOut(sample.name, "bad", f"its mask has more than {FILE_MIB_MAX} MiB: make it smaller", True)
    return dataclasses.replace(sample, mask=mask.read_bytes())


def _files(folder: Path) -> list[Path]:
    """All files but hidden ones, and links that lead nowhere."""
    paths = [path for path in folder.rglob("*") if path.is_file() or (path.is_symlink() and not path.exists())]
    visible = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return sorted(visible, key=lambda path: path.relative_to(folder).as_posix())


def _sample(
    name: str, size: int, read: Callable[[], bytes], listed: Text | None, beside: dict[str, Callable[[], bytes]]
) -> Sample | LeftOut:
    """A picture with its listed captions or, where there are none, those of the files `beside` it."""
    if size > FILE_MIB_MAX << 20:
        return LeftOut(
            name, "bad", f"the file has {size >> 20} MiB, the limit is {FILE_MIB_MAX}: make it smaller", of_picture=True
        )
    try:
        text = (
            listed
            if listed and listed.captions
            else _together([text_beside(kind, take()) for kind, take in beside.items()])
        )
        return Sample(name, read(), text.captions, text.label or (listed.label if listed else ""))
    except (OSError, ValueError, tarfile.TarError) as error:
        return LeftOut(name, "bad", f"cannot be read: {error}", of_picture=True)


def _together(texts: list[Text]) -> Text:
    captions = tuple(dict.fromkeys(caption for text in texts for caption in text.captions))
    return Text(captions, next((text.label for text in texts if text.label), ""))


@dataclass(frozen=True)
class _Group:
    """Members of a shard under one key (the path up to the first dot of the file name), by what stands behind it."""

    members: dict[str, tarfile.TarInfo]

    @property
    def picture(self) -> tarfile.TarInfo | None:
        return next((self.members[kind] for kind in PICTURE_KINDS if kind in self.members), None)

    def misnamed(self) -> list[str]:
        """Pictures with more dots in their names: WebDataset takes all after the first one for the kind."""
        return [
            member.name
            for kind, member in self.members.items()
            if kind not in PICTURE_KINDS and kind.endswith(PICTURE_KINDS)
        ]


def _shard_members(path: Path) -> tuple[list[_Group], list[str], str]:
    """Groups that hold a picture, names of pictures that are in no such group, and what ended the reading early, if
    anything.
    """
    groups: dict[str, dict[str, tarfile.TarInfo]] = {}
    fault = ""
    try:
        with tarfile.open(path, "r:") as shard:
            for member in shard:
                parent, _, file = member.name.rpartition("/")
                stem, _, kind = file.partition(".")
                if member.isfile() and stem:
                    groups.setdefault(f"{parent}/{stem}" if parent else stem, {})[f".{kind.lower()}"] = member
    except (tarfile.TarError, OSError) as error:
        fault = str(error)
    found = [_Group(members) for members in groups.values()]
    return [group for group in found if group.picture], [name for group in found for name in group.misnamed()], fault


def _shard_samples(path: Path, name: str) -> Iterator[Sample | LeftOut]:
    groups, misnamed, fault = _shard_members(path)
    if fault:
        yield LeftOut(name, "bad", f"the shard is damaged: {fault}")
    for member in misnamed:
        yield LeftOut(
            printable(f"{name}/{member}"), "bad", "in a shard a name ends at its first dot: take out the other dots"
        )
    if not groups:
        return
    with tarfile.open(path, "r:") as shard:
        for group in groups:
            yield _shard_sample(shard, name, group)


def _shard_sample(shard: tarfile.TarFile, name: str, group: _Group) -> Sample | LeftOut:
    picture = group.picture
    assert picture is not None
    beside = {kind: _member_reader(shard, group.members[kind]) for kind in CAPTION_KINDS if kind in group.members}
    return _sample(printable(f"{name}/{picture.name}"), picture.size, _member_reader(shard, picture), None, beside)


def _member_reader(shard: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        file = shard.extractfile(member)
        return file.read() if file is not None else b""

    return read
