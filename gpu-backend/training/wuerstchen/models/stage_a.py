"""Stage A: a VQGAN with four-fold reduction a side (PaellaVQ). Pictures are [0, 1] in and out, premultiplied if
they have alpha.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import Activation, StageAConfig
from wuerstchen.models.blocks import SettlingNorm

MODULES: dict[Activation, type[nn.Module]] = {"gelu": nn.GELU, "relu": nn.ReLU}


def replicate_border(x: Tensor) -> Tensor:
    """(b, c, h, w) to (b, c, h + 2, w + 2). Equals ReplicationPad2d(1), whose backward mixes up strides when
    compiled for CPU.
    """
    x = torch.cat([x[:, :, :1], x, x[:, :, -1:]], dim=2)
    return torch.cat([x[:, :, :, :1], x, x[:, :, :, -1:]], dim=3)


class MixBlock(nn.Module):
    """Depthwise mixing, then a channel MLP, both gated by scalars that start at 0, so that a new block is the
    identity.
    """

    def __init__(self, channels: int, activation: Activation = "gelu") -> None:
        super().__init__()
        self.channels = channels
        self.gates = nn.Parameter(torch.zeros(6))
        self.depthwise = nn.Conv2d(channels, channels, 3, groups=channels)
        self.mlp = nn.Sequential(
            nn.Linear(channels, channels * 4), MODULES[activation](), nn.Linear(channels * 4, channels)
        )

    def _norm(self, x: Tensor, gate: int) -> Tensor:
        y = F.layer_norm(x.permute(0, 2, 3, 1), (self.channels,), eps=1e-6)  # (b, h, w, c)
        return y * (1 + self.gates[gate]) + self.gates[gate + 1]

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.depthwise(replicate_border(self._norm(x, 0).permute(0, 3, 1, 2))) * self.gates[2]
        return x + self.mlp(self._norm(x, 3)).permute(0, 3, 1, 2) * self.gates[5]


class Codebook(nn.Module):
    """Nearest-neighbour quantisation with a straight-through gradient (van den Oord et al. 2017)."""

    def __init__(self, size: int, channels: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(size, channels))
        self.commitment = 0.25

    def indices(self, latent: Tensor) -> Tensor:
        """(b, c, h, w) to (b, h, w) int64: the nearest code of each position."""
        flat = latent.permute(0, 2, 3, 1).flatten(0, 2)  # (b*h*w, c)
        distance = self.vectors.pow(2).sum(1)[None] - 2 * flat @ self.vectors.T  # |flat|² is the same for all codes
        return distance.argmin(dim=1).unflatten(0, (latent.shape[0], *latent.shape[2:]))

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the quantised latent, the codebook + commitment loss, and the indices."""
        indices = self.indices(latent)
        quantised = self.vectors[indices].permute(0, 3, 1, 2)
        loss = F.mse_loss(quantised, latent.detach()) + self.commitment * F.mse_loss(latent, quantised.detach())
        return latent + (quantised - latent).detach(), loss, indices


class StageA(nn.Module):
    """Encoder and decoder for f4 latents (b, c_latent, H/4, W/4). `encode` gives the unquantised latent that Stage
    B works on.
    """

    def __init__(self, config: StageAConfig, picture_channels: int = 3) -> None:
        super().__init__()
        wide, narrow = config.hidden_channels, config.hidden_channels // 2
        latent, activation = config.latent_channels, config.activation
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(picture_channels * 4, narrow, 1),
            MixBlock(narrow, activation),
            nn.Conv2d(narrow, wide, 4, stride=2, padding=1),
            MixBlock(wide, activation),
            nn.Conv2d(wide, latent, 1, bias=False),
            SettlingNorm(latent),
        )
        self.codebook = Codebook(config.codebook_size, latent)
        self.decoder = nn.Sequential(
            nn.Conv2d(latent, wide, 1),
            *[MixBlock(wide, activation) for _ in range(config.bottleneck_blocks)],
            nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1),
            MixBlock(narrow, activation),
            nn.Conv2d(narrow, picture_channels * 4, 1),
            nn.PixelShuffle(2),
        )

    def encode(self, image: Tensor) -> Tensor:
        """(b, picture_channels, H, W) in [0, 1] to (b, c_latent, H/4, W/4), unit variance a channel over the
        training set.
        """
        return self.encoder(image)

    def decode(self, latent: Tensor) -> Tensor:
        """(b, c_latent, h, w) to (b, picture_channels, 4h, 4w); not clamped."""
        return self.decoder(latent)
