"""Tiny networks of the published classes in which every path is alive: attention, injection at every level, skips,
repeats.

For tests and for trying a conversion. `randomise` replaces what starts at zero, without which most blocks are the
identity.
"""

from dataclasses import replace

import torch
from torch import nn

from wuerstchen.published.configs import (
    CASCADE_B_LARGE,
    CASCADE_C_LARGE,
    DIFFNEXT,
    PAELLA_VQ,
    PRIOR,
    V2,
    PreviewerConfig,
)

TINY_PAELLA_VQ = replace(PAELLA_VQ, channels=32, bottleneck_blocks=2, codebook_size=64)
TINY_PRIOR = replace(PRIOR, channels=64, depth=2, heads=4, text_channels=32)
TINY_DIFFNEXT = replace(
    DIFFNEXT,
    channels=(16, 32, 64, 64),
    heads=(0, 2, 4, 4),
    blocks=(1, 1, 2, 1),
    condition_channels=32,
    text_channels=32,
)
_CASCADE_WIDTHS = {"condition_channels": 64, "pooled_channels": 32}
TINY_CASCADE_C = replace(
    CASCADE_C_LARGE,
    channels=(64, 64),
    heads=(2, 2),
    down_layers=(1, 1),
    up_layers=(1, 1),
    text_channels=32,
    image_channels=32,
    **_CASCADE_WIDTHS,
)
TINY_CASCADE_B = replace(
    CASCADE_B_LARGE,
    channels=(16, 32, 64, 64),
    heads=(0, 0, 2, 2),
    down_layers=(1, 1, 1, 1),
    up_layers=(1, 1, 1, 1),
    **_CASCADE_WIDTHS,
)
TINY_V2 = replace(
    V2,
    name="tiny-v2",
    stage_a=TINY_PAELLA_VQ,
    stage_b=TINY_DIFFNEXT,
    stage_c=TINY_PRIOR,
    previewer=PreviewerConfig(16, 32),
    text_tokens=9,
)
TINY_CASCADE = replace(TINY_V2, name="tiny-cascade", stage_b=TINY_CASCADE_B, stage_c=TINY_CASCADE_C)


def randomise(network: nn.Module, seed: int, deviation: float = 0.05) -> nn.Module:
    """Draws every parameter that is all zeros from N(0, deviation), and the statistics of BatchNorms. Returns the
    network in eval mode.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(0, deviation, generator=generator)
        for child in network.modules():
            if isinstance(child, nn.BatchNorm2d):
                child.running_mean.normal_(0, 0.1, generator=generator)
                child.running_var.uniform_(0.5, 2, generator=generator)
    return network.eval()
