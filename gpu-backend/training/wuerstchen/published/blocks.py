"""The blocks of the released networks, under the parameter names of the released weights.

Inside a level, maps are (b, h, w, c): all but the depthwise convolutions reads them so, and nothing is turned from
block to block.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.models.blocks import GlobalResponseNorm


def norm(channels: int) -> nn.LayerNorm:
    """Over the channels of (…, c), without affine."""
    return nn.LayerNorm(channels, eps=1e-6, elementwise_affine=False)


class ResBlock(nn.Module):
    """Depthwise 3×3, channel norm, then an MLP of factor 4 with GELU and GRN. A skip joins after the norm, itself
    not normalised.
    """

    def __init__(self, channels: int, skip_channels: int, dropout: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm = norm(channels)
        self.channelwise = nn.Sequential(
            nn.Linear(channels + skip_channels, channels * 4),
            nn.GELU(),
            GlobalResponseNorm(channels * 4),
            nn.Dropout(dropout),
            nn.Linear(channels * 4, channels),
        )

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        """x (b, h, w, channels), skip (b, h, w, skip_channels)."""
        y = self.norm(self.depthwise(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))
        return x + self.channelwise(y if skip is None else torch.cat([y, skip], dim=3))


class TimestepBlock(nn.Module):
    """FiLM: scale and shift from the timestep embedding, plus one more pair for each further condition (Stable
    Cascade).
    """

    def __init__(self, channels: int, embedding_width: int, conditions: tuple[str, ...]) -> None:
        super().__init__()
        self.mapper = nn.Linear(embedding_width, channels * 2)
        self.conditions = conditions
        for name in conditions:
            self.add_module(f"mapper_{name}", nn.Linear(embedding_width, channels * 2))

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """x (b, h, w, c); embedding (b, width * (1 + conditions)), each mapper reading its own part."""
        own, *others = embedding.chunk(1 + len(self.conditions), dim=1)
        film = self.mapper(own)  # (b, 2c)
        for name, part in zip(self.conditions, others, strict=True):
            film = film + self.get_submodule(f"mapper_{name}")(part)
        scale, shift = film[:, None, None].chunk(2, dim=3)  # (b, 1, 1, c) each
        return x * (1 + scale) + shift


class Attention(nn.Module):
    """Multi-head attention with a bias on every projection. No mask: the padding of a prompt takes part, as in
    training.
    """

    def __init__(self, channels: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, query: Tensor, memory: Tensor) -> Tensor:
        """query (b, q, c) and memory (b, m, c) to (b, q, c)."""
        return self.mix(query, self.to_k(memory), self.to_v(memory))

    def mix(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """As `forward`, with keys and values (b, m, c) that are projected already."""
        return self.to_out[0](
            attend(self.to_q(query), keys, values, self.heads, self.dropout if self.training else 0.0)
        )


def attend(query: Tensor, keys: Tensor, values: Tensor, heads: int, dropout: float) -> Tensor:
    """(b, q, c), (b, m, c), (b, m, c) to (b, q, c). In a graph it is ONNX Runtime's own operator, which never holds all
    scores at once: at 4096 cells and ten heads they would take 0.7 GB."""
    if torch.compiler.is_exporting():
        inputs, attributes = (query, keys, values), {"num_heads": heads}
        return torch.onnx.ops.symbolic(
            "com.microsoft::MultiHeadAttention", inputs, attributes, dtype=query.dtype, shape=query.shape, version=1
        )
    q, k, v = (
        tokens.unflatten(-1, (heads, -1)).transpose(1, 2) for tokens in (query, keys, values)
    )  # (b, heads, tokens, c / heads)
    return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout).transpose(1, 2).flatten(2)


class AttnBlock(nn.Module):
    """Image tokens attend to themselves and, behind them, to the conditioning tokens."""

    def __init__(self, channels: int, condition_channels: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm = norm(channels)
        self.attention = Attention(channels, heads, dropout)
        self.kv_mapper = nn.Sequential(nn.SiLU(), nn.Linear(condition_channels, channels))

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        """x (b, h, w, c), tokens (b, t, condition_channels)."""
        image = self.norm(x).flatten(1, 2)  # (b, h*w, c), row by row
        mixed = self.attention(image, torch.cat([image, self.kv_mapper(tokens)], dim=1))
        return x + mixed.unflatten(1, x.shape[1:3])


@dataclass(frozen=True)
class LevelShape:
    """What the blocks of one level have in common."""

    kinds: str
    channels: int
    heads: int
    condition_channels: int
    timestep_width: int
    timestep_conditions: tuple[str, ...]
    dropout: float

    def _block(self, kind: str, skip_channels: int) -> nn.Module:
        if kind == "C":
            return ResBlock(self.channels, skip_channels, self.dropout)
        if kind == "T":
            return TimestepBlock(self.channels, self.timestep_width, self.timestep_conditions)
        return AttnBlock(self.channels, self.condition_channels, self.heads, self.dropout)

    def layers(self, count: int, skip_channels: int = 0, first_skip_channels: int = 0) -> list[nn.Module]:
        """`count` times the blocks of `kinds`, flat. The very first block takes `first_skip_channels` on top."""
        return [
            self._block(kind, skip_channels + (first_skip_channels if layer == 0 else 0))
            for layer in range(count)
            for kind in self.kinds
        ]


@dataclass(frozen=True)
class Conditioning:
    """What every block of a forward pass may read: timestep embedding (b, e) and tokens (b, t, condition_channels)."""

    embedding: Tensor
    tokens: Tensor


def run_blocks(
    blocks: nn.ModuleList,
    x: Tensor,
    conditioning: Conditioning,
    skip: Tensor | None = None,
    first_skip: Tensor | None = None,
) -> Tensor:
    """Runs one level on (b, c, h, w). `first_skip` stands before `skip` in the first block only; the others get
    `skip`.
    """
    x, skip, first_skip = (None if part is None else part.permute(0, 2, 3, 1) for part in (x, skip, first_skip))
    joined = [part for part in (first_skip, skip) if part is not None]
    first = torch.cat(joined, dim=3) if joined else None
    for index, block in enumerate(blocks):
        if isinstance(block, ResBlock):
            x = block(x, first if index == 0 else skip)
        elif isinstance(block, TimestepBlock):
            x = block(x, conditioning.embedding)
        else:
            x = block(x, conditioning.tokens)
    return x.permute(0, 3, 1, 2)


def initialise(network: nn.Module, residual_layers: int) -> None:
    """The authors' initialisation of every block; a network's own inputs and outputs follow in its constructor.

    Xavier for convolutions and Linears, biases 0; FiLM starts as the identity; the last Linear of a ResBlock is scaled
    by sqrt(1 / residual_layers). Transposed convolutions keep PyTorch's default, as they did in training.
    """
    for child in network.modules():
        if isinstance(child, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(child.weight)
            if child.bias is not None:
                nn.init.zeros_(child.bias)
    for child in network.modules():
        if isinstance(child, ResBlock):
            with torch.no_grad():
                child.channelwise[4].weight.mul_(math.sqrt(1 / residual_layers))
        elif isinstance(child, TimestepBlock):
            for mapper in child.children():
                nn.init.zeros_(mapper.weight)
        elif isinstance(child, Attention):
            # The authors' q, k and v are one (3c, c) matrix, for which Xavier's bound is smaller by this gain.
            for projection in (child.to_q, child.to_k, child.to_v):
                nn.init.xavier_uniform_(projection.weight, gain=math.sqrt(0.5))
