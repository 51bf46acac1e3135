"""What never changes between two steps of any picture, computed once and stored, and layers that are one where two
stand in a row.

Products of weights are buffers: where a bundle stores parameters as float16, what was computed from them stays float32.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.models.blocks import GlobalResponseNorm, timestep_embedding
from wuerstchen.published.blocks import AttnBlock, ResBlock, TimestepBlock
from wuerstchen.published.cascade import CascadeUNet
from wuerstchen.published.stage_b import DiffNeXt


class FixedTokensAttention(nn.Module):
    """An AttnBlock whose conditioning tokens are constants: their keys and values are stored, not what makes them."""

    def __init__(self, block: AttnBlock, tokens: Tensor) -> None:
        """tokens (1, t, condition_channels)."""
        super().__init__()
        self.norm, self.attention = block.norm, block.attention
        mapped = block.kv_mapper(tokens)
        self.register_buffer("keys", self.attention.to_k(mapped))  # (1, t, c)
        self.register_buffer("values", self.attention.to_v(mapped))

    def forward(self, x: Tensor, _: Tensor) -> Tensor:
        """x (b, h, w, c)."""
        image = self.norm(x).flatten(1, 2)  # (b, h*w, c)
        keys, values = (
            torch.cat([project(image), fixed.expand(image.shape[0], -1, -1)], dim=1)
            for project, fixed in ((self.attention.to_k, self.keys), (self.attention.to_v, self.values))
        )
        return x + self.attention.mix(image, keys, values).unflatten(1, x.shape[1:3])


@torch.no_grad()
def fix_tokens(network: nn.Module, tokens: Tensor) -> None:
    """Makes `tokens` (1, t, condition_channels) a constant of every attention block, in place."""
    for parent in [module for module in network.modules() if isinstance(module, nn.ModuleList)]:
        for index, child in enumerate(parent):
            if isinstance(child, AttnBlock):
                parent[index] = FixedTokensAttention(child, tokens)


@torch.no_grad()
def fold_timestep_conditions(network: CascadeUNet) -> None:
    """Adds what the conditions other than time contribute at 0 to each block's own bias, in place. Time's embedding
    is left as input.
    """
    zero = timestep_embedding(torch.zeros(1), network.config.timestep_width)
    for block in [module for module in network.modules() if isinstance(module, TimestepBlock)]:
        for name in block.conditions:
            block.mapper.bias += block.get_submodule(f"mapper_{name}")(zero)[0]
            delattr(block, f"mapper_{name}")
        block.conditions = ()


class ResponseScale(nn.Module):
    """A GlobalResponseNorm without its shift, in one factor a channel. Reads (b, h, w, c)."""

    def __init__(self, norm: GlobalResponseNorm) -> None:
        super().__init__()
        self.gamma = norm.gamma

    def forward(self, x: Tensor) -> Tensor:
        places = x.flatten(1, 2)  # (b, h*w, c)
        # A product with ones: ONNX Runtime's ReduceSum adds up a batch of one in another order than a batch of several.
        squares = torch.ones_like(places[:, :, :1]).transpose(1, 2) @ (places * places)  # (b, 1, c)
        response = (squares + 1e-12).sqrt()
        factor = self.gamma[0] * (response / (response.mean(dim=2, keepdim=True) + 1e-6)) + 1
        return x * factor[:, None]


@torch.no_grad()
def fold_responses(network: nn.Module) -> None:
    """Moves the shift of every response norm into the Linear behind it, in place."""
    for block in [module for module in network.modules() if isinstance(module, ResBlock)]:
        norm, out = block.channelwise[2], block.channelwise[4]
        bias = out.bias + out.weight @ norm.beta.flatten()
        del out.bias
        out.register_buffer("bias", bias)
        block.channelwise[2] = ResponseScale(norm)


class MappedSkip(nn.Module):
    """The first Linear of a ResBlock whose last inputs were mapped from few channels: it reads those channels
    themselves.
    """

    def __init__(self, linear: nn.Linear, mapper: nn.Conv2d) -> None:
        super().__init__()
        kept, mapped = linear.weight.split([linear.in_features - mapper.out_channels, mapper.out_channels], dim=1)
        self.weight = nn.Parameter(kept.clone(), requires_grad=False)
        self.register_buffer("mapped", mapped @ mapper.weight.flatten(1))  # (c, few)
        self.register_buffer("bias", linear.bias + mapped @ mapper.bias)

    def forward(self, x: Tensor) -> Tensor:
        """x (b, h, w, kept + few)."""
        return F.linear(x, torch.cat([self.weight, self.mapped], dim=1), self.bias)


@torch.no_grad()
def fold_picture_mappers(network: DiffNeXt) -> None:
    """Lets every ResBlock read the 16 channels of the Stage C latent instead of the 1024 that they are mapped to, in
    place.

    In the release that is 44 to 80 % of what the first Linear of a block multiplies."""
    for mapper_index, level in enumerate([*network.down_blocks, *network.up_blocks]):
        mapper = network.effnet_mappers[mapper_index]
        if mapper is None:
            continue
        for block in level:
            if isinstance(block, ResBlock):
                block.channelwise[0] = MappedSkip(block.channelwise[0], mapper)
        network.effnet_mappers[mapper_index] = nn.Identity()
