"""Sizes and costs of the released networks, counted on `meta`: no memory, no weights."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn

from wuerstchen.published.build import STAGES, build_stage, count_parameters
from wuerstchen.published.bundle.shapes import config_from_shapes
from wuerstchen.published.configs import CONFIGS, published_config
from wuerstchen.published.describe import count_flops, describe, example_inputs

PARAMETERS = {
    ("v2", "a"): 18_406_894,
    ("v2", "b"): 1_055_365_280,
    ("v2", "c"): 993_636_896,
    ("cascade-large", "b"): 1_562_941_136,
    ("cascade-large", "c"): 3_589_103_632,
    ("cascade-lite", "b"): 699_471_248,
    ("cascade-lite", "c"): 1_030_785_040,
    ("cascade-large", "previewer"): 3_979_651,
}
# (configuration, stage, cells of the Stage C latent a side): TFLOP of one forward pass.
TERAFLOPS = {
    ("v2", "c", 12): 0.303,
    ("v2", "c", 24): 1.154,
    ("v2", "c", 36): 2.735,
    ("v2", "b", 12): 0.642,
    ("v2", "b", 24): 2.858,
    ("cascade-large", "c", 24): 4.078,
    ("cascade-lite", "c", 24): 1.174,
    ("cascade-large", "b", 24): 6.174,
    ("cascade-lite", "b", 24): 2.224,
}


@cache
def on_meta(name: str, stage: str) -> nn.Module:
    """Even without memory, a network of a thousand layers takes seconds to build."""
    return build_stage(name, stage, "meta").eval()


@pytest.mark.parametrize(("name", "stage"), PARAMETERS)
def test_a_released_network_has_its_published_number_of_parameters(name: str, stage: str) -> None:
    assert count_parameters(on_meta(name, stage)) == PARAMETERS[name, stage]


@pytest.mark.parametrize(("name", "stage"), PARAMETERS)
def test_the_shapes_of_a_released_networks_tensors_tell_its_configuration(name: str, stage: str) -> None:
    network, released = on_meta(name, stage), getattr(published_config(name), STAGES[stage])
    described = config_from_shapes(type(network).__name__, network.state_dict())
    assert described == (replace(released, dropout=described.dropout) if hasattr(released, "dropout") else released)


def test_the_parts_of_stage_a_and_of_the_compressor_have_their_published_sizes() -> None:
    stage_a, compressor = on_meta("v2", "a"), on_meta("v2", "compressor")
    assert count_parameters(stage_a.in_block) + count_parameters(stage_a.down_blocks) == 2_667_284
    assert count_parameters(stage_a.vquantizer) == 32_768
    assert count_parameters(stage_a.up_blocks) + count_parameters(stage_a.out_block) == 15_706_842
    assert count_parameters(compressor.backbone) == 20_177_488


@pytest.mark.parametrize(("name", "stage", "cells"), TERAFLOPS)
def test_a_forward_pass_costs_what_was_measured(name: str, stage: str, cells: int) -> None:
    config = getattr(published_config(name), STAGES[stage])
    network = on_meta(name, stage)
    inputs = example_inputs(config, (cells, cells))
    assert count_flops(lambda: network(**inputs)) / 1e12 == pytest.approx(TERAFLOPS[name, stage, cells], rel=0.01)


def test_stage_a_costs_what_was_measured() -> None:
    stage_a = on_meta("v2", "a")
    image, latent = torch.empty(1, 3, 1024, 1024, device="meta"), torch.empty(1, 4, 256, 256, device="meta")
    assert count_flops(lambda: stage_a.decode(latent)) / 1e12 == pytest.approx(2.172, rel=0.01)
    assert count_flops(lambda: stage_a.encode(image)) / 1e12 == pytest.approx(0.467, rel=0.01)


def test_a_description_covers_the_five_networks_in_order_of_inference() -> None:
    costs = describe("v2", height=512, width=768)
    assert [cost.network for cost in costs] == ["Prior", "DiffNeXt", "PaellaVQ", "Compressor", "Previewer"]
    assert all(cost.flops > 0 for cost in costs)


def test_a_size_that_stage_b_cannot_paint_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(26, 24\).*multiple of 16"):
        describe("v2", height=1088, width=1024)


def test_an_unknown_name_lists_those_that_exist() -> None:
    with pytest.raises(ValueError, match="v2, cascade-large, cascade-lite"):
        build_stage("v3", "c", "meta")
    with pytest.raises(ValueError, match="a, b, c, compressor, previewer"):
        build_stage("v2", "d", "meta")


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_can_be_varied_without_changing_the_released_one(name: str) -> None:
    varied = replace(CONFIGS[name], text_tokens=1)
    assert varied != published_config(name)
    assert published_config(name).text_tokens == 77
