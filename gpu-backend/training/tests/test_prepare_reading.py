import errno
import io
import json
import os
import tarfile
from pathlib import Path

import pytest
from raw_pictures import encoded, picture, put

from wuerstchen.pictures.left_out import LeftOut
from wuerstchen.pictures.sample import Sample
from wuerstchen.pictures.samples import count_pictures, read_samples


def samples(folder: Path) -> dict[str, tuple[str, ...]]:
    return {sample.name: sample.captions for sample in read_samples(folder) if isinstance(sample, Sample)}


def test_an_imagefolder_gives_its_captions(tmp_path: Path) -> None:
    rows = [
        {"file_name": "a.png", "text": "one"},
        {"file_name": "./b/b.png", "caption": "two"},
        {"file_name": "c.png", "captions": ["3", " 4 "]},
    ]
    for row in rows:
        put(tmp_path, row["file_name"], encoded(picture(1)), None)
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert samples(tmp_path) == {"a.png": ("one",), "b/b.png": ("two",), "c.png": ("3", "4")}


def test_text_beside_a_picture_is_one_caption_a_line(tmp_path: Path) -> None:
    put(tmp_path, "cat.webp", encoded(picture(1), "WEBP"), "\ufeffa cat\n\n  cat on a mat \na cat\n")
    assert samples(tmp_path) == {"cat.webp": ("a cat", "cat on a mat")}


def write_shard(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as shard:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            shard.addfile(entry, io.BytesIO(data))


def test_webdataset_shards_are_read_by_key(tmp_path: Path) -> None:
    write_shard(
        tmp_path / "00000.tar",
        {
            "s/001.jpg": encoded(picture(1), "JPEG"),
            "s/001.txt": b"first",
            "s/002.webp": encoded(picture(2), "WEBP"),
            "s/002.json": b'{"caption": "second"}',
            "s/003.PNG": encoded(picture(3)),
            "s/003.json": b'{"text": "third", "width": 100}',
            "s/004.cls": b"7",
        },
    )
    names = {"00000.tar/s/001.jpg": ("first",), "00000.tar/s/002.webp": ("second",), "00000.tar/s/003.PNG": ("third",)}
    assert samples(tmp_path) == names


def test_a_cut_shard_gives_what_is_whole_and_is_reported(tmp_path: Path) -> None:
    write_shard(
        tmp_path / "0.tar",
        {f"{n}.{kind}": encoded(picture(n)) if kind == "png" else b"text" for n in range(3) for kind in ("txt", "png")},
    )
    whole = (tmp_path / "0.tar").read_bytes()
    (tmp_path / "0.tar").write_bytes(whole[: len(whole) // 2])
    items = list(read_samples(tmp_path))
    assert next(item.name for item in items if isinstance(item, LeftOut)).startswith("0.tar")
    assert [item.name for item in items if isinstance(item, Sample)] == ["0.tar/0.png"]


def test_metadata_that_says_nothing_usable_is_named_by_line(tmp_path: Path) -> None:
    put(tmp_path, "a.png", encoded(picture(1)), None)
    lines = [
        '{"file_name": "a.png", "text": "fine"}',
        "{broken",
        '{"text": "no name"}',
        '{"file_name": "../a.png", "text": "x"}',
    ]
    (tmp_path / "metadata.jsonl").write_text("\n".join(lines))
    faults = [item.name for item in read_samples(tmp_path) if isinstance(item, LeftOut)]
    assert faults == ["metadata.jsonl:2", "metadata.jsonl:3", "metadata.jsonl:4"]
    assert samples(tmp_path) == {"a.png": ("fine",)}


@pytest.mark.parametrize("name", ["cat.TXT", "cat.CAPTION", "cat.JSON", "cat.Txt"])
def test_files_beside_a_picture_may_be_named_in_capitals(tmp_path: Path, name: str) -> None:
    put(tmp_path, "cat.PNG", encoded(picture(1)), None)
    (tmp_path / name).write_text('{"text": "a cat"}' if name.endswith("JSON") else "a cat")
    assert samples(tmp_path) == {"cat.PNG": ("a cat",)}


@pytest.mark.parametrize("names", [("cat.png", "cat-masklabel.PNG"), ("cat.PNG", "cat-masklabel.png")])
def test_masks_may_be_named_in_capitals(tmp_path: Path, names: tuple[str, str]) -> None:
    for name in names:
        put(tmp_path, name, encoded(picture(1)), None)
    items = list(read_samples(tmp_path))
    assert [(item.name, item.mask) for item in items] == [(names[0], encoded(picture(1)))]


def test_a_mask_that_cannot_be_read_leaves_out_its_picture_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cat.png", "cat-masklabel.png", "dog.png"):
        put(tmp_path, name, encoded(picture(1)), None)
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.name == "cat-masklabel.png":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    items = list(read_samples(tmp_path))
    assert items[0] == LeftOut("cat.png", "bad", "its mask cannot be read: Permission denied", of_picture=True)
    assert items[1].name == "dog.png"


def test_linked_folders_and_folders_that_cannot_be_read_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "elsewhere/a.png", encoded(picture(1)))
    put(tmp_path, "from/b.png", encoded(picture(2)))
    put(tmp_path, "from/closed/c.png", encoded(picture(3)))
    (tmp_path / "from" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "from" / ".hidden").symlink_to(tmp_path / "elsewhere")
    scan = os.scandir

    def refused(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    items = list(read_samples(tmp_path / "from"))
    assert [item.name for item in items if isinstance(item, Sample)] == ["b.png"]
    assert {item.name: item.detail for item in items if isinstance(item, LeftOut)} == {
        "closed": "it cannot be read: allow it, or move it away",
        "linked": "a linked folder is not read: put its pictures here",
    }
    assert count_pictures(tmp_path / "from") == 1
