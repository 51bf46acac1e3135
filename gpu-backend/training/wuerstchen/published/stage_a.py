"""Stage A of every release: PaellaVQ, a VQGAN with four-fold reduction a side. Pictures are plain [0, 1] in and out."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.published.configs import PaellaVQConfig


class MixBlock(nn.Module):
    """Depthwise mixing, then a channel MLP, both modulated and gated by scalars that start at 0, so a new block is
    the identity.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.gammas = nn.Parameter(torch.zeros(6))
        self.depthwise = nn.Sequential(nn.ReplicationPad2d(1), nn.Conv2d(channels, channels, 3, groups=channels))
        self.channelwise = nn.Sequential(
            nn.Linear(channels, channels * 4), nn.GELU(), nn.Linear(channels * 4, channels)
        )
        for layer in (self.depthwise[1], self.channelwise[0], self.channelwise[2]):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def _modulated(self, x: Tensor, gamma: int) -> Tensor:
        y = F.layer_norm(x.permute(0, 2, 3, 1), (self.channels,), eps=1e-6)  # (b, h, w, c)
        return y * (1 + self.gammas[gamma]) + self.gammas[gamma + 1]

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.depthwise(self._modulated(x, 0).permute(0, 3, 1, 2)) * self.gammas[2]
        return x + self.channelwise(self._modulated(x, 3)).permute(0, 3, 1, 2) * self.gammas[5]


class Codebook(nn.Module):
    """Nearest-neighbour quantisation. Stage B works on latents that were not quantised, so a sampler never calls it."""

    def __init__(self, size: int, channels: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(size, channels)
        nn.init.uniform_(self.embedding.weight, -1 / size, 1 / size)

    def forward(self, latent: Tensor) -> Tensor:
        """(b, c, h, w) to the nearest codes (b, c, h, w)."""
        flat = latent.permute(0, 2, 3, 1).flatten(0, 2)  # (b*h*w, c)
        nearest = torch.cdist(flat, self.embedding.weight).argmin(dim=1)
        b, _, h, w = latent.shape
        return self.embedding(nearest).unflatten(0, (b, h, w)).permute(0, 3, 1, 2)


class PaellaVQ(nn.Module):
    """Encoder and decoder between pictures (b, 3, 4h, 4w) and latents (b, 4, h, w)."""

    def __init__(self, config: PaellaVQConfig) -> None:
        super().__init__()
        self.scale_factor = config.scale_factor
        wide, narrow, latent = config.channels, config.channels // 2, config.latent_channels
        self.in_block = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(12, narrow, 1))
        self.down_blocks = nn.Sequential(
            MixBlock(narrow),
            nn.Conv2d(narrow, wide, 4, stride=2, padding=1),
            MixBlock(wide),
            nn.Sequential(nn.Conv2d(wide, latent, 1, bias=False), nn.BatchNorm2d(latent)),
        )
        self.vquantizer = Codebook(config.codebook_size, latent)
        self.up_blocks = nn.Sequential(
            nn.Sequential(nn.Conv2d(latent, wide, 1)),
            *[MixBlock(wide) for _ in range(config.bottleneck_blocks)],
            nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1),
            MixBlock(narrow),
        )
        self.out_block = nn.Sequential(nn.Conv2d(narrow, 12, 1), nn.PixelShuffle(2))

    def encode(self, image: Tensor) -> Tensor:
        """(b, 3, H, W) in [0, 1] to the latent that Stage B works on, (b, 4, H/4, W/4), not quantised."""
        return self.down_blocks(self.in_block(image)) / self.scale_factor

    def quantise(self, latent: Tensor) -> Tensor:
        """The latent moved onto the codebook; same scale and shape (b, 4, h, w)."""
        return self.vquantizer(latent * self.scale_factor) / self.scale_factor

    def decode(self, latent: Tensor) -> Tensor:
        """(b, 4, h, w) to (b, 3, 4h, 4w); not clamped."""
        return self.out_block(self.up_blocks(latent * self.scale_factor))
