"""Blocks that Stages B and C share. Channel norms are LayerNorm over channels without affine, eps 1e-6."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def timestep_frequencies(width: int) -> Tensor:
    """(width / 2,) angular frequencies 10000^(-k / (width/2 - 1)), k = 0, 1, …"""
    half = width // 2
    return torch.exp(torch.arange(half, dtype=torch.float32) * (-math.log(10000) / (half - 1)))


def timestep_embedding(t: Tensor, width: int) -> Tensor:
    """(b,) times in [0, 1] to (b, width): all sines, then all cosines. Always float32: phases reach 10^4 radians."""
    phase = (t.float() * 10000)[:, None] * timestep_frequencies(width).to(t.device)[None]
    return torch.cat([phase.sin(), phase.cos()], dim=1)


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of (b, c, h, w), no affine."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x.permute(0, 2, 3, 1), (self.channels,), eps=1e-6).permute(0, 3, 1, 2)


def _sum_over_places(x: Tensor) -> Tensor:
    """(b, h, w, c) to (b, 1, 1, c). In a graph it is a product with ones: ONNX Runtime's ReduceSum adds up a batch of one in another
    order than a batch of several, and then a picture's bytes would depend on its company."""
    if torch.compiler.is_exporting():
        places = x.flatten(1, 2)  # (b, h*w, c)
        return (torch.ones_like(places[:, :, :1]).transpose(1, 2) @ places).unsqueeze(1)
    return x.sum(dim=(1, 2), keepdim=True)


class GlobalResponseNorm(nn.Module):
    """ConvNeXt V2's response norm on (b, h, w, c). Reads the whole map, so a crop's result is not a part of the whole's."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, channels))

    def forward(self, x: Tensor) -> Tensor:
        response = _sum_over_places(x.pow(2)).add(1e-12).sqrt()  # (b, 1, 1, c); 1e-12: finite slope at 0
        return self.gamma * (x * (response / (response.mean(dim=-1, keepdim=True) + 1e-6))) + self.beta + x


class ResBlock(nn.Module):
    """Depthwise 3×3, channel norm, then an MLP of factor 4 with GELU and GRN. A skip joins after the norm, itself not normalised."""

    def __init__(self, channels: int, skip_channels: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm = ChannelNorm(channels)
        self.expand = nn.Linear(channels + skip_channels, channels * 4)
        self.response = GlobalResponseNorm(channels * 4)
        self.dropout = nn.Dropout(dropout)
        self.reduce = nn.Linear(channels * 4, channels)

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        y = self.norm(self.depthwise(x))
        if skip is not None:
            y = torch.cat([y, skip], dim=1)
        y = self.expand(y.permute(0, 2, 3, 1))  # (b, h, w, 4c)
        y = self.reduce(self.dropout(self.response(F.gelu(y))))
        return x + y.permute(0, 3, 1, 2)


class TimestepBlock(nn.Module):
    """FiLM: scale and shift from the timestep embedding, without a norm of its own."""

    def __init__(self, channels: int, embedding_width: int) -> None:
        super().__init__()
        self.mapper = nn.Linear(embedding_width, channels * 2)
        nn.init.zeros_(self.mapper.weight)
        nn.init.zeros_(self.mapper.bias)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = self.mapper(embedding)[:, :, None, None].chunk(2, dim=1)  # (b, c, 1, 1) each
        return x * (1 + scale) + shift


class AttentionBlock(nn.Module):
    """Queries from the image tokens; keys and values from image tokens first, text tokens after."""

    def __init__(self, channels: int, heads: int, condition_channels: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = ChannelNorm(channels)
        self.condition = nn.Sequential(nn.SiLU(), nn.Linear(condition_channels, channels))
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.out = nn.Linear(channels, channels)

    def text_keys_values(self, text: Tensor) -> Tensor:
        """(b, t, condition_channels) to (b, 2, t, c): they depend on the text alone, so a sampler computes them once."""
        text = self.condition(text)
        return torch.stack([self.key(text), self.value(text)], dim=1)

    def _split(self, tokens: Tensor) -> Tensor:
        return tokens.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (b, heads, tokens, c / heads)

    def forward(self, x: Tensor, text: Tensor, text_mask: Tensor) -> Tensor:
        """x (b, c, h, w); text (b, 2, t, c) from `text_keys_values`; text_mask (b, t), 1 for a token, 0 for padding."""
        image = self.norm(x).flatten(2).transpose(1, 2)  # (b, h*w, c)
        key = self._split(torch.cat([self.key(image), text[:, 0]], dim=1))  # (b, heads, h*w + t, c / heads)
        value = self._split(torch.cat([self.value(image), text[:, 1]], dim=1))
        query = self._split(self.query(image))
        # An additive mask rather than a boolean one: it is plain arithmetic in every ONNX runtime.
        bias = torch.cat([torch.zeros_like(image[:, :, 0]), (text_mask - 1) * 1e4], dim=1)[:, None, None, :]
        scores = query @ key.transpose(-1, -2) * (query.shape[-1] ** -0.5) + bias  # (b, heads, h*w, h*w + t)
        mixed = (scores.softmax(dim=-1) @ value).transpose(1, 2).flatten(2)  # (b, h*w, c)
        return x + self.out(mixed).transpose(1, 2).unflatten(2, x.shape[2:])


def initialise(module: nn.Module, residual_blocks: int) -> None:
    """The authors' initialisation: Xavier everywhere, the last Linear of each residual block scaled by 1/sqrt(blocks)."""
    for child in module.modules():
        if isinstance(child, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(child.weight)
            if child.bias is not None:
                nn.init.zeros_(child.bias)
    for child in module.modules():
        if isinstance(child, ResBlock):
            child.reduce.weight.data *= math.sqrt(1 / residual_blocks)
        elif isinstance(child, TimestepBlock):
            nn.init.zeros_(child.mapper.weight)
        elif isinstance(child, AttentionBlock):
            nn.init.normal_(child.condition[1].weight, std=0.02)
