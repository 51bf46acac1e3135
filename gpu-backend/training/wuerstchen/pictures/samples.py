"""What a folder holds: pictures with captions in a `metadata.jsonl`, in a file beside the picture, or in WebDataset shards."""

import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os.path import normpath
from pathlib import Path

PICTURE_KINDS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")
CAPTION_KINDS = (".txt", ".json")
METADATA = "metadata.jsonl"
CAPTION_FIELDS = ("text", "caption", "captions")
FILE_MIB_MAX = 64


@dataclass(frozen=True)
class Sample:
    """The bytes of a picture's file and its captions, which may be none. `name` is the path below the folder, with its shard."""

    name: str
    data: bytes
    captions: tuple[str, ...]


@dataclass(frozen=True)
class LeftOut:
    """A file that does not become part of the set: `reason` is a key of the report, `detail` is for people."""

    name: str
    reason: str
    detail: str


def count_pictures(folder: Path) -> int:
    """How many samples `read_samples` will try, from names alone."""
    files = _files(folder)
    shards = [path for path in files if path.suffix.lower() == ".tar"]
    return sum(path.suffix.lower() in PICTURE_KINDS for path in files) + sum(len(_shard_members(path)[0]) for path in shards)


def read_samples(folder: Path) -> Iterator[Sample | LeftOut]:
    """Every picture below `folder`, in the order of the names, read when it is asked for. What cannot be read becomes a LeftOut."""
    files, captions = _files(folder), {}
    for path in files:
        if path.name == METADATA:
            yield from _read_metadata(path, path.relative_to(folder).as_posix(), set(files), captions)
    for path in files:
        name, kind = path.relative_to(folder).as_posix(), path.suffix.lower()
        if kind in PICTURE_KINDS:
            beside = {kind: path.with_suffix(kind).read_bytes for kind in CAPTION_KINDS if path.with_suffix(kind).is_file()}
            yield _sample(name, path.stat().st_size, path.read_bytes, captions.get(path), beside)
        elif kind == ".tar":
            yield from _shard_samples(path, name)
        elif kind not in CAPTION_KINDS and path.name != METADATA:
            yield LeftOut(name, "unknown_kind", f"pictures are read from {' '.join(PICTURE_KINDS)}")


def captions_of(values: object) -> tuple[str, ...]:
    """The captions of a metadata line or JSON file: a text or a list of texts in any of CAPTION_FIELDS; blank ones and repeats go."""
    fields = values if isinstance(values, dict) else {}
    found = [fields[field] for field in CAPTION_FIELDS if field in fields]
    texts = [text for value in found for text in (value if isinstance(value, list) else [value])]
    return tuple(dict.fromkeys(text.strip() for text in texts if isinstance(text, str) and text.strip()))


def _files(folder: Path) -> list[Path]:
    """All files but hidden ones."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    visible = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return sorted(visible, key=lambda path: path.relative_to(folder).as_posix())


def _read_metadata(path: Path, name: str, files: set[Path], captions: dict[Path, tuple[str, ...]]) -> Iterator[LeftOut]:
    """Fills `captions`; lines that say nothing usable are left out by number."""
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except ValueError as error:
            yield LeftOut(f"{name}:{number}", "bad", f"the line is not JSON: {error}")
            continue
        file_name = values.get("file_name") if isinstance(values, dict) else None
        if not isinstance(file_name, str):
            yield LeftOut(f"{name}:{number}", "bad", "the line has no 'file_name'")
        elif (target := Path(normpath(path.parent / file_name))) in files:
            captions[target] = captions_of(values)
        else:
            yield LeftOut(f"{name}:{number}", "bad", f"file_name {file_name!r} is not there")


def _sample(
    name: str, size: int, read: Callable[[], bytes], listed: tuple[str, ...] | None, beside: dict[str, Callable[[], bytes]]
) -> Sample | LeftOut:
    """A picture with its listed captions or, where there are none, those of the files `beside` it."""
    if size > FILE_MIB_MAX << 20:
        return LeftOut(name, "bad", f"the file has {size >> 20} MiB, the limit is {FILE_MIB_MAX}: make it smaller")
    try:
        data, captions = read(), listed or tuple(text for kind, take in beside.items() for text in _beside(kind, take()))
    except (OSError, ValueError, tarfile.TarError) as error:
        return LeftOut(name, "bad", f"cannot be read: {error}")
    return Sample(name, data, captions)


def _beside(kind: str, data: bytes) -> tuple[str, ...]:
    """The captions of a text file, one a line, or of a JSON file. Raises ValueError with what is wrong."""
    try:
        text = data.decode("utf-8-sig")
        return captions_of({"captions": text.splitlines()} if kind == ".txt" else json.loads(text))
    except ValueError as error:
        raise ValueError(f"its {kind} file is not {'UTF-8 text' if kind == '.txt' else 'JSON'}: {error}") from error


def _shard_members(path: Path) -> tuple[list[dict[str, tarfile.TarInfo]], str]:
    """Members by kind, one entry a key (the path up to the first dot of the file name), and what ended the reading early, if anything."""
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
    return [kinds for kinds in groups.values() if any(kind in PICTURE_KINDS for kind in kinds)], fault


def _shard_samples(path: Path, name: str) -> Iterator[Sample | LeftOut]:
    groups, fault = _shard_members(path)
    if fault:
        yield LeftOut(name, "bad", f"the shard is damaged: {fault}")
    if not groups:
        return
    with tarfile.open(path, "r:") as shard:
        for members in groups:
            picture = next(members[kind] for kind in PICTURE_KINDS if kind in members)
            beside = {kind: _member_reader(shard, members[kind]) for kind in CAPTION_KINDS if kind in members}
            yield _sample(f"{name}/{picture.name}", picture.size, _member_reader(shard, picture), None, beside)


def _member_reader(shard: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        file = shard.extractfile(member)
        return file.read() if file is not None else b""

    return read
