"""What never changes between two steps of any picture, computed once and stored: conditions of 0, and Stage B's text."""

import torch
from torch import Tensor, nn

from wuerstchen.models.blocks import timestep_embedding
from wuerstchen.published.blocks import AttnBlock, TimestepBlock
from wuerstchen.published.cascade import CascadeUNet


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
        """x (b, c, h, w)."""
        image = self.norm(x).flatten(2).transpose(1, 2)  # (b, h*w, c)
        keys, values = (
            torch.cat([project(image), fixed.expand(image.shape[0], -1, -1)], dim=1)
            for project, fixed in ((self.attention.to_k, self.keys), (self.attention.to_v, self.values))
        )
        return x + self.attention.mix(image, keys, values).transpose(1, 2).unflatten(2, x.shape[2:])


@torch.no_grad()
def fix_tokens(network: nn.Module, tokens: Tensor) -> None:
    """Makes `tokens` (1, t, condition_channels) a constant of every attention block, in place."""
    for parent in [module for module in network.modules() if isinstance(module, nn.ModuleList)]:
        for index, child in enumerate(parent):
            if isinstance(child, AttnBlock):
                parent[index] = FixedTokensAttention(child, tokens)


@torch.no_grad()
def fold_timestep_conditions(network: CascadeUNet) -> None:
    """Adds what the conditions other than time contribute at 0 to each block's own bias, in place. Time's embedding is left as input."""
    zero = timestep_embedding(torch.zeros(1), network.config.timestep_width)
    for block in [module for module in network.modules() if isinstance(module, TimestepBlock)]:
        for name in block.conditions:
            block.mapper.bias += block.get_submodule(f"mapper_{name}")(zero)[0]
            delattr(block, f"mapper_{name}")
        block.conditions = ()
