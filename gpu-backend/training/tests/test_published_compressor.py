"""The compressor and the previewer. diffusers has neither; torchvision 0.28's EfficientNetV2-S gave the golden
values.
"""

import hashlib

import pytest
import torch
from torch import nn

from wuerstchen.published.build import build_stage
from wuerstchen.published.compressor import IMAGE_MEAN, IMAGE_STD, Compressor, efficientnet_v2_s_features
from wuerstchen.published.configs import V2
from wuerstchen.published.tiny import randomise

# sha256 over the lines "name shape" of efficientnet_v2_s().features.state_dict().
NAMES_AND_SHAPES = "643b00f4aa4a64829db6e78ce1d4b81c2fcbd5cb94c350c4f2f9f5d8f92d7b76"


def with_golden_weights(network: nn.Module) -> torch.Generator:
    """Fills the weights in the order of their names and returns the generator, to draw a picture from."""
    generator = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if tensor.dim() == 4:
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * tensor[0].numel() ** -0.5)
        elif name.endswith("running_var"):
            tensor.fill_(1.0)
        elif name.endswith(("running_mean", "bias")):
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.1)
    return generator


def test_the_backbone_has_torchvisions_names_and_shapes() -> None:
    with torch.device("meta"):
        state = efficientnet_v2_s_features().state_dict()
    lines = "\n".join(f"{name} {tuple(tensor.shape)}" for name, tensor in state.items())
    assert hashlib.sha256(lines.encode()).hexdigest() == NAMES_AND_SHAPES


def test_the_backbone_gives_torchvisions_features() -> None:
    features = efficientnet_v2_s_features().eval()
    generator = with_golden_weights(features)
    image = torch.rand((1, 3, 64, 96), generator=generator)
    with torch.no_grad():
        given = features(image)
    assert given.shape == (1, 1280, 2, 3)
    assert given.mean().item() == pytest.approx(0.1038240418, rel=1e-4)
    assert given.std().item() == pytest.approx(0.3235277533, rel=1e-4)
    expected = [-0.2754341960, -0.2766900957, -0.2784112394, 0.2552643716, 0.3158394992, 0.2347219288]
    assert given[0, :2, 0].flatten().tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("side", "cells"), [(384, 12), (768, 24), (786, 25)])
def test_the_latent_has_a_cell_for_every_32_pixels(side: int, cells: int) -> None:
    compressor = build_stage("v2", "compressor", "meta").eval()
    assert compressor(torch.empty(1, 3, side, side, device="meta")).shape == (1, 16, cells, cells)


def test_a_compressor_normalises_its_input_itself() -> None:
    torch.manual_seed(0)
    compressor, image = randomise(Compressor(V2.compressor), 0), torch.rand(1, 3, 64, 64)
    normalised = (image - torch.tensor(IMAGE_MEAN)[None, :, None, None]) / torch.tensor(IMAGE_STD)[None, :, None, None]
    with torch.no_grad():
        assert torch.allclose(compressor(image), compressor.mapper(compressor.backbone(normalised)), atol=1e-5)


def test_only_the_compressor_of_v2_has_a_scale_and_a_shift() -> None:
    assert build_stage("v2", "compressor", "meta").mapper[1].affine
    assert not build_stage("cascade-large", "compressor", "meta").mapper[1].affine


def test_a_preview_has_eight_pixels_a_cell() -> None:
    previewer = build_stage("cascade-lite", "previewer", "meta").eval()
    assert previewer(torch.empty(2, 16, 24, 36, device="meta")).shape == (2, 3, 192, 288)
    assert {name.split(".")[1] for name, _ in previewer.named_parameters()} == {
        str(index) for index in range(25) if index % 3 != 1
    }
