"""Stage B: a latent-diffusion U-Net that paints Stage A latents from the compact Stage C latent. It reads no text.

The Stage C latent enters once, as in Stable Cascade's Stage B, through a sub-pixel mapper instead of a resize: every
cell of the latent becomes a patch of features by a pixel shuffle. That is exact under crops (training) and in every
ONNX runtime (inference). Where a direct decoder was trained with the compressor, its features take the mapper's place.
"""

import itertools
from collections.abc import Callable

from torch import Tensor, nn

from wuerstchen.config import StageBConfig
from wuerstchen.diffusion import as_noise
from wuerstchen.models.blocks import (
    ACTIVATIONS,
    ChannelNorm,
    ResBlock,
    TimestepBlock,
    channel_norm,
    channels_first,
    channels_last,
    initialise,
    timestep_embedding,
)

# B' stays inside [1e-3, 1 - 1e-3], so that the division is safe.
B_HEAD_MARGIN = 1e-3


class Layer(nn.Module):
    """ResBlock then timestep: the `CT` of the published level configuration."""

    def __init__(
        self, channels: int, skip_channels: int, timestep_width: int, activation: Callable[[Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.block = ResBlock(channels, skip_channels, activation=activation)
        self.timestep = TimestepBlock(channels, timestep_width)

    def forward(self, x: Tensor, embedding: Tensor, skip: Tensor | None = None) -> Tensor:
        return self.timestep(self.block(x, skip), embedding)


class StageB(nn.Module):
    """(b, c_a, h, w) noisy Stage A latent, (b,) time, (b, c_latent, h*4/downscale, …) Stage C latent to the noise
    in x.
    """

    def __init__(
        self,
        config: StageBConfig,
        stage_a_channels: int,
        latent_channels: int,
        cells_ratio: int,
        features: nn.Module | None = None,
    ) -> None:
        """`cells_ratio`: side of the Stage A latent over side of the Stage C latent, 4 for 16:1.

        `features` maps a latent to (b, mapper_channels, h*cells_ratio, w*cells_ratio)."""
        super().__init__()
        self.config = config
        widths, width_t, activation = config.channels, config.timestep_width, ACTIVATIONS[config.activation]
        self.embed = nn.Conv2d(stage_a_channels, widths[0], 1)
        if features is None:
            self.mapper = nn.Sequential(
                nn.Conv2d(latent_channels, config.mapper_channels, 3, padding=1),
                nn.GELU(),
                nn.Conv2d(config.mapper_channels, widths[0] * cells_ratio**2, 1),
                nn.PixelShuffle(cells_ratio),
                ChannelNorm(widths[0]),
            )
        else:
            self.mapper = nn.Sequential(
                features,
                ChannelNorm(config.mapper_channels),
                nn.Conv2d(config.mapper_channels, widths[0], 1),
                ChannelNorm(widths[0]),
            )
        self.down = nn.ModuleList(
            nn.ModuleList(Layer(width, 0, width_t, activation) for _ in range(count))
            for width, count in zip(widths, config.blocks, strict=True)
        )
        self.downscale = nn.ModuleList(
            nn.Sequential(ChannelNorm(outer), nn.Conv2d(outer, inner, 2, stride=2))
            for outer, inner in itertools.pairwise(widths)
        )
        self.up = nn.ModuleList(
            nn.ModuleList(
                Layer(width, width if first and level + 1 < len(widths) else 0, width_t, activation)
                for first in _first(count)
            )
            for level, (width, count) in enumerate(zip(widths, config.blocks, strict=True))
        )
        self.upscale = nn.ModuleList(
            nn.Sequential(ChannelNorm(inner), nn.ConvTranspose2d(inner, outer, 2, stride=2))
            for outer, inner in itertools.pairwise(widths)
        )
        self.head = nn.Conv2d(widths[0], stage_a_channels * (2 if config.prediction == "epsilon" else 1), 1)
        initialise(self, sum(config.blocks) * 2)
        nn.init.zeros_(self.head.weight)

    def condition(self, latent: Tensor) -> Tensor:
        """Features (b, channels[0], h, w) of the Stage C latent: the same at every step, so computed once a picture."""
        return self.mapper(latent)

    def denoise(self, x: Tensor, embedding: Tensor, condition: Tensor) -> Tensor:
        """Noise in x from a timestep embedding (b, timestep_width) and `condition`; of a network that predicts
        epsilon.
        """
        return self.noise_and_heads(x, embedding, condition)[0]

    def predict(self, x: Tensor, embedding: Tensor, condition: Tensor) -> Tensor:
        """What a network says that predicts the clean latent or v."""
        return self.head(self._trunk(x, embedding, condition))

    def noise_and_heads(self, x: Tensor, embedding: Tensor, condition: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        a, b = self.heads(x, embedding, condition)
        return (x - a) / b, a, b

    def heads(self, x: Tensor, embedding: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """A, an estimate of the scaled clean latent, and B', of the noise level: eps = (x - A) / B'."""
        a, b = self.head(self._trunk(x, embedding, condition)).chunk(2, dim=1)
        return a, b.sigmoid() * (1 - 2 * B_HEAD_MARGIN) + B_HEAD_MARGIN

    def _trunk(self, x: Tensor, embedding: Tensor, condition: Tensor) -> Tensor:
        """(b, channels[0], h, w): what the head reads."""
        h, skips = channels_last(self.embed(x) + condition), []
        for level, layers in enumerate(self.down):
            if level > 0:
                h = channels_last(self.downscale[level - 1](channels_first(h)))
            for layer in layers:
                h = layer(h, embedding)
            skips.append(h)
        for level in reversed(range(len(self.up))):
            deepest = level + 1 == len(self.up)
            if not deepest:
                h = channels_last(self.upscale[level](channels_first(h)))
            for index, layer in enumerate(self.up[level]):
                h = layer(h, embedding, skips[level] if index == 0 and not deepest else None)
        return channels_first(channel_norm(h))

    def forward(self, x: Tensor, t: Tensor, latent: Tensor) -> Tensor:
        embedding, condition = timestep_embedding(t, self.config.timestep_width), self.condition(latent)
        if self.config.prediction == "epsilon":
            return self.denoise(x, embedding, condition)
        return as_noise(self.config.prediction, self.predict(x, embedding, condition).float(), x, t)


def _first(count: int) -> list[bool]:
    return [index == 0 for index in range(count)]
