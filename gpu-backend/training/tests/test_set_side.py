"""A set that was prepared for another model says so, instead of counting its pictures wrongly."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from raw_pictures import MIXED, SQUARE, folder_of, set_of

from wuerstchen.pictures.prepare import prepare
from wuerstchen.training.data import PictureSet
from wuerstchen.training.set_side import made_side, square_side

SENTENCE = r"set was prepared for pictures of {} pixels a side, and this model takes {}: prepare it with --config of"


@pytest.mark.parametrize("reported", [True, False], ids=["by its report", "by its file"])
@pytest.mark.parametrize("side", [32, 96, 128])
def test_squares_of_another_size_are_named(tmp_path: Path, side: int, reported: bool) -> None:
    prepare(folder_of(tmp_path), tmp_path / "set", dataclasses.replace(SQUARE, side=side, buckets=((side, side),)))
    if not reported:
        (tmp_path / "set" / "report.json").unlink()
    assert square_side(tmp_path / "set") == side
    with pytest.raises(ValueError, match=SENTENCE.format(side, 64)):
        PictureSet(tmp_path / "set", 64)


def test_buckets_for_another_model_are_named(tmp_path: Path) -> None:
    directory = set_of(tmp_path, ["a", "b", "c"], MIXED, size=(300, 90))
    assert square_side(directory) == 0
    with pytest.raises(ValueError, match=SENTENCE.format(64, 128)):
        PictureSet(directory, 128)
    assert len(PictureSet(directory, 0).records) == 3


def test_a_set_that_lost_pictures_is_not_taken_for_another_models(tmp_path: Path) -> None:
    prepare(folder_of(tmp_path), tmp_path / "set", SQUARE)
    (tmp_path / "set" / "images.rgb").write_bytes(bytes(5 * 64 * 64 * 3))
    with pytest.raises(ValueError, match="5 pictures but 6 records; build the set again"):
        PictureSet(tmp_path / "set", 64)
    (tmp_path / "set" / "images.rgb").write_bytes(bytes(1234))
    with pytest.raises(ValueError, match="holds no whole number of pictures of 64x64: prepare the set again"):
        PictureSet(tmp_path / "set", square_side(tmp_path / "set"))


@pytest.mark.parametrize("report", ["", "{", "[]", "{}", '{"settings": []}', '{"settings": {"side": "64"}}'])
def test_a_report_that_says_nothing_leaves_it_to_the_file(tmp_path: Path, report: str) -> None:
    (tmp_path / "report.json").write_text(report)
    assert made_side(tmp_path, 2) is None
    (tmp_path / "images.rgba").write_bytes(np.zeros((2, 48, 48, 4), np.uint8).tobytes())
    assert made_side(tmp_path, 2) == 48
    assert made_side(tmp_path, 3) is None
