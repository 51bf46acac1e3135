"""Stage C of v2 ("Prior"): text to the 42:1 latent. Isotropic, no U-Net (Würstchen, section 3.3; released
configuration).
"""

from torch import Tensor, nn

from wuerstchen.models.blocks import ChannelNorm, timestep_embedding
from wuerstchen.published.blocks import Conditioning, LevelShape, initialise, run_blocks
from wuerstchen.published.configs import PriorConfig


class Prior(nn.Module):
    """(b, 16, h, w) noisy latent, (b,) time, (b, 77, text_channels) text states to the noise in x."""

    def __init__(self, config: PriorConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.channels
        shape = LevelShape("CTA", channels, config.heads, channels, config.timestep_width, (), config.dropout)
        self.projection = nn.Conv2d(config.latent_channels, channels, 1)
        self.cond_mapper = nn.Sequential(
            nn.Linear(config.text_channels, channels), nn.LeakyReLU(0.2), nn.Linear(channels, channels)
        )
        self.blocks = nn.ModuleList(shape.layers(config.depth))
        self.out = nn.Sequential(ChannelNorm(channels), nn.Conv2d(channels, config.latent_channels * 2, 1))
        initialise(self, config.depth)
        for layer in (self.projection, self.cond_mapper[0], self.cond_mapper[2]):
            nn.init.normal_(layer.weight, std=0.02)
        nn.init.zeros_(self.out[1].weight)

    def heads(self, x: Tensor, embedding: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """A and D = |1 - B| + 1e-5, both like x: eps = (x - A) / D. `embedding` is (b, timestep_width)."""
        return self.heads_of(x, Conditioning(embedding, self.cond_mapper(text)))

    def heads_of(self, x: Tensor, conditioning: Conditioning) -> tuple[Tensor, Tensor]:
        """As `heads`, with text tokens (b, 77, channels) that are mapped already."""
        h = run_blocks(self.blocks, self.projection(x), conditioning)
        a, b = self.out(h).chunk(2, dim=1)
        return a, (1 - b).abs() + 1e-5

    def forward(self, x: Tensor, t: Tensor, text: Tensor) -> Tensor:
        a, d = self.heads(x, timestep_embedding(t, self.config.timestep_width).to(x.dtype), text)
        return (x - a) / d
