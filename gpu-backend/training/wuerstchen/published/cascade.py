"""Stable Cascade's U-Net: one class for its Stage B and its Stage C. It predicts the noise itself, without A and B
heads.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.models.blocks import ChannelNorm, timestep_embedding
from wuerstchen.published.blocks import Conditioning, LevelShape, initialise, run_blocks
from wuerstchen.published.configs import CascadeConfig

# A pooled text state and a picture each become this many tokens.
TOKENS_PER_POOLED = 4


def _bilinear(x: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(x.float(), size=tuple(size), mode="bilinear", align_corners=True).to(x.dtype)


def _map_mapper(c_in: int, c_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(c_in, c_out * 4, 1), nn.GELU(), nn.Conv2d(c_out * 4, c_out, 1), ChannelNorm(c_out))


class LevelChange(nn.Module):
    """The 1×1 convolution between levels of one size. In the released names it stands beside a resize that Stage C
    turns off.
    """

    def __init__(self, c_in: int, c_out: int, place: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Conv2d(c_in, c_out, 1) if index == place else nn.Identity() for index in range(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks[1](self.blocks[0](x))


class CascadeUNet(nn.Module):
    """(b, c, h, w) noisy latent, (b,) time and conditioning to the noise in x; `forward` names the conditioning's
    shapes.
    """

    def __init__(self, config: CascadeConfig) -> None:
        super().__init__()
        self.config = config
        outer, levels = config.channels[0], range(len(config.channels))
        self._add_conditioning(config, outer)
        self.embedding = nn.Sequential(
            nn.PixelUnshuffle(config.patch),
            nn.Conv2d(config.latent_channels * config.patch**2, outer, 1),
            ChannelNorm(outer),
        )
        self.down_downscalers = nn.ModuleList(self._downscaler(level) for level in levels)
        self.down_blocks = nn.ModuleList(
            nn.ModuleList(self._shape(level).layers(config.down_layers[level])) for level in levels
        )
        self.up_blocks = nn.ModuleList(self._up_level(level) for level in reversed(levels))
        self.up_repeat_mappers = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(repeats - 1))
            for width, repeats in zip(reversed(config.channels), config.up_repeats, strict=True)
        )
        self.up_upscalers = nn.ModuleList(self._upscaler(level) for level in reversed(levels))
        self.clf = nn.Sequential(
            ChannelNorm(outer),
            nn.Conv2d(outer, config.latent_channels * config.patch**2, 1),
            nn.PixelShuffle(config.patch),
        )
        self._initialise()

    def _add_conditioning(self, config: CascadeConfig, outer: int) -> None:
        width = config.condition_channels
        self.clip_txt_pooled_mapper = nn.Linear(config.pooled_channels, width * TOKENS_PER_POOLED)
        self.clip_txt_mapper = nn.Linear(config.text_channels, width) if config.text_channels else None
        self.clip_img_mapper = (
            nn.Linear(config.image_channels, width * TOKENS_PER_POOLED) if config.image_channels else None
        )
        self.clip_norm = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.effnet_mapper = _map_mapper(config.stage_c_channels, outer) if config.stage_c_channels else None
        self.pixels_mapper = _map_mapper(config.pixels_channels, outer) if config.pixels_channels else None

    def _shape(self, level: int) -> LevelShape:
        c = self.config
        return LevelShape(
            c.kinds[level],
            c.channels[level],
            c.heads[level],
            c.condition_channels,
            c.timestep_width,
            c.timestep_conditions,
            c.dropout[level],
        )

    def _up_level(self, level: int) -> nn.ModuleList:
        deepest = level + 1 == len(self.config.channels)
        count = self.config.up_layers[len(self.config.channels) - 1 - level]
        return nn.ModuleList(self._shape(level).layers(count, 0, 0 if deepest else self.config.channels[level]))

    def _downscaler(self, level: int) -> nn.Module:
        if level == 0:
            return nn.Identity()
        above, here = self.config.channels[level - 1 : level + 1]
        change = nn.Conv2d(above, here, 2, stride=2) if self.config.resamples else LevelChange(above, here, place=0)
        return nn.Sequential(ChannelNorm(above), change)

    def _upscaler(self, level: int) -> nn.Module:
        if level == 0:
            return nn.Identity()
        above, here = self.config.channels[level - 1 : level + 1]
        change = (
            nn.ConvTranspose2d(here, above, 2, stride=2) if self.config.resamples else LevelChange(here, above, place=1)
        )
        return nn.Sequential(ChannelNorm(here), change)

    def _initialise(self) -> None:
        initialise(self, sum(self.config.down_layers))
        for mapper in (
            self.clip_txt_pooled_mapper,
            self.clip_txt_mapper,
            self.clip_img_mapper,
            self.effnet_mapper,
            self.pixels_mapper,
        ):
            for layer in mapper.modules() if mapper is not None else ():
                if isinstance(layer, (nn.Conv2d, nn.Linear)):
                    nn.init.normal_(layer.weight, std=0.02)
        nn.init.xavier_uniform_(self.embedding[1].weight, gain=0.02)
        nn.init.zeros_(self.clf[1].weight)

    def tokens(self, pooled: Tensor, text: Tensor | None = None, image: Tensor | None = None) -> Tensor:
        """Conditioning tokens (b, t, condition_channels), text first. The same at every step, so computed once a
        prompt.
        """
        groups = [self.clip_txt_pooled_mapper(pooled).unflatten(2, (TOKENS_PER_POOLED, -1)).flatten(1, 2)]
        if self.clip_txt_mapper is not None and self.clip_img_mapper is not None:
            groups.insert(0, self.clip_txt_mapper(text))
            groups.append(self.clip_img_mapper(image).unflatten(2, (TOKENS_PER_POOLED, -1)).flatten(1, 2))
        return self.clip_norm(torch.cat(groups, dim=1))

    def timestep_embedding(self, t: Tensor, conditions: dict[str, Tensor] | None = None) -> Tensor:
        """(b, width * (1 + conditions)) from (b,) time. A condition that is not given is embedded as time 0, which
        is not zeros.
        """
        given = conditions or {}
        times = [t, *(given.get(name, torch.zeros_like(t)) for name in self.config.timestep_conditions)]
        return torch.cat([timestep_embedding(time, self.config.timestep_width) for time in times], dim=1)

    def _embed(self, x: Tensor, stage_c_latent: Tensor | None, pixels: Tensor | None) -> Tensor:
        h = self.embedding(x)
        if self.effnet_mapper is not None and stage_c_latent is not None:
            h = h + self.effnet_mapper(_bilinear(stage_c_latent, h.shape[2:]))
        if self.pixels_mapper is not None:
            # Without pixels the map is constant, so one cell of it is enough.
            black = x.new_zeros(1, self.config.pixels_channels, 1, 1)
            h = h + (
                self.pixels_mapper(black) if pixels is None else _bilinear(self.pixels_mapper(pixels), h.shape[2:])
            )
        return h

    def denoise(self, h: Tensor, conditioning: Conditioning) -> Tensor:
        """The U-Net proper, on embedded maps (b, channels[0], h, w)."""
        skips = []
        for downscaler, blocks in zip(self.down_downscalers, self.down_blocks, strict=True):
            h = run_blocks(blocks, downscaler(h), conditioning)
            skips.append(h)
        skips[-1] = None
        for blocks, repeats, upscaler in zip(self.up_blocks, self.up_repeat_mappers, self.up_upscalers, strict=True):
            skip = skips.pop()
            for repeat in [None, *repeats]:
                h = h if repeat is None else repeat(h)
                if skip is not None and skip.shape[2:] != h.shape[2:]:  # a halving dropped an odd row or column
                    h = _bilinear(h, skip.shape[2:])
                h = run_blocks(blocks, h, conditioning, first_skip=skip)
            h = upscaler(h)
        return self.clf(h)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        pooled: Tensor,
        text: Tensor | None = None,
        image: Tensor | None = None,
        stage_c_latent: Tensor | None = None,
        pixels: Tensor | None = None,
        timestep_conditions: dict[str, Tensor] | None = None,
    ) -> Tensor:
        """pooled (b, 1, p), text (b, 77, e), image (b, pictures, i), stage_c_latent (b, 16, …), pixels (b, 3, …),
        conditions (b,).
        """
        conditioning = Conditioning(
            self.timestep_embedding(t, timestep_conditions).to(x.dtype), self.tokens(pooled, text, image)
        )
        return self.denoise(self._embed(x, stage_c_latent, pixels), conditioning)
