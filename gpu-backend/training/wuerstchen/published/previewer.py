"""The previewer of Stable Cascade: a small decoder from a Stage C latent straight to a rough picture."""

from torch import Tensor, nn

from wuerstchen.published.configs import PreviewerConfig


class Previewer(nn.Module):
    """(b, 16, h, w) Stage C latent to (b, 3, 8h, 8w); not clamped."""

    def __init__(self, config: PreviewerConfig) -> None:
        super().__init__()
        wide, middle, narrow = config.channels, config.channels // 2, config.channels // 4
        convolutions = [
            nn.Conv2d(config.latent_channels, wide, 1),
            nn.Conv2d(wide, wide, 3, padding=1),
            nn.ConvTranspose2d(wide, middle, 2, stride=2),
            nn.Conv2d(middle, middle, 3, padding=1),
            nn.ConvTranspose2d(middle, narrow, 2, stride=2),
            nn.Conv2d(narrow, narrow, 3, padding=1),
            nn.ConvTranspose2d(narrow, narrow, 2, stride=2),
            nn.Conv2d(narrow, narrow, 3, padding=1),
        ]
        layers: list[nn.Module] = []
        for convolution in convolutions:
            layers += [convolution, nn.GELU(), nn.BatchNorm2d(convolution.out_channels)]
        self.blocks = nn.Sequential(*layers, nn.Conv2d(narrow, 3, 1))

    def forward(self, latent: Tensor) -> Tensor:
        return self.blocks(latent)
