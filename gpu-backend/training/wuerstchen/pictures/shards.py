"""Pictures in WebDataset shards: tar files whose members belong together by what stands before the first dot."""

import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wuerstchen.pictures.left_out import LeftOut
from wuerstchen.pictures.sample import PICTURE_KINDS, Sample, printable, sample_of
from wuerstchen.pictures.texts import CAPTION_KINDS


@dataclass(frozen=True)
class Group:
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


def shard_members(path: Path) -> tuple[list[Group], list[str], str]:
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
    found = [Group(members) for members in groups.values()]
    return [group for group in found if group.picture], [name for group in found for name in group.misnamed()], fault


def shard_samples(path: Path, name: str) -> Iterator[Sample | LeftOut]:
    """Every picture of the shard `name`, in the order of its members. What cannot be read becomes a LeftOut."""
    groups, misnamed, fault = shard_members(path)
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


def _shard_sample(shard: tarfile.TarFile, name: str, group: Group) -> Sample | LeftOut:
    picture = group.picture
    assert picture is not None
    beside = [(kind, _member_reader(shard, group.members[kind])) for kind in CAPTION_KINDS if kind in group.members]
    return sample_of(printable(f"{name}/{picture.name}"), picture.size, _member_reader(shard, picture), None, beside)


def _member_reader(shard: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        file = shard.extractfile(member)
        return file.read() if file is not None else b""

    return read
