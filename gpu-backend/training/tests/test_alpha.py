import json
from pathlib import Path

import numpy as np
import pytest
import torch

from wuerstchen.models.alpha import on_background, premultiply, straight
from wuerstchen.training.data import PictureSet

SIDE = 8


def write_set(directory: Path, pixels: np.ndarray) -> None:
    """(n, side, side, channels) bytes and as many records."""
    name = "images.rgba" if pixels.shape[-1] == 4 else "images.rgb"
    (directory / name).write_bytes(pixels.tobytes())
    record = {"licence": "MIT", "style": "flat", "label": "thing", "kind": "emoji", "weight": 1, "captions": ["thing"]}
    lines = [json.dumps({**record, "id": str(number), "held_out": number == 0}) for number in range(len(pixels))]
    (directory / "records.jsonl").write_text("\n".join(lines) + "\n")


def random_rgba(count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE, 4), np.uint8)


def test_a_transparent_set_is_read_on_white_as_pillow_composes_it(tmp_path: Path) -> None:
    from PIL import Image

    rgba = random_rgba()
    write_set(tmp_path, rgba)
    pictures = PictureSet(tmp_path, SIDE)
    white = Image.new("RGBA", (SIDE, SIDE), "white")
    for number, picture in enumerate(rgba):
        expected = np.asarray(Image.alpha_composite(white, Image.fromarray(picture)).convert("RGB")).astype(int)
        assert np.abs(pictures.pixels[number].astype(int) - expected).max() <= 1
    assert pictures.images(np.array([1, 2])).shape == (2, 3, SIDE, SIDE)
    assert pictures.crops(np.array([1, 2]), 4, 2, np.random.default_rng(0))[0].shape == (2, 3, 4, 4)


def test_what_lies_behind_full_transparency_does_not_matter(tmp_path: Path) -> None:
    rgba = random_rgba(2)
    rgba[..., 3] = 0
    write_set(tmp_path, rgba)
    assert PictureSet(tmp_path, SIDE).premultiplied(np.array([0, 1])).abs().max() == 0


def test_an_opaque_set_has_an_alpha_of_one(tmp_path: Path) -> None:
    write_set(tmp_path, random_rgba()[..., :3])
    pictures = PictureSet(tmp_path, SIDE)
    image = pictures.premultiplied(np.array([1]))
    assert pictures.rgba is None
    assert torch.equal(image[:, :3], pictures.images(np.array([1])))
    assert torch.equal(image[:, 3:], torch.ones(1, 1, SIDE, SIDE))


def test_a_set_with_half_a_picture_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path, random_rgba())
    (tmp_path / "images.rgba").write_bytes(b"1234")
    with pytest.raises(ValueError, match="holds no whole number of pictures of 8x8"):
        PictureSet(tmp_path, SIDE)


def test_straight_alpha_survives_premultiplying_and_back() -> None:
    image = torch.rand(2, 4, 5, 6)
    image[:, 3] = image[:, 3] * 0.9 + 0.1
    assert torch.allclose(straight(premultiply(image)), image, atol=1e-5)


def test_straight_pictures_stay_in_range_whatever_a_network_says() -> None:
    image = straight(torch.randn(2, 4, 8, 8) * 3)
    assert image.min() >= 0 and image.max() <= 1
    assert image[:, :3][(image[:, 3:] == 0).expand(-1, 3, -1, -1)].abs().max() == 0


def test_a_picture_over_a_background_is_the_mean_of_both_by_alpha() -> None:
    image = torch.tensor([0.2, 0.4, 0.6, 0.25]).view(1, 4, 1, 1)
    assert torch.allclose(on_background(premultiply(image), 1.0).flatten(), torch.tensor([0.8, 0.85, 0.9]))
