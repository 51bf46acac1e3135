import math
from pathlib import Path

import pytest
import torch
from conftest import CONFIGS
from torch import nn

from wuerstchen.config import load_config
from wuerstchen.training.codebook_use import CodebookUse
from wuerstchen.training.discriminator import Adversary, Discriminator
from wuerstchen.training.distributed import Share


def images(seed: int, side: int = 32) -> torch.Tensor:
    return torch.rand((4, 3, side, side), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("crop", "cells"), [(32, 4), (64, 4), (256, 4), (512, 8)])
def test_the_discriminator_judges_patches_however_small_the_crop(crop: int, cells: int) -> None:
    assert Discriminator(crop)(images(0, crop)[:1]).shape == (1, 1, cells, cells)


def test_a_layer_of_the_discriminator_never_stretches_its_input() -> None:
    discriminator = Discriminator(32)
    for layer in (discriminator.first, *discriminator.layers):
        with torch.no_grad():
            layer.weight.mul_(50)
            for _ in range(20):
                discriminator(images(0))  # each pass in training refines the estimate of the norm
            assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_the_generator_s_loss_teaches_the_picture_and_not_the_discriminator() -> None:
    adversary, output = Adversary(32, 0), images(1).requires_grad_()
    buffers = {name: buffer.clone() for name, buffer in adversary.discriminator.named_buffers()}
    adversary.deceive(images(0), output).backward()
    assert output.grad is not None and output.grad.abs().max() > 0
    assert all(parameter.grad is None for parameter in adversary.discriminator.parameters())
    assert all(torch.equal(buffer, buffers[name]) for name, buffer in adversary.discriminator.named_buffers())


def test_the_discriminator_learns_to_tell_real_from_made() -> None:
    torch.manual_seed(0)
    adversary = Adversary(32, 0)
    optimiser = torch.optim.AdamW(adversary.discriminator.parameters(), lr=2e-3)
    for step in range(24):
        adversary.deceive(images(0), images(1))
        loss, _ = adversary.critic.loss(step, Share())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.7 * math.log(2)  # log 2: it cannot tell


def test_unused_codes_move_onto_latents_and_used_ones_stay() -> None:
    use, vectors = CodebookUse(4), nn.Parameter(torch.zeros(4, 2))
    latent = torch.full((1, 2, 3, 3), 7.0)
    use.mark(torch.tensor([[[0, 2]]]), latent)
    use.revive(vectors, step=48, steps=1000, generator=torch.Generator())
    assert vectors.abs().max() == 0  # not a fiftieth step
    use.revive(vectors, step=49, steps=1000, generator=torch.Generator())
    assert vectors.tolist() == [[0, 0], [7, 7], [0, 0], [7, 7]]
    assert not use.used.any()


def test_codes_hold_still_in_the_last_part_of_a_run() -> None:
    use, vectors = CodebookUse(4), nn.Parameter(torch.zeros(4, 2))
    use.mark(torch.tensor([[[0]]]), torch.ones(1, 2, 1, 1))
    use.revive(vectors, step=649, steps=1000, generator=torch.Generator())
    assert vectors.abs().max() == 0


def test_a_configuration_names_the_precision_that_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text((CONFIGS / "tiny.toml").read_text().replace("[train_a]\n", '[train_a]\nprecision = "float8"\n'))
    with pytest.raises(ValueError, match=r"train_a\.precision must be one of float32, bfloat16, not 'float8'"):
        load_config(path)
