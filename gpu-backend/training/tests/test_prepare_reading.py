import io
import json
import tarfile
from pathlib import Path

from raw_pictures import encoded, picture, put

from wuerstchen.pictures.left_out import LeftOut
from wuerstchen.pictures.samples import Sample, read_samples


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
