"""Masks in the training of Stages A and B: black parts count by the floor, and a mask moves with its picture."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CONFIGS

from wuerstchen.config import Config, load_config
from wuerstchen.finetuning.decoder import decoder_config
from wuerstchen.training.augment import augment
from wuerstchen.training.data import PictureSet
from wuerstchen.training.distributed import Share
from wuerstchen.training.loop import StageRun
from wuerstchen.training.masks import mask_name
from wuerstchen.training.precompute import stage_a_latents
from wuerstchen.training.rehearsal import rehearsal
from wuerstchen.training.sources import imagenet_weights
from wuerstchen.training.stage_a import stage_a_run
from wuerstchen.training.stage_b import stage_b_run
from wuerstchen.training.stage_b_frozen import frozen_stage_b_run

Run = Callable[[Config, PictureSet, Path, float | None], StageRun]


def stage_a(config: Config, pictures: PictureSet, runs: Path, floor: float | None) -> StageRun:
    return stage_a_run(config, pictures, imagenet_weights(), runs, floor)


def stage_b(config: Config, pictures: PictureSet, runs: Path, floor: float | None) -> StageRun:
    if config.compressor is not None:
        return frozen_stage_b_run(config, pictures, imagenet_weights(), runs, floor)
    latents = stage_a_latents(config, pictures, runs)
    return stage_b_run(config, pictures, latents, imagenet_weights(), runs, floor)


@pytest.mark.parametrize("name", ["tiny", "tiny-alpha"])
@pytest.mark.parametrize("stage", [stage_a, stage_b])
def test_what_is_black_in_its_mask_counts_by_the_floor(name: str, stage: Run, tmp_path: Path) -> None:
    config = decoder_config(load_config(CONFIGS / f"{name}.toml"), steps=4, batch=4)
    pictures, runs = rehearsal(config, tmp_path)

    def loss(colour: int, floor: float | None) -> float:
        side = config.image_side
        np.full((len(pictures.records), side, side), colour, np.uint8).tofile(pictures.directory / mask_name(""))
        torch.manual_seed(0)
        run = stage(config, PictureSet(pictures.directory, side), runs, floor)
        run.modules.eval()
        return run.loss(1, Share())[0].item()

    plain = loss(255, None)
    assert plain > 0
    assert loss(255, 0.0) == pytest.approx(plain, rel=1e-5)
    assert loss(0, 0.0) == pytest.approx(0, abs=1e-6)
    assert 0 < loss(0, 0.5) <= plain  # of noise, the weights of a picture add up to 1
    assert loss(0, None) == pytest.approx(plain, rel=1e-5)


def test_a_mask_moves_with_its_picture() -> None:
    rng = np.random.default_rng(0)
    grey = torch.from_numpy(rng.random((64, 1, 32, 32), np.float32))
    pictures = torch.cat([grey.expand(-1, 3, -1, -1), torch.ones_like(grey), grey], dim=1)
    moved = augment(pictures, rng)
    assert torch.allclose(moved[:, 0], moved[:, 4], atol=1e-6)
    assert (moved[:, 4] != pictures[:, 4]).flatten(1).any(1).sum() > 20


def test_crops_of_masks_are_cut_where_their_pictures_are(tmp_path: Path) -> None:
    config = load_config(CONFIGS / "tiny.toml")
    pictures, _ = rehearsal(config, tmp_path)
    red = np.ascontiguousarray(np.fromfile(pictures.directory / "images.rgb", np.uint8)[::3])
    red.tofile(pictures.directory / mask_name(""))
    masked = PictureSet(pictures.directory, config.image_side)
    indices = np.arange(8)
    crops = masked.premultiplied_crops(indices, 16, 4, np.random.default_rng(0), masked=True)
    assert crops.shape == (8, 5, 16, 16)
    assert torch.equal(crops[:, 0], crops[:, 4])
    plain = masked.premultiplied_crops(indices, 16, 4, np.random.default_rng(0))
    assert torch.equal(crops[:, :4], plain)
    whole = masked.masked(indices)
    assert torch.equal(whole[:, 0], whole[:, 4])
