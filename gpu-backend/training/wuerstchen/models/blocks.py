"""Blocks that Stages B and C share. Channel norms are LayerNorm over channels without affine, eps 1e-6."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": F.gelu, "relu": F.relu}


def timestep_frequencies(width: int) -> Tensor:
    """(width / 2,) angular frequencies 10000^(-k / (width/2 - 1)), k = 0, 1, …"""
    half = width // 2
    return torch.exp(torch.arange(half, dtype=torch.float32) * (-math.log(10000) / (half - 1)))


def timestep_embedding(t: Tensor, width: int) -> Tensor:
    """(b,) times in [0, 1] to (b, width): all sines, then all cosines. Always float32: phases reach 10^4 radians."""
    phase = (t.float() * 10000)[:, None] * timestep_frequencies(width).to(t.device)[None]
    return torch.cat([phase.sin(), phase.cos()], dim=1)


def channels_last(x: Tensor) -> Tensor:
    """(b, c, h, w) to (b, h, w, c): what Linears and norms over channels read."""
    return x.permute(0, 2, 3, 1)


def channels_first(x: Tensor) -> Tensor:
    """(b, h, w, c) to (b, c, h, w): what convolutions read."""
    return x.permute(0, 3, 1, 2)


def channel_norm(x: Tensor) -> Tensor:
    """LayerNorm over the last axis, the channels, no affine."""
    return F.layer_norm(x, x.shape[-1:], eps=1e-6)


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of (b, c, h, w), no affine."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        return channels_first(channel_norm(channels_last(x)))


def _sum_over_places(x: Tensor) -> Tensor:
    """(b, h, w, c) to (b, 1, 1, c). In a graph it is a product with ones: ONNX Runtime's ReduceSum adds up a batch of
    one in another order than a batch of several, and then a picture's bytes would depend on its company."""
    if torch.compiler.is_exporting():
        places = x.flatten(1, 2)  # (b, h*w, c)
        return (torch.ones((1, places.shape[1])) @ places).unsqueeze(1)
    return x.sum(dim=(1, 2), keepdim=True)


