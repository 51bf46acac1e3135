"""Compressor and direct decoder, trained together for reconstruction: the latent that Stages B and C live in, and one
pass back.

Both are ConvNeXt V2 blocks (Woo et al. 2023) with ReLU, between pixel shuffles. The compressor halves the side twice
after an unshuffle by 4, so a picture of (H, W) becomes a latent of (H/16, W/16) whose channels have mean 0 and variance
1 over the training set. The direct decoder serves training: it tells how much a latent holds, and shows what Stage C
has learned before Stages A and B exist.
"""

import itertools

import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import CompressorConfig
from wuerstchen.models.blocks import ChannelNorm, ResBlock, SettlingNorm, channels_first, channels_last, initialise

PATCH = 4
# BatchNorm's share of a new batch in its running statistics: 100 batches are remembered.
STATISTICS_MOMENTUM = 0.01


class Blocks(nn.Sequential):
    """ResBlocks on (b, c, h, w)."""

    def __init__(self, channels: int, count: int) -> None:
        super().__init__(*[ResBlock(channels, activation=F.relu) for _ in range(count)])

    def forward(self, x: Tensor) -> Tensor:
        return channels_first(super().forward(channels_last(x)))


class Centred(nn.Module):
    """[0, 1] to [-1, 1]. Transparent places are all 0 before it, where the slope of a channel norm is 1,000, once
    more in every block.
    """

    def forward(self, image: Tensor) -> Tensor:
        return image * 2 - 1


class ConvolutionalCompressor(nn.Module):
    """(b, picture_channels, H, W), premultiplied where it has alpha, to (b, latent_channels, H/16, W/16)."""

    def __init__(self, config: CompressorConfig, picture_channels: int, latent_channels: int) -> None:
        super().__init__()
        widths, counts = config.channels, config.blocks
        self.network = nn.Sequential(
            Centred(),
            nn.PixelUnshuffle(PATCH),
            nn.Conv2d(picture_channels * PATCH**2, widths[0], 1),
            Blocks(widths[0], counts[0]),
            *itertools.chain.from_iterable(
                (ChannelNorm(outer), nn.Conv2d(outer, inner, 2, stride=2), Blocks(inner, count))
                for (outer, inner), count in zip(itertools.pairwise(widths), counts[1:], strict=True)
            ),
            ChannelNorm(widths[-1]),
            nn.Conv2d(widths[-1], latent_channels, 1, bias=False),
        )
        initialise(self, sum(counts))
        self.norm = SettlingNorm(latent_channels, momentum=STATISTICS_MOMENTUM)

    def forward(self, image: Tensor) -> Tensor:
        return self.standardise(self.network(image))

    def standardise(self, features: Tensor) -> Tensor:
        """By the batch in training until it has settled, by the running statistics after and in inference; in
        float32 whatever came in.
        """
        return self.norm(features.float())


class DirectDecoder(nn.Module):
    """(b, latent_channels, h, w) to (b, picture_channels, 16h, 16w), premultiplied where it has alpha; not clamped."""

    def __init__(self, config: CompressorConfig, picture_channels: int, latent_channels: int) -> None:
        super().__init__()
        widths, counts = config.decoder_channels, config.decoder_blocks
        self.network = nn.Sequential(
            nn.Conv2d(latent_channels, widths[0], 3, padding=1),
            Blocks(widths[0], counts[0]),
            *itertools.chain.from_iterable(
                (ChannelNorm(inner), nn.Conv2d(inner, outer * 4, 1), nn.PixelShuffle(2), Blocks(outer, count))
                for (inner, outer), count in zip(itertools.pairwise(widths), counts[1:], strict=True)
            ),
            ChannelNorm(widths[-1]),
            nn.Conv2d(widths[-1], picture_channels * PATCH**2, 1),
            nn.PixelShuffle(PATCH),
        )
        initialise(self, sum(counts))

    @property
    def features(self) -> nn.Sequential:
        """All but the head: (b, latent_channels, h, w) to (b, decoder_channels[-1], 4h, 4w), what Stage B starts
        from.
        """
        return self.network[:-3]

    def forward(self, latent: Tensor) -> Tensor:
        return self.network(latent)
