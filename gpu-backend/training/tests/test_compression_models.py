"""Ratios of compression by the model's own compressor: fewer cells, the same networks, a latent of unit variance."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import CONFIGS

from wuerstchen.config import load_config
from wuerstchen.evaluation.compression_models import DirectRatio, NoiseRatio, trained_ratio
from wuerstchen.training.data import PictureSet


def context_of(name: str, directory: Path) -> SimpleNamespace:
    """What a ratio reads of a report's context, before Stage A."""
    config = load_config(CONFIGS / name)
    return SimpleNamespace(config=config, pictures=PictureSet(directory, config.image_side))


@pytest.mark.parametrize(("share", "cells"), [(1.0, 4), (0.5, 2), (0.25, 1)])
def test_a_smaller_input_gives_fewer_cells_and_whole_pictures(
    pictures_directory: Path, share: float, cells: int
) -> None:
    context = context_of("tiny-alpha.toml", pictures_directory)
    model = trained_ratio(context, share, 3, 4)
    assert isinstance(model, DirectRatio)
    latent, made = model.reconstruct(context.pictures.held_out)
    assert latent.shape[2:] == (cells, cells)
    assert made.shape == (len(latent), 3, 64, 64)
    assert 0 <= made.min() <= made.max() <= 1
    seen, _ = model.reconstruct(context.pictures.train)
    assert seen.mean((0, 2, 3)).abs().max() < 0.5
    assert seen.std((0, 2, 3)).sub(1).abs().max() < 0.5


def test_more_steps_restore_more(pictures_directory: Path) -> None:
    context = context_of("tiny-alpha.toml", pictures_directory)
    image, rows = context.pictures.images(context.pictures.held_out), context.pictures.held_out
    errors = [(trained_ratio(context, 1.0, steps, 8).reconstruct(rows)[1] - image).pow(2).mean() for steps in (1, 60)]
    assert errors[1] < 0.7 * errors[0]


def test_a_model_without_a_compressor_of_its_own_is_measured_by_the_noise_loss(pictures_directory: Path) -> None:
    context = context_of("tiny.toml", pictures_directory)
    context.stages = SimpleNamespace(
        stage_a=SimpleNamespace(encode=lambda image: torch.zeros(len(image), 4, 16, 16), decode=lambda z: z[:, :3])
    )
    model = trained_ratio(context, 0.5, 1, 2)
    assert isinstance(model, NoiseRatio)
    assert model.reconstruct(np.array([0, 1]))[0].shape[2:] == (2, 2)