class GlobalResponseNorm(nn.Module):
    """ConvNeXt V2's response norm on (b, h, w, c). Reads the whole map, so a crop's result is not a part of the
    whole's.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, channels))

    def forward(self, x: Tensor) -> Tensor:
        response = _sum_over_places(x * x).add(1e-12).sqrt()  # (b, 1, 1, c); 1e-12: finite slope at 0
        share = response / (response.mean(dim=-1, keepdim=True) + 1e-6)
        # Published as gamma * (x * share) + beta + x: the same in half the passes over the map.
        return x * (1 + self.gamma * share) + self.beta


class SettlingNorm(nn.BatchNorm2d):
    """BatchNorm without affine whose statistics become slow ones once it has `settled`: they follow each batch by a
    hundredth, no gradient passes them, and training sees what inference will see.

    They must follow: with statistics that stay, an encoder outgrows noise of a fixed size (measured: seven-fold in
    1,300 steps).
    """

    SETTLED_MOMENTUM = 0.01

    def __init__(self, channels: int, momentum: float = 0.1) -> None:
        super().__init__(channels, affine=False, momentum=momentum)
        self.settled = False

    def forward(self, x: Tensor) -> Tensor:
        if not (self.training and self.settled):
            return super().forward(x)
        with torch.no_grad():
            self.running_mean.lerp_(x.mean((0, 2, 3)).to(self.running_mean.dtype), self.SETTLED_MOMENTUM)
            self.running_var.lerp_(x.var((0, 2, 3)).to(self.running_var.dtype), self.SETTLED_MOMENTUM)
        return F.batch_norm(x, self.running_mean, self.running_var, training=False, eps=self.eps)


class ResBlock(nn.Module):
    """Depthwise 3×3, channel norm, then an MLP of factor 4 with GELU and GRN. A skip joins after the norm, itself not
    normalised.

    `activation` replaces GELU: on a CPU its error function and its slope take longer than the products, ReLU halves a
    training step.
    """

    def __init__(
        self,
        channels: int,
        skip_channels: int = 0,
        dropout: float = 0.0,
        activation: Callable[[Tensor], Tensor] = F.gelu,
    ) -> None:
        super().__init__()
        self.channels, self.activation = channels, activation
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.expand = nn.Linear(channels + skip_channels, channels * 4)
        self.response = GlobalResponseNorm(channels * 4)
        self.dropout = nn.Dropout(dropout)
        self.reduce = nn.Linear(channels * 4, channels)

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        y = channel_norm(channels_last(self.depthwise(channels_first(x))))
        if skip is not None:
            y = torch.cat([y, skip], dim=-1)
        y = self.expand(y)  # (b, h, w, 4c)
        return x + self.reduce(self.dropout(self.response(self.activation(y))))


class TimestepBlock(nn.Module):
    """FiLM: scale and shift from the timestep embedding, without a norm of its own."""

    def __init__(self, channels: int, embedding_width: int) -> None:
        super().__init__()
        self.mapper = nn.Linear(embedding_width, channels * 2)
        nn.init.zeros_(self.mapper.weight)
        nn.init.zeros_(self.mapper.bias)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = self.mapper(embedding)[:, None, None].chunk(2, dim=-1)  # (b, 1, 1, c) each
        return x * (1 + scale) + shift


def attend_in_one_node(query: Tensor, key: Tensor, value: Tensor, bias: Tensor, heads: int) -> Tensor:
    bias = bias.expand(-1, -1, query.shape[1], -1)
    return torch.onnx.ops.attention(query, key, value, bias, q_num_heads=heads, kv_num_heads=heads)[0]


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor, heads: int) -> Tensor:
    """Attention of (b, n, c) queries over (b, m, c) keys and values in `heads` heads; `bias` (b, 1, 1, m) is added
    to the scores.
    """
    if torch.compiler.is_exporting():
        return attend_in_one_node(query, key, value, bias, heads)
    query, key, value = (
        tokens.unflatten(-1, (heads, -1)).transpose(1, 2) for tokens in (query, key, value)
    )  # (b, heads, n, c / heads)
    scores = query @ key.transpose(-1, -2) * (query.shape[-1] ** -0.5) + bias  # (b, heads, n, m)
    return (scores.softmax(dim=-1) @ value).transpose(1, 2).flatten(2)


def attention_bias(places: int, text_mask: Tensor) -> Tensor:
    """(b, t), 1 for a token, 0 for padding, to (b, 1, 1, places + t): what is added to the scores of image tokens,
    then text tokens.
    """
    # Additive rather than boolean: it is plain arithmetic in every ONNX runtime.
    return F.pad((text_mask - 1) * 1e4, (places, 0))[:, None, None]


class AttentionBlock(nn.Module):
    """Queries from the image tokens; keys and values from image tokens first, text tokens after."""

    def __init__(self, channels: int, heads: int, condition_channels: int) -> None:
        super().__init__()
        self.heads = heads
        self.condition = nn.Sequential(nn.SiLU(), nn.Linear(condition_channels, channels))
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.out = nn.Linear(channels, channels)

    def text_keys_values(self, text: Tensor) -> Tensor:
        """(b, t, condition_channels) to (b, 2, t, c): they depend on the text alone, so a sampler computes them
        once.
        """
        text = self.condition(text)
        return torch.stack([self.key(text), self.value(text)], dim=1)

    def forward(self, x: Tensor, text: Tensor, bias: Tensor) -> Tensor:
        """x (b, h, w, c); text (b, 2, t, c) from `text_keys_values`; bias (b, 1, 1, h*w + t) from `attention_bias`."""
        image = channel_norm(x).flatten(1, 2)  # (b, h*w, c)
        key = torch.cat([self.key(image), text[:, 0]], dim=1)  # (b, h*w + t, c)
        value = torch.cat([self.value(image), text[:, 1]], dim=1)
        return x + self.out(attend(self.query(image), key, value, bias, self.heads)).unflatten(1, x.shape[1:3])


def initialise(module: nn.Module, residual_blocks: int) -> None:
    """The authors' initialisation: Xavier everywhere, the last Linear of each residual block scaled by
    1/sqrt(blocks).
    """
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
