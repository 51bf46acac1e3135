"""The previewer: a Stage C latent straight to a rough picture, in one pass and a few milliseconds of one CPU core."""

from torch import Tensor, nn

from wuerstchen.config import PreviewerConfig


class Previewer(nn.Module):
    """(b, c_latent, h, w) to (b, 3, downscale*h, downscale*w); not clamped.

    Stable Cascade's previewer at a fraction of its width: convolutions, each followed by GELU and BatchNorm, whose
    statistics are fixed at inference, so a picture does not depend on its company. The last two-fold step is a pixel
    shuffle: at full size, convolutions would cost more than all others together."""

    def __init__(self, config: PreviewerConfig, latent_channels: int, downscale: int) -> None:
        super().__init__()
        doublings = downscale.bit_length() - 2
        if downscale != 2 ** (doublings + 1):
            raise ValueError(f"config: the previewer needs a latent.downscale of 2, 4, 8, 16 …, not {downscale}")
        width = config.channels
        layers = [*_unit(nn.Conv2d(latent_channels, width, 1)), *_unit(nn.Conv2d(width, width, 3, padding=1))]
        for _ in range(doublings):
            narrower = max(width // 2, config.channels_min)
            layers += _unit(nn.ConvTranspose2d(width, narrower, 2, stride=2))
            layers += _unit(nn.Conv2d(narrower, narrower, 3, padding=1))
            width = narrower
        self.blocks = nn.Sequential(*layers, nn.Conv2d(width, 12, 1), nn.PixelShuffle(2))

    def forward(self, latent: Tensor) -> Tensor:
        return self.blocks(latent)

    def picture(self, latent: Tensor) -> Tensor:
        """As `forward`, in [0, 1]."""
        return self(latent).clamp(0, 1)


def _unit(convolution: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    return [convolution, nn.GELU(), nn.BatchNorm2d(convolution.out_channels)]
