"""Folders whose names begin with a number repeat their pictures, and every page that shows a set says so."""

import json
import os
from pathlib import Path

import pytest
from raw_pictures import SQUARE, encoded, picture, put
from rich.console import Console

from wuerstchen.pictures.prepare import prepare
from wuerstchen.pictures.repeats import repeats_of
from wuerstchen.prepare import show
from wuerstchen.training.data import PictureSet

NAMES = ["plain/a.png", "10_lamps/b.png", "2_x/3_y/c.png", "0_none/d.png", "2x/e.png", "2024_photos/f.png"]
REPEATED = [
    {"folder": "10_lamps", "times": 10, "pictures": 1},
    {"folder": "2_x/3_y", "times": 6, "pictures": 1},
]


def prepared(tmp_path: Path, names: list[str], language: str = "en") -> dict:
    for number, name in enumerate(names):
        put(tmp_path / "from", name, encoded(picture(number)))
    return prepare(tmp_path / "from", tmp_path / "set", SQUARE, language=language)


@pytest.mark.parametrize(
    ("name", "folder", "times"),
    [
        ("50_a/50_b/x.png", "50_a/50_b", 100),
        ("100_lamps/a.png", "100_lamps", 100),
        ("101_lamps/a.png", "", 1),
        ("2024_photos/a.png", "", 1),
        ("2024_photos/3_y/a.png", "2024_photos/3_y", 3),
        ("2_x/deep/er/a.png", "2_x", 2),
        ("1_x/a.png", "", 1),
        ("10_lamps.png", "", 1),
        ("0.tar/5_x/a.png", "0.tar/5_x", 5),
    ],
)
def test_a_number_up_to_a_hundred_before_an_underscore_repeats(name: str, folder: str, times: int) -> None:
    assert repeats_of(name) == (folder, times)


def test_a_folder_that_begins_with_a_number_repeats_its_pictures(tmp_path: Path) -> None:
    prepared(tmp_path, NAMES)
    weights = {record.file: record.weight for record in PictureSet(tmp_path / "set", 64).records}
    assert [weights[name] for name in NAMES] == [1, 10, 6, 1, 1, 1]


def test_the_report_the_terminal_and_the_page_name_repeated_folders(tmp_path: Path) -> None:
    report = prepared(tmp_path, NAMES)
    assert report["repeated"] == REPEATED
    assert json.loads((tmp_path / "set" / "report.json").read_text())["repeated"] == REPEATED
    page = (tmp_path / "set" / "preview.html").read_text(encoding="utf-8")
    assert "pictures count several times: 10_lamps ×10, 2_x/3_y ×6." in page
    console = Console(record=True, width=140, file=open(os.devnull, "w"))  # noqa: SIM115
    show(report, tmp_path / "set", console)
    lines = [" ".join(line.replace("│", " ").split()) for line in console.export_text().splitlines()]
    assert "10_lamps 10 1" in lines
    assert "2_x/3_y 6 1" in lines


def test_a_japanese_page_names_them_too_and_a_set_without_them_says_nothing(tmp_path: Path) -> None:
    prepared(tmp_path, ["5_<b>/a.png", "b.png"], "ja")
    page = (tmp_path / "set" / "preview.html").read_text(encoding="utf-8")
    assert "フォルダー名の先頭の数だけ、画像を繰り返し数えます：5_&lt;b&gt; ×5。" in page
    report = prepared(tmp_path / "plain", ["a.png", "b.png"])
    assert report["repeated"] == []
    assert "several times" not in (tmp_path / "plain" / "set" / "preview.html").read_text(encoding="utf-8")
