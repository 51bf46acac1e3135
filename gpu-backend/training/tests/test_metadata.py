"""Tables of captions as people have them: from Excel and Notepad, in capitals, with several lines a picture."""

import json
from pathlib import Path

import pytest
from raw_pictures import encoded, picture, put

from wuerstchen.pictures.left_out import LeftOut
from wuerstchen.pictures.sample import Sample
from wuerstchen.pictures.samples import read_samples

Read = tuple[dict[str, tuple[str, ...]], dict[str, str]]


def read(folder: Path) -> Read:
    """Captions of pictures, and what was left out and why."""
    items = list(read_samples(folder))
    captions = {item.name: item.captions for item in items if isinstance(item, Sample)}
    return captions, {item.name: item.detail for item in items if isinstance(item, LeftOut)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate(("a.png", "b.png")):
        put(tmp_path, name, encoded(picture(number)), None)
    return tmp_path


TABLE = 'file_name,text,label\na.png,"one, of two",x\nb.png,two; of two,\n'
BOTH = {"a.png": ("one, of two",), "b.png": ("two; of two",)}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_every_separator_and_encoding_of_a_table_is_read(folder: Path, encoding: str, separator: str) -> None:
    rows = [["file_name", "text", "label"], ["a.png", '"one, of two"', "x"], ["b.png", '"two; of two"', ""]]
    table = "\r\n".join(separator.join(row) for row in rows)
    start = b"\xfe\xff" if encoding == "utf-16-be" else b""
    (folder / "metadata.csv").write_bytes(start + table.encode(encoding))
    assert read(folder) == (BOTH, {})


@pytest.mark.parametrize("first", ["name|text", "file name,text", "", "x" * 200_000, "file_name\0,text"])
def test_a_table_without_a_column_of_file_names_is_left_out_by_one_sentence(folder: Path, first: str) -> None:
    (folder / "metadata.csv").write_text(f"{first}\na.png|one\nb.png|two\n")
    sentence = "no column of the first line is called 'file_name', between commas, semicolons or tabs"
    assert read(folder) == ({"a.png": (), "b.png": ()}, {"metadata.csv:1": sentence})


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl"])
def test_half_a_utf_16_file_is_left_out_by_one_sentence(folder: Path, name: str) -> None:
    (folder / name).write_bytes(TABLE.encode("utf-16")[:-1])
    faults = read(folder)[1]
    assert list(faults) == [f"{name}:1"]
    assert faults[f"{name}:1"].startswith("the file begins as UTF-16 text and is none: save it as UTF-8")


def test_lines_and_files_beside_a_picture_may_be_utf_16_too(folder: Path) -> None:
    (folder / "metadata.jsonl").write_text(json.dumps({"file_name": "a.png", "text": "犬"}), "utf-16")
    (folder / "b.txt").write_text("猫\n", "utf-16")
    assert read(folder) == ({"a.png": ("犬",), "b.png": ("猫",)}, {})


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl"])
def test_several_lines_of_one_picture_add_up(folder: Path, name: str) -> None:
    rows = [("a.png", "one"), ("b.png", "two"), ("./a.png", "another"), ("a.png", "one")]
    lines = ["file_name,text", *map(",".join, rows)]
    if name == "metadata.jsonl":
        lines = [json.dumps({"file_name": file, "text": text}) for file, text in rows]
    (folder / name).write_text("\n".join(lines))
    assert read(folder) == ({"a.png": ("one", "another"), "b.png": ("two",)}, {})


def test_two_tables_of_one_picture_add_up(folder: Path) -> None:
    (folder / "metadata.csv").write_text("file_name,text,label\na.png,one,\nb.png,two,\n")
    (folder / "metadata.jsonl").write_text('{"file_name": "a.png", "text": "another", "label": "lamp"}')
    assert read(folder) == ({"a.png": ("one", "another"), "b.png": ("two",)}, {})
    assert [item.label for item in read_samples(folder) if isinstance(item, Sample)] == ["lamp", ""]


@pytest.mark.parametrize("name", ["Metadata.csv", "METADATA.CSV", "METADATA.JSONL"])
def test_names_of_tables_may_stand_in_capitals(folder: Path, name: str) -> None:
    lines = "\n".join(json.dumps({"file_name": f"{one}.png", "text": one}) for one in "ab")
    (folder / name).write_text("file_name,text\na.png,a\nb.png,b\n" if name.lower().endswith("csv") else lines)
    assert read(folder) == ({"a.png": ("a",), "b.png": ("b",)}, {})
