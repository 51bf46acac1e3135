"""Every network gives what diffusers' gives, from the same weights, with every path alive. float32, 1e-5."""

from collections.abc import Callable

import pytest
import torch
from published_reference import cascade_b, cascade_c, diffnext, largest_difference, paella_vq, prior
from torch import Tensor
from torch.nn import Module

from wuerstchen.models.blocks import timestep_embedding
from wuerstchen.published.build import count_parameters

TOLERANCE = 1e-5


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(1)


def embedding(t: Tensor) -> Tensor:
    return timestep_embedding(t, 64)


@pytest.mark.parametrize("side", [(24, 24), (12, 18)])
@torch.no_grad()
def test_the_heads_of_stage_c_equal_diffusers(side: tuple[int, int]) -> None:
    ours, theirs = prior()
    x, t, text = torch.randn(2, 16, *side), torch.tensor([1.0, 0.3]), torch.randn(2, 77, 32)
    outputs = []
    theirs.out.register_forward_hook(lambda module, inputs, output: outputs.append(output))
    theirs(x, t, text)
    expected_a, expected_b = outputs[0].chunk(2, dim=1)
    a, d = ours.heads(x, embedding(t), text)
    assert largest_difference(a, expected_a) < TOLERANCE
    assert largest_difference(d, (1 - expected_b).abs() + 1e-5) < TOLERANCE


@torch.no_grad()
def test_stage_c_divides_its_heads_as_diffusers_does() -> None:
    ours, theirs = prior()
    for network in (ours, theirs):
        network.out[1].weight.mul_(0.2)  # keeps B away from 1, where the quotient is singular
    x, t, text = torch.randn(2, 16, 12, 18), torch.tensor([0.9, 0.1]), torch.randn(2, 77, 32)
    assert largest_difference(ours(x, t, text), theirs(x, t, text)) < TOLERANCE


@pytest.mark.parametrize(("side", "cells"), [((64, 64), (6, 6)), ((96, 64), (9, 6))])
@torch.no_grad()
def test_the_heads_and_the_noise_of_stage_b_equal_diffusers(side: tuple[int, int], cells: tuple[int, int]) -> None:
    ours, theirs = diffnext()
    x, t, text = torch.randn(2, 4, *side), torch.tensor([1.0, 0.3]), torch.randn(2, 77, 32)
    latent = torch.randn(2, 16, *cells)
    expected_a, expected_b = theirs(x, t, latent, text, return_noise=False)
    a, b = ours.heads(x, embedding(t), ours.resized(latent, side), text)
    assert largest_difference(a, expected_a) < TOLERANCE
    assert largest_difference(b, expected_b) < TOLERANCE
    assert largest_difference(ours(x, t, latent, text), theirs(x, t, latent, text)) < TOLERANCE


@torch.no_grad()
def test_stage_a_equals_diffusers_in_both_directions() -> None:
    ours, theirs = paella_vq()
    image, latent = torch.rand(2, 3, 48, 64), torch.randn(2, 4, 12, 16)
    assert largest_difference(ours.encode(image) * 0.3764, theirs.encode(image, return_dict=False)[0]) < TOLERANCE
    assert largest_difference(ours.decode(latent), theirs.decode(latent * 0.3764).sample) < TOLERANCE
    quantised = theirs.decode(latent * 0.3764, force_not_quantize=False).sample
    assert largest_difference(ours.decode(ours.quantise(latent)), quantised) < TOLERANCE


@pytest.mark.parametrize("side", [(24, 24), (12, 18)])
@torch.no_grad()
def test_stable_cascades_stage_c_equals_diffusers(side: tuple[int, int]) -> None:
    ours, theirs = cascade_c()
    x, t = torch.randn(2, 16, *side), torch.tensor([1.0, 0.3])
    pooled, text, image = torch.randn(2, 1, 32), torch.randn(2, 77, 32), torch.randn(2, 3, 32)
    expected = theirs(x, t, pooled, text, image).sample
    assert largest_difference(ours(x, t, pooled, text, image), expected) < TOLERANCE


@torch.no_grad()
def test_stable_cascades_time_conditions_equal_diffusers() -> None:
    ours, theirs = cascade_c()
    x, t, sca, crp = torch.randn(1, 16, 6, 6), torch.tensor([0.6]), torch.tensor([0.4]), torch.tensor([0.7])
    pooled, text, image = torch.randn(1, 1, 32), torch.randn(1, 77, 32), torch.randn(1, 1, 32)
    expected = theirs(x, t, pooled, text, image, sca=sca, crp=crp).sample
    given = ours(x, t, pooled, text, image, timestep_conditions={"sca": sca, "crp": crp})
    assert largest_difference(given, expected) < TOLERANCE
    assert largest_difference(ours(x, t, pooled, text, image), expected) > 1e-3


@pytest.mark.parametrize(("side", "cells"), [((64, 64), (6, 6)), ((96, 64), (9, 6)), ((54, 66), (5, 6))])
@torch.no_grad()
def test_stable_cascades_stage_b_equals_diffusers_also_where_halving_drops_a_row(
    side: tuple[int, int], cells: tuple[int, int]
) -> None:
    ours, theirs = cascade_b()
    x, t, pooled, latent = (
        torch.randn(2, 4, *side),
        torch.tensor([1.0, 0.3]),
        torch.randn(2, 1, 32),
        torch.randn(2, 16, *cells),
    )
    expected = theirs(x, t, pooled, effnet=latent).sample
    assert largest_difference(ours(x, t, pooled, stage_c_latent=latent), expected) < TOLERANCE
    pixels = torch.rand(2, 3, 8, 8)
    expected = theirs(x, t, pooled, effnet=latent, pixels=pixels).sample
    assert largest_difference(ours(x, t, pooled, stage_c_latent=latent, pixels=pixels), expected) < TOLERANCE


@pytest.mark.parametrize(
    ("pair", "parameters"),
    [(prior, 136_160), (diffnext, 551_104), (paella_vq, 48_018), (cascade_c, 365_840), (cascade_b, 439_776)],
)
def test_the_tiny_networks_have_the_same_parameters_and_none_is_idle(
    pair: Callable[[], tuple[Module, Module]], parameters: int
) -> None:
    ours, theirs = pair()
    assert count_parameters(ours) == count_parameters(theirs) == parameters
    assert all(parameter.any() for parameter in ours.parameters())
