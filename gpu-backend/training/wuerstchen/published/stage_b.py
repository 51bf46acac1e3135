"""Stage B of v2 ("DiffNeXt"): a four-level U-Net that paints Stage A latents from the Stage C latent and the text."""

import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.models.blocks import ChannelNorm, timestep_embedding
from wuerstchen.published.blocks import Conditioning, LevelShape, initialise, run_blocks
from wuerstchen.published.configs import DiffNeXtConfig

# B' stays inside [1e-3, 1 - 1e-3], so that the division is safe.
B_HEAD_MARGIN = 1e-3


class DiffNeXt(nn.Module):
    """(b, 4, h, w) noisy Stage A latent, (b,) time, (b, 16, …) Stage C latent, (b, 77, text_channels) text to the noise
    in x.

    h and w are multiples of 16: an unshuffle and three halvings, with no repair of odd sizes.
    """

    def __init__(self, config: DiffNeXtConfig) -> None:
        super().__init__()
        self.config = config
        outer, levels = config.channels[0], range(len(config.channels))
        self.clip_mapper = nn.Linear(config.text_channels, config.condition_channels)
        self.effnet_mappers = nn.ModuleList(
            nn.Conv2d(config.stage_c_channels, config.condition_channels, 1) if injects else None
            for injects in (*config.injects, *reversed(config.injects))
        )
        self.seq_norm = nn.LayerNorm(config.condition_channels, eps=1e-6, elementwise_affine=False)
        self.embedding = nn.Sequential(
            nn.PixelUnshuffle(config.patch),
            nn.Conv2d(config.latent_channels * config.patch**2, outer, 1),
            ChannelNorm(outer),
        )
        self.down_blocks = nn.ModuleList(self._down_level(level) for level in levels)
        self.up_blocks = nn.ModuleList(self._up_level(level) for level in reversed(levels))
        self.clf = nn.Sequential(
            ChannelNorm(outer),
            nn.Conv2d(outer, 2 * config.latent_channels * config.patch**2, 1),
            nn.PixelShuffle(config.patch),
        )
        self._initialise()

    def _shape(self, level: int) -> LevelShape:
        c = self.config
        return LevelShape(
            c.kinds[level], c.channels[level], c.heads[level], c.condition_channels, c.timestep_width, (), c.dropout
        )

    def _injected(self, level: int) -> int:
        return self.config.condition_channels if self.config.injects[level] else 0

    def _down_level(self, level: int) -> nn.ModuleList:
        layers = self._shape(level).layers(self.config.blocks[level], self._injected(level))
        if level == 0:
            return nn.ModuleList(layers)
        above, here = self.config.channels[level - 1 : level + 1]
        return nn.ModuleList([nn.Sequential(ChannelNorm(above), nn.Conv2d(above, here, 2, stride=2)), *layers])

    def _up_level(self, level: int) -> nn.ModuleList:
        here, deepest = self.config.channels[level], level + 1 == len(self.config.channels)
        layers = self._shape(level).layers(self.config.blocks[level], self._injected(level), 0 if deepest else here)
        if level == 0:
            return nn.ModuleList(layers)
        above = self.config.channels[level - 1]
        return nn.ModuleList([*layers, nn.Sequential(ChannelNorm(here), nn.ConvTranspose2d(here, above, 2, stride=2))])

    def _initialise(self) -> None:
        initialise(self, sum(self.config.blocks))
        for mapper in self.effnet_mappers:
            if mapper is not None:
                nn.init.normal_(mapper.weight, std=0.02)
        nn.init.normal_(self.clip_mapper.weight, std=0.02)
        nn.init.xavier_uniform_(self.embedding[1].weight, gain=0.02)
        nn.init.zeros_(self.clf[1].weight)

    def resized(self, stage_c_latent: Tensor, size: tuple[int, int]) -> list[Tensor | None]:
        """The Stage C latent at each level's size for a Stage A latent of `size`; None where a level takes none.

        A level's size depends on `size` alone, so a sampler (or a host without this resize) computes these once a
        picture.
        """
        sides = [
            tuple(side // self.config.patch // 2**level for side in size) for level in range(len(self.config.channels))
        ]
        latent = stage_c_latent.float()  # the resize sums up to 16 terms of both signs
        return [
            F.interpolate(latent, size=side, mode="bicubic", antialias=True, align_corners=True).to(
                stage_c_latent.dtype
            )
            if used
            else None
            for side, used in zip(sides, self.config.injects, strict=True)
        ]

    def _features(self, mapper: nn.Module | None, latent: Tensor | None) -> Tensor | None:
        return None if mapper is None or latent is None else mapper(latent)

    def heads(self, x: Tensor, embedding: Tensor, latents: list[Tensor | None], text: Tensor) -> tuple[Tensor, Tensor]:
        """A and B', both like x: eps = (x - A) / B'. `latents` come from `resized`, `embedding` is (b,
        timestep_width).
        """
        return self.heads_of(x, latents, Conditioning(embedding, self.tokens(text)))

    def tokens(self, text: Tensor) -> Tensor:
        """Text states (b, 77, text_channels) as the blocks read them, (b, 77, condition_channels)."""
        return self.seq_norm(self.clip_mapper(text))

    def heads_of(self, x: Tensor, latents: list[Tensor | None], conditioning: Conditioning) -> tuple[Tensor, Tensor]:
        """As `heads`, with text tokens that are mapped already."""
        levels, skips = len(latents), []
        h = self.embedding(x)
        for level, blocks in enumerate(self.down_blocks):
            features = self._features(self.effnet_mappers[level], latents[level])
            if level > 0:
                h, blocks = blocks[0](h), blocks[1:]
            h = run_blocks(blocks, h, conditioning, features)
            skips.append(h)
        for index, blocks in enumerate(self.up_blocks):
            level = levels - 1 - index
            features = self._features(self.effnet_mappers[levels + index], latents[level])
            upscaler, blocks = (blocks[-1], blocks[:-1]) if level > 0 else (nn.Identity(), blocks)
            h = upscaler(run_blocks(blocks, h, conditioning, features, skips[level] if index > 0 else None))
        a, b = self.clf(h).chunk(2, dim=1)
        return a, b.sigmoid() * (1 - 2 * B_HEAD_MARGIN) + B_HEAD_MARGIN

    def forward(self, x: Tensor, t: Tensor, stage_c_latent: Tensor, text: Tensor) -> Tensor:
        embedding = timestep_embedding(t, self.config.timestep_width).to(x.dtype)
        a, b = self.heads(x, embedding, self.resized(stage_c_latent, (x.shape[2], x.shape[3])), text)
        return (x - a) / b
