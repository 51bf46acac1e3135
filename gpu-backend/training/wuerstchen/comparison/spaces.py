"""The latents that are compared: the compact one, an autoencoder's at an eighth of the side, Stage A's at a quarter."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from wuerstchen.config import CompressorConfig, Config, LatentConfig
from wuerstchen.diffusion import sample
from wuerstchen.models.build import (
    STAGE_A_DOWNSCALE,
    load_compressor,
    load_part,
    load_stage_a,
    new_direct_decoder,
    new_stage_b,
)
from wuerstchen.training.budget import in_steps
from wuerstchen.training.reconstruction import opaque

# Tokens a side that Stage C is tried with: 16 to 256 tokens.
TOKENS_MIN, TOKENS_MAX = 4, 16
EIGHTH = LatentConfig(channels=4, downscale=8)


@dataclass(frozen=True)
class Space:
    """Latents (b, channels, h, w) of pictures, and back to pictures on white (b, 3, H, W) in [0, 1].

    `coding`: its coding networks, as (configuration, stage) of their training, whose cost is counted."""

    name: str
    latent: LatentConfig
    encode: Callable[[Tensor], Tensor]
    decode: Callable[[Tensor], Tensor]
    coding: tuple[tuple[Config, str], ...]

    def patches(self, image_side: int) -> tuple[int, ...]:
        """Latents of a side that one token may take: those that give TOKENS_MIN to TOKENS_MAX tokens a side. At least
        one.
        """
        cells = image_side // self.latent.downscale
        found = tuple(p for p in (1, 2, 4, 8, 16) if cells % p == 0 and TOKENS_MIN <= cells // p <= TOKENS_MAX)
        return found or (1,)


def eighth_config(config: Config, steps: int | None = None) -> Config:
    """The compressor's recipe with one level less: latents of 4 channels at an eighth of the side. `steps`: of its
    training; None: as many as the compressor's.
    """
    if config.compressor is None:
        raise ValueError("--config: the comparison needs a compressor of its own stage, as in emoji-128.toml")
    own = config.compressor
    shorter = CompressorConfig(own.channels[:2], own.blocks[:2], own.decoder_channels[1:], own.decoder_blocks[1:])
    smaller = dataclasses.replace(config, compressor=shorter, latent=EIGHTH)
    return smaller if steps is None else in_steps(smaller, "compressor", steps)


def spaces_of(config: Config, runs: Path, eighth: Config, eighth_runs: Path) -> tuple[Space, ...]:
    """From finished runs; `eighth`: of `eighth_config`. Raises FileNotFoundError naming the stage that was not
    trained.
    """
    return compact_space(config, runs), eighth_space(eighth, eighth_runs), quarter_space(config, runs)


def compact_space(config: Config, runs: Path) -> Space:
    """Stage C's own latents; Stages B and A make pictures of them, from one noise."""
    compressor, stage_a = load_compressor(config, runs), load_stage_a(config, runs)
    stage_b = load_part(runs, "stage-b", "stage_b", new_stage_b(config))
    ratio = config.latent.downscale // STAGE_A_DOWNSCALE

    @torch.no_grad()
    def decode(latent: Tensor) -> Tensor:
        shape = (len(latent), config.stage_a.latent_channels, latent.shape[2] * ratio, latent.shape[3] * ratio)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        painted = sample(lambda x, t: stage_b(x, t, latent), noise, config.sampler_b.steps)
        return opaque(stage_a.decode(painted)).clamp(0, 1)

    coding = ((config, "compressor"), (config, "a"), (config, "b"))
    return Space("compact", config.latent, compressor, decode, coding)


def eighth_space(config: Config, runs: Path) -> Space:
    """`config` of `eighth_config`; its autoencoder is the compressor run of RUNS."""
    compressor = load_compressor(config, runs)
    decoder = load_part(runs, "compressor", "direct_decoder", new_direct_decoder(config))

    @torch.no_grad()
    def decode(latent: Tensor) -> Tensor:
        return opaque(decoder(latent)).clamp(0, 1)

    return Space("f8", config.latent, compressor, decode, ((config, "compressor"),))


def quarter_space(config: Config, runs: Path) -> Space:
    """Stage A's latents, unquantised."""
    stage_a = load_stage_a(config, runs)
    latent = LatentConfig(config.stage_a.latent_channels, STAGE_A_DOWNSCALE)

    @torch.no_grad()
    def decode(latents: Tensor) -> Tensor:
        return opaque(stage_a.decode(latents)).clamp(0, 1)

    return Space("f4", latent, stage_a.encode, decode, ((config, "a"),))
