"""What a folder holds: pictures with captions in a metadata file, in a file beside the picture, or in WebDataset
shards.
"""

import dataclasses
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from wuerstchen.pictures.left_out import LeftOut
from wuerstchen.pictures.metadata import METADATA, read_metadata
from wuerstchen.pictures.sample import FILE_MIB_MAX, PICTURE_KINDS, Sample, printable, sample_of
from wuerstchen.pictures.shards import shard_members, shard_samples
from wuerstchen.pictures.texts import CAPTION_KINDS, Text

# Ends the stem of a picture's mask, as OneTrainer has it: cat-masklabel.png is that of cat.png.
MASK_END = "-masklabel"
SHARD = ".tar"


class Folder:
    """The files below a folder, by what they are and what they lie beside. Kinds are read in capitals, too."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.paths = folder, _paths(folder)
        self.files = {path for path in self.paths if _is(Path.is_file, path)}
        self.pictures, self.captions, self.masks = (defaultdict[Path, list[Path]](list) for _ in range(3))
        for path in (path for path in self.paths if path in self.files):
            kind, stem = path.suffix.lower(), path.with_suffix("")
            if is_mask(path):
                self.masks[stem.with_name(stem.name.removesuffix(MASK_END))].append(path)
            elif kind in PICTURE_KINDS:
                self.pictures[stem].append(path)
            elif kind in CAPTION_KINDS:
                self.captions[stem].append(path)

    def name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def metadata(self) -> list[Path]:
        return [path for path in self.paths if path.name.lower() in METADATA]


def is_mask(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_KINDS and path.stem.endswith(MASK_END)


def has_masks(folder: Path) -> bool:
    return bool(Folder(folder).masks)


def count_pictures(folder: Path) -> int:
    """How many samples `read_samples` will try, from names alone: those it counts, and left-out ones that are
    `of_picture`.
    """
    found = Folder(folder)
    shards = [path for path in found.files if path.suffix.lower() == SHARD]
    return sum(map(len, found.pictures.values())) + sum(len(shard_members(path)[0]) for path in shards)


def read_samples(folder: Path) -> Iterator[Sample | LeftOut]:
    """Every picture below `folder`, in the order of the names, read when it is asked for. What cannot be read
    becomes a LeftOut.
    """
    found, listed = Folder(folder), {}
    for path in found.metadata():
        yield from read_metadata(path, printable(found.name(path)), found.files, listed)
    for path in found.paths:
        name, kind = found.name(path), path.suffix.lower()
        if path not in found.files:
            yield LeftOut(printable(name), "bad", _no_file(path))
        elif printable(name) != name:
            text = "the name is no UTF-8 text: rename the file"
            yield LeftOut(printable(name), "bad", text, of_picture=kind in PICTURE_KINDS and not is_mask(path))
        elif is_mask(path):
            stem = path.stem.removesuffix(MASK_END)
            if path.with_name(stem) not in found.pictures:
                yield LeftOut(name, "bad", f"no picture {stem} is beside this mask")
        elif kind in PICTURE_KINDS:
            yield _with_mask(_file_sample(path, found, listed.get(path)), path, found)
        elif kind == SHARD:
            yield from shard_samples(path, name)
        elif kind not in CAPTION_KINDS and path.name.lower() not in METADATA:
            yield LeftOut(name, "unknown_kind", f"pictures are read from {' '.join(PICTURE_KINDS)}: convert it")


def _file_sample(path: Path, found: Folder, listed: Text | None) -> Sample | LeftOut:
    name, beside = found.name(path), found.captions.get(path.with_suffix(""), [])
    try:
        size = path.stat().st_size
    except OSError as error:
        return LeftOut(name, "bad", f"cannot be read: {error.strerror}", of_picture=True)
    told = sorted(
        ((file.suffix.lower(), file.read_bytes) for file in beside), key=lambda of: CAPTION_KINDS.index(of[0])
    )
    return sample_of(name, size, path.read_bytes, listed, told)


def _with_mask(sample: Sample | LeftOut, path: Path, found: Folder) -> Sample | LeftOut:
    """The sample with the bytes of its mask, where there is one."""
    masks = found.masks.get(path.with_suffix(""))
    if not masks or isinstance(sample, LeftOut):
        return sample
    try:
        if masks[0].stat().st_size > FILE_MIB_MAX << 20:
            return LeftOut(sample.name, "bad", f"its mask has more than {FILE_MIB_MAX} MiB: make it smaller", True)
        return dataclasses.replace(sample, mask=masks[0].read_bytes())
    except OSError as error:
        return LeftOut(sample.name, "bad", f"its mask cannot be read: {error.strerror}", of_picture=True)


def _no_file(path: Path) -> str:
    if not _is(Path.is_symlink, path):
        return "it cannot be read: allow it, or move it away"
    linked = "a linked folder is not read: put its pictures here"
    return linked if _is(Path.is_dir, path) else "the link leads to no file"


def _is(kind: Callable[[Path], bool], path: Path, unknown: bool = False) -> bool:
    """`unknown`: of what lies in a folder that may be listed and not entered."""
    try:
        return kind(path)
    except OSError:
        return unknown


def _paths(folder: Path) -> list[Path]:
    """All that is not hidden: files, links that lead nowhere or to folders, and folders that cannot be read."""
    found: list[Path] = []

    def unread(error: OSError) -> None:
        found.append(Path(error.filename))

    for place, folders, files in os.walk(folder, onerror=unread):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = [Path(place, name) for name in (*folders, *files) if not name.startswith(".")]
        found += [path for path in paths if _is(Path.is_symlink, path, True) or _is(Path.is_file, path, True)]
    return sorted(set(found), key=lambda path: path.relative_to(folder).as_posix())
