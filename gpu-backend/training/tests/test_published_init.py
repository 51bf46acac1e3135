"""New networks start as the authors' do: as the identity, or at zero, with every path ready to learn."""

import math

import pytest
import torch
from torch import Tensor, nn

from wuerstchen.published.blocks import Attention, ResBlock, TimestepBlock, initialise
from wuerstchen.published.cascade import CascadeUNet
from wuerstchen.published.stage_a import MixBlock, PaellaVQ
from wuerstchen.published.stage_b import DiffNeXt
from wuerstchen.published.stage_c import Prior
from wuerstchen.published.tiny import TINY_CASCADE_B, TINY_CASCADE_C, TINY_DIFFNEXT, TINY_PAELLA_VQ, TINY_PRIOR


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def bound(linear: nn.Linear, gain: float = 1.0) -> float:
    """The largest value that Xavier's uniform distribution can give."""
    return gain * math.sqrt(6 / (linear.in_features + linear.out_features))


def reaches(weight: Tensor, limit: float) -> bool:
    """Whether the largest of many uniform draws lies just under `limit`."""
    return 0.97 * limit < weight.abs().max().item() <= limit


def test_a_new_stage_c_predicts_its_input_as_noise() -> None:
    x = torch.randn(2, 16, 6, 6)
    with torch.no_grad():
        noise = Prior(TINY_PRIOR).eval()(x, torch.rand(2), torch.randn(2, 9, 32))
    assert torch.allclose(noise, x / 1.00001, atol=1e-7)


def test_a_new_stage_b_has_a_zero_a_head_and_a_b_head_of_one_half() -> None:
    decoder, x = DiffNeXt(TINY_DIFFNEXT).eval(), torch.randn(1, 4, 32, 32)
    with torch.no_grad():
        noise = decoder(x, torch.rand(1), torch.randn(1, 16, 3, 3), torch.randn(1, 9, 32))
    assert torch.allclose(noise, 2 * x)


@pytest.mark.parametrize(("config", "side"), [(TINY_CASCADE_C, 4), (TINY_CASCADE_B, 32)])
def test_a_new_cascade_network_predicts_no_noise(config: object, side: int) -> None:
    unet = CascadeUNet(config).eval()
    inputs = {"text": torch.randn(1, 9, 32), "image": torch.randn(1, 1, 32)} if config is TINY_CASCADE_C else {}
    with torch.no_grad():
        noise = unet(
            torch.randn(1, unet.config.latent_channels, side, side), torch.rand(1), torch.randn(1, 1, 32), **inputs
        )
    assert not noise.any()


@pytest.mark.parametrize(
    ("network", "residual_layers"),
    [
        (Prior(TINY_PRIOR), 2),
        (DiffNeXt(TINY_DIFFNEXT), 5),
        (CascadeUNet(TINY_CASCADE_C), 2),
        (CascadeUNet(TINY_CASCADE_B), 4),
    ],
    ids=["prior", "diffnext", "cascade-c", "cascade-b"],
)
def test_the_last_linear_of_every_residual_block_is_scaled_once(network: nn.Module, residual_layers: int) -> None:
    blocks = [child for child in network.modules() if isinstance(child, ResBlock)]
    assert len(blocks) > 0
    for block in blocks:
        expand, reduce = block.channelwise[0], block.channelwise[4]
        assert reaches(expand.weight, bound(expand))
        assert reaches(reduce.weight, bound(reduce, math.sqrt(1 / residual_layers)))
        assert not block.channelwise[2].gamma.any()
        assert not expand.bias.any()


def test_film_starts_as_the_identity() -> None:
    unet, x = CascadeUNet(TINY_CASCADE_C), torch.randn(1, 3, 3, 64)
    blocks = [child for child in unet.modules() if isinstance(child, TimestepBlock)]
    assert len(blocks) == 4
    for block in blocks:
        assert torch.equal(block(x, torch.randn(1, 192)), x)


def test_queries_keys_and_values_start_as_one_packed_matrix_would() -> None:
    attention, packed = nn.Sequential(Attention(64, 4, 0.0)), torch.empty(192, 64)
    initialise(attention, 1)
    nn.init.xavier_uniform_(packed)
    limit = packed.abs().max().item()
    for projection in (attention[0].to_q, attention[0].to_k, attention[0].to_v):
        assert projection.weight.abs().max().item() == pytest.approx(limit, rel=0.02)
    assert reaches(attention[0].to_out[0].weight, bound(attention[0].to_out[0]))


def test_conditioning_starts_small() -> None:
    prior, decoder, unet = Prior(TINY_PRIOR), DiffNeXt(TINY_DIFFNEXT), CascadeUNet(TINY_CASCADE_B)
    normal = [
        prior.projection,
        prior.cond_mapper[0],
        prior.cond_mapper[2],
        decoder.clip_mapper,
        decoder.effnet_mappers[6],
    ]
    normal += [unet.clip_txt_pooled_mapper, unet.effnet_mapper[0], unet.effnet_mapper[2], unet.pixels_mapper[0]]
    for layer in normal:
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.2)
    for network in (decoder, unet):
        limit = 0.02 * math.sqrt(6 / (16 + 16))
        assert reaches(network.embedding[1].weight, limit)


def test_a_new_mix_block_of_stage_a_is_the_identity() -> None:
    x = torch.randn(1, 8, 5, 6)
    assert torch.equal(MixBlock(8)(x), x)


def test_a_new_codebook_is_spread_over_one_step_of_its_size() -> None:
    assert reaches(PaellaVQ(TINY_PAELLA_VQ).vquantizer.embedding.weight, 1 / 64)


def test_the_gradient_reaches_every_parameter_of_a_stage_after_one_step() -> None:
    prior = Prior(TINY_PRIOR)
    optimiser = torch.optim.SGD(prior.parameters(), lr=1.0)
    for _ in range(3):  # the head opens first, then the residual branches, then what stands before zero weights
        optimiser.zero_grad()
        prior(torch.randn(1, 16, 4, 4), torch.rand(1), torch.randn(1, 9, 32)).sub(1).pow(2).mean().backward()
        optimiser.step()
    keys_without_gradient = {"attention.to_k.bias"}  # a constant added to all scores of a row changes no weight
    for name, parameter in prior.named_parameters():
        assert parameter.grad is not None
        assert parameter.grad.any() or name.split(".", 2)[-1] in keys_without_gradient, name
