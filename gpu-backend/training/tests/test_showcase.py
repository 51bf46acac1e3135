import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_bundle import STAGES, TINY

from wuerstchen import showcase
from wuerstchen.config import load_config
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.tiny import tiny_tokenizer
from wuerstchen.showcase import bundle_pictures, generate_picture

MODELS = Path(__file__).parent.parent.parent.parent / "test" / "support" / "models"
ALPHA = load_config(Path(__file__).parent.parent / "configs" / "tiny-alpha.toml")


def test_a_picture_of_the_sheet_follows_from_its_prompt_and_seed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STAGES.text_encoder, "tokenizer", tiny_tokenizer())
    first, again = (generate_picture(TINY, STAGES, "red apple", 1) for _ in range(2))
    assert first.shape == (3, TINY.image_side, TINY.image_side)
    assert first.min() >= 0
    assert first.max() <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first, generate_picture(TINY, STAGES, "red apple", 2))
    assert not torch.equal(first, generate_picture(TINY, STAGES, "a blue house", 1))


def test_a_bundles_picture_follows_from_its_prompt_and_seed_alone_and_is_opaque() -> None:
    bundle = Bundle(MODELS / "tiny-alpha")
    prompts = ["red apple", "a dog", "blue heart, flat"]
    pictures = bundle_pictures(bundle, ALPHA, prompts, 1)
    assert pictures.shape == (3, 3, ALPHA.image_side, ALPHA.image_side)
    assert torch.allclose(bundle_pictures(bundle, ALPHA, prompts[1:2], 1)[0], pictures[1], atol=1e-4)
    assert not torch.allclose(bundle_pictures(bundle, ALPHA, prompts[1:2], 2)[0], pictures[1], atol=1e-2)


def test_pictures_of_two_bundles_stand_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prompts.txt").write_text("red apple\ndog\n")
    command = ["showcase", "--bundle", MODELS / "tiny-alpha", "--against", MODELS / "tiny"]
    command += ["--prompts", tmp_path / "prompts.txt", "--out", tmp_path / "sheet.png"]
    monkeypatch.setattr(sys, "argv", [str(part) for part in command])
    showcase.main()
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    cells = [np.rint(255 * _first("tiny", TINY)), np.rint(255 * _first("tiny-alpha", ALPHA))]
    for place, expected in enumerate(cells):
        left = 4 + place * (TINY.image_side + 4)
        shown = sheet[4 : 4 + TINY.image_side, left : left + TINY.image_side]
        assert np.abs(shown.astype(int) - expected).max() <= 1


def _first(name: str, config: showcase.Config) -> np.ndarray:
    picture = bundle_pictures(Bundle(MODELS / name), config, ["red apple, 3D"], 1)[0]
    return picture.permute(1, 2, 0).numpy()
