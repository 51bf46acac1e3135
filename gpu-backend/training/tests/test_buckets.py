import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from wuerstchen.config import CurriculumConfig, load_config
from wuerstchen.train import train_stage
from wuerstchen.training.contact_sheet import write_grid
from wuerstchen.training.data import PictureSet
from wuerstchen.training.precompute import map_pictures
from wuerstchen.training.records import Record
from wuerstchen.training.stage_c import choose_caption, curriculum_draw

TINY = load_config(Path(__file__).parent.parent / "configs" / "tiny.toml")
SHAPES = {"64x64": 30, "96x32": 10}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty squares and ten wide pictures; records stand in another order than rows. Every byte of a picture is
    its record's number.
    """
    directory, rows = tmp_path_factory.mktemp("mixed"), dict.fromkeys(SHAPES, 0)
    buckets = (
        np.random.default_rng(0).permutation([name for name, count in SHAPES.items() for _ in range(count)]).tolist()
    )
    pixels: dict[str, list[np.ndarray]] = {name: [] for name in SHAPES}
    records = []
    for number, bucket in enumerate(buckets):
        width, height = map(int, bucket.split("x"))
        pixels[bucket].append(np.full((height, width, 3), 39 - number, np.uint8))
        record = Record(
            f"id{number}",
            "own",
            "",
            f"p{number}",
            "picture",
            1.0,
            ("one", "two"),
            bucket,
            rows[bucket],
            number % 5 == 4,
        )
        records.append(json.dumps(dataclasses.asdict(record)))
        rows[bucket] += 1
    for bucket, arrays in pixels.items():
        (directory / f"images-{bucket}.rgb").write_bytes(np.stack(arrays).tobytes())
    (directory / "records.jsonl").write_text("\n".join(reversed(records)) + "\n")
    return directory


def test_a_batch_has_one_shape_and_buckets_come_up_in_proportion_to_their_size(mixed: Path) -> None:
    pictures, rng = PictureSet(mixed, 64), np.random.default_rng(0)
    shapes = [pictures.images(pictures.draw(4, rng)).shape for _ in range(400)]
    assert set(shapes) == {(4, 3, 64, 64), (4, 3, 32, 96)}
    wide = np.mean(pictures.bucket_of[pictures.train] == "96x32")
    assert shapes.count((4, 3, 32, 96)) / 400 == pytest.approx(wide, abs=0.06)


def test_every_picture_is_read_by_its_number_from_its_bucket(mixed: Path) -> None:
    pictures = PictureSet(mixed, 64)
    assert all((pictures.images(np.array([number])) * 255 == number).all() for number in range(40))


def test_a_batch_across_buckets_is_refused_with_their_names(mixed: Path) -> None:
    with pytest.raises(ValueError, match="64x64, 96x32"):
        PictureSet(mixed, 64).images(np.arange(40))


def test_what_is_computed_of_a_picture_is_found_under_its_number(mixed: Path, tmp_path: Path) -> None:
    pictures = PictureSet(mixed, 64)
    for _ in range(2):  # computed, then read from the files
        means = map_pictures(pictures, tmp_path / "means", lambda image: image.mean((2, 3)) * 255, "means")
        assert all(np.allclose(means[number], number, atol=0.1) for number in range(40))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "means-64x64.key",
        "means-64x64.npy",
        "means-96x32.key",
        "means-96x32.npy",
    ]


def test_the_written_split_is_kept_and_evaluation_takes_the_fullest_bucket(mixed: Path) -> None:
    pictures = PictureSet(mixed, 64)
    assert pictures.held_out.tolist() == list(range(0, 40, 5))
    assert set(pictures.bucket_of[pictures.held_out_batch(99)]) == {"64x64"}


def test_the_curriculum_keeps_a_batch_in_one_bucket(mixed: Path) -> None:
    pictures = PictureSet(mixed, 64)
    concepts = tuple(pictures.records[i].label for i in pictures.train)
    draw, rng = curriculum_draw(CurriculumConfig(0, 0.8, ("",), concepts), pictures), np.random.default_rng(0)
    assert all(len(set(pictures.bucket_of[draw(0, 8, rng)])) == 1 for _ in range(50))


def test_crops_stay_inside_pictures_that_are_not_square(mixed: Path) -> None:
    pictures, rng = PictureSet(mixed, 64), np.random.default_rng(0)
    wide = pictures.rows_of("96x32")
    crops, corners = pictures.crops(wide, 32, 16, rng)
    assert crops.shape == (10, 3, 32, 32)
    assert corners[:, 0].max() == 0
    assert corners[:, 1].max() == 64


def test_a_crop_keeps_a_side_that_is_shorter_whole(mixed: Path) -> None:
    pictures, rng = PictureSet(mixed, 64), np.random.default_rng(0)
    crops, corners = pictures.crops(pictures.rows_of("96x32"), 64, 16, rng)
    assert crops.shape == (10, 3, 32, 64)
    assert corners[:, 0].max() == 0
    assert corners[:, 1].max() == 32


def test_a_file_that_lost_pictures_is_named(mixed: Path, tmp_path: Path) -> None:
    for path in mixed.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "images-96x32.rgb").write_bytes(bytes(96 * 32 * 3 * 9))
    with pytest.raises(ValueError, match=r"images-96x32\.rgb: 9 pictures but 10 records"):
        PictureSet(tmp_path, 64)


def test_captions_of_pictures_without_a_style_come_up_alike() -> None:
    rng = np.random.default_rng(0)
    chosen = [choose_caption([7, 8], rng, styled=False) for _ in range(400)]
    assert 0.4 < chosen.count(7) / 400 < 0.6


def test_a_contact_sheet_holds_wide_pictures_whole(tmp_path: Path) -> None:
    write_grid(tmp_path / "sheet.png", torch.rand(3, 3, 32, 96), 2, ["a", "b", "c"])
    assert Image.open(tmp_path / "sheet.png").size == (2 * 100 + 4, 2 * 50 + 4)


def test_all_stages_train_on_several_shapes(mixed: Path, tmp_path: Path) -> None:
    changes = {
        "a": {"crop_pixels": 64, "adversarial_from_step": 4, "adversarial_weight": 0.01},
        "b": {"crop_pixels": 64},
        "c": {},
    }
    short = {
        f"train_{stage}": dataclasses.replace(getattr(TINY, f"train_{stage}"), steps=8, **changed)
        for stage, changed in changes.items()
    }
    pictures = PictureSet(mixed, 64)
    config = dataclasses.replace(TINY, text=dataclasses.replace(TINY.text, width=384), **short)
    assert all(train_stage(stage, config, pictures, tmp_path) for stage in "abc")
