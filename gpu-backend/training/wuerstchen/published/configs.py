"""The released networks as named configurations: `v2` (the paper's model), `cascade-large` and `cascade-lite` (Stable
Cascade).

Lists of levels run from the outermost to the innermost, except where a field says that it is in order of execution.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class PaellaVQConfig:
    """Stage A. `scale_factor` multiplies a latent before it is decoded."""

    channels: int
    bottleneck_blocks: int
    latent_channels: int
    codebook_size: int
    scale_factor: float


@dataclass(frozen=True)
class CompressorConfig:
    """`affine`: whether the last BatchNorm has a scale and a shift (v2); without them the latent has unit variance
    (Stable Cascade).
    """

    latent_channels: int
    affine: bool


@dataclass(frozen=True)
class PreviewerConfig:
    latent_channels: int
    channels: int


@dataclass(frozen=True)
class PriorConfig:
    """Stage C of v2."""

    latent_channels: int
    channels: int
    depth: int
    heads: int
    text_channels: int
    timestep_width: int
    dropout: float


@dataclass(frozen=True)
class DiffNeXtConfig:
    """Stage B of v2. A level's `kinds` are its blocks in turn: C convolutional, T timestep, A attention."""

    latent_channels: int
    channels: tuple[int, ...]
    heads: tuple[int, ...]
    blocks: tuple[int, ...]
    kinds: tuple[str, ...]
    injects: tuple[bool, ...]
    condition_channels: int
    text_channels: int
    stage_c_channels: int
    patch: int
    timestep_width: int
    dropout: float


@dataclass(frozen=True)
class CascadeConfig:
    """Both stages of Stable Cascade. A conditioning input of 0 channels does not exist.

    `up_layers` and `up_repeats` are in order of execution, innermost level first. `resamples`: whether a level halves
    the side.
    """

    latent_channels: int
    channels: tuple[int, ...]
    heads: tuple[int, ...]
    down_layers: tuple[int, ...]
    up_layers: tuple[int, ...]
    up_repeats: tuple[int, ...]
    kinds: tuple[str, ...]
    resamples: bool
    patch: int
    condition_channels: int
    text_channels: int
    pooled_channels: int
    image_channels: int
    stage_c_channels: int
    pixels_channels: int
    timestep_conditions: tuple[str, ...]
    timestep_width: int
    dropout: tuple[float, ...]


@dataclass(frozen=True)
class SamplerDefaults:
    """The recommended way to sample a stage. `times` descends from 1 to 0; guidance of 1 or less is none."""

    times: tuple[float, ...]
    guidance_scale: float


@dataclass(frozen=True)
class PublishedConfig:
    """One released model: its five networks. `text_tokens` is the length to which every prompt is padded."""

    name: str
    stage_a: PaellaVQConfig
    stage_b: DiffNeXtConfig | CascadeConfig
    stage_c: PriorConfig | CascadeConfig
    compressor: CompressorConfig
    previewer: PreviewerConfig
    sampler_b: SamplerDefaults
    sampler_c: SamplerDefaults
    text_tokens: int = 77


# Stable Cascade's own repository multiplies by 0.43, every released diffusers configuration by 0.3764; the latter is
# kept.
PAELLA_VQ = PaellaVQConfig(
    channels=384, bottleneck_blocks=12, latent_channels=4, codebook_size=8192, scale_factor=0.3764
)

PRIOR = PriorConfig(
    latent_channels=16, channels=1536, depth=32, heads=24, text_channels=1280, timestep_width=64, dropout=0.1
)

DIFFNEXT = DiffNeXtConfig(
    latent_channels=4,
    channels=(320, 640, 1280, 1280),
    heads=(0, 10, 20, 20),
    blocks=(4, 4, 14, 4),
    kinds=("CT", "CTA", "CTA", "CTA"),
    injects=(False, True, True, True),
    condition_channels=1024,
    text_channels=1024,
    stage_c_channels=16,
    patch=2,
    timestep_width=64,
    dropout=0.1,
)

CASCADE_C_LARGE = CascadeConfig(
    latent_channels=16,
    channels=(2048, 2048),
    heads=(32, 32),
    down_layers=(8, 24),
    up_layers=(24, 8),
    up_repeats=(1, 1),
    kinds=("CTA", "CTA"),
    resamples=False,
    patch=1,
    condition_channels=2048,
    text_channels=1280,
    pooled_channels=1280,
    image_channels=768,
    stage_c_channels=0,
    pixels_channels=0,
    timestep_conditions=("sca", "crp"),
    timestep_width=64,
    dropout=(0.1, 0.1),
)
CASCADE_C_LITE = replace(
    CASCADE_C_LARGE,
    channels=(1536, 1536),
    heads=(24, 24),
    down_layers=(4, 12),
    up_layers=(12, 4),
    condition_channels=1536,
)

CASCADE_B_LARGE = CascadeConfig(
    latent_channels=4,
    channels=(320, 640, 1280, 1280),
    heads=(0, 0, 20, 20),
    down_layers=(2, 6, 28, 6),
    up_layers=(6, 28, 6, 2),
    up_repeats=(3, 3, 2, 2),
    kinds=("CT", "CT", "CTA", "CTA"),
    resamples=True,
    patch=2,
    condition_channels=1280,
    text_channels=0,
    pooled_channels=1280,
    image_channels=0,
    stage_c_channels=16,
    pixels_channels=3,
    timestep_conditions=("sca",),
    timestep_width=64,
    dropout=(0.0, 0.0, 0.1, 0.1),
)
CASCADE_B_LITE = replace(
    CASCADE_B_LARGE,
    channels=(320, 576, 1152, 1152),
    heads=(0, 0, 18, 18),
    down_layers=(2, 4, 14, 4),
    up_layers=(4, 14, 4, 2),
    up_repeats=(2, 2, 2, 2),
)


def _even_times(first: float, last: float, steps: int) -> tuple[float, ...]:
    return tuple(first + (last - first) * step / steps for step in range(steps + 1))


PREVIEWER = PreviewerConfig(latent_channels=16, channels=512)
V2 = PublishedConfig(
    name="v2",
    stage_a=PAELLA_VQ,
    stage_b=DIFFNEXT,
    stage_c=PRIOR,
    compressor=CompressorConfig(16, affine=True),
    previewer=PREVIEWER,
    sampler_b=SamplerDefaults(_even_times(1, 0, 12), 0.0),
    # 29 steps, denser where the noise is high.
    sampler_c=SamplerDefaults(_even_times(1, 2 / 3, 19) + _even_times(2 / 3, 0, 10)[1:], 4.0),
)
CASCADE_LARGE = replace(
    V2,
    name="cascade-large",
    stage_b=CASCADE_B_LARGE,
    stage_c=CASCADE_C_LARGE,
    compressor=CompressorConfig(16, affine=False),
    sampler_b=SamplerDefaults(_even_times(1, 0, 10), 0.0),
    sampler_c=SamplerDefaults(_even_times(1, 0, 20), 4.0),
)
CASCADE_LITE = replace(CASCADE_LARGE, name="cascade-lite", stage_b=CASCADE_B_LITE, stage_c=CASCADE_C_LITE)

CONFIGS = {config.name: config for config in (V2, CASCADE_LARGE, CASCADE_LITE)}


def published_config(name: str) -> PublishedConfig:
    """Raises ValueError listing the names that exist."""
    if name not in CONFIGS:
        raise ValueError(f"no published configuration {name!r}; there are {', '.join(CONFIGS)}")
    return CONFIGS[name]
