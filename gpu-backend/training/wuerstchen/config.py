"""Configuration of a model and of its training: frozen dataclasses, read from one TOML file."""

import tomllib
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from wuerstchen.config_values import check_values

T = TypeVar("T")
# GELU is the paper's; on a CPU its slope takes longer than the products around it, and ReLU trains twice as many
# pictures an hour.
Activation = Literal["gelu", "relu"]
# What a network says of a noisy x, in the names of `diffusers`: its noise (through the paper's A and B heads, which
# divide), the clean latent, or v = sqrt(alpha_bar) noise - sqrt(1 - alpha_bar) clean (Salimans and Ho 2022). The last
# two need no division.
Prediction = Literal["epsilon", "sample", "v_prediction"]


@dataclass(frozen=True)
class StageAConfig:
    hidden_channels: int
    bottleneck_blocks: int
    latent_channels: int
    codebook_size: int
    activation: Activation = "gelu"


@dataclass(frozen=True)
class CompressorConfig:
    """Channels and ResBlocks of each level of the compressor (1/4, 1/8, 1/16 of the picture's side) and of its
    direct decoder (back).
    """

    channels: tuple[int, ...]
    blocks: tuple[int, ...]
    decoder_channels: tuple[int, ...]
    decoder_blocks: tuple[int, ...]


@dataclass(frozen=True)
class StageBConfig:
    """Channels and ResBlocks of each level, outermost first. Level n works at 1 / 2^n of the Stage A latent's side."""

    channels: tuple[int, ...]
    blocks: tuple[int, ...]
    mapper_channels: int
    timestep_width: int
    activation: Activation = "gelu"
    prediction: Prediction = "epsilon"


@dataclass(frozen=True)
class StageCConfig:
    channels: int
    depth: int
    heads: int
    patch: int
    timestep_width: int
    dropout: float
    activation: Activation = "gelu"
    prediction: Prediction = "epsilon"


@dataclass(frozen=True)
class PreviewerConfig:
    """Channels at the latent's own size; every doubling halves them, down to `channels_min`."""

    channels: int
    channels_min: int


@dataclass(frozen=True)
class LatentConfig:
    """Geometry of the Stage C latent. `downscale` is picture side over latent side; the compressor fixes it at 16."""

    channels: int
    downscale: int


@dataclass(frozen=True)
class TextConfig:
    tokens_max: int
    width: int


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW with warm-up, a constant middle and a linear decay to 0 over the last `decay_steps` of `steps`."""

    steps: int
    batch: int
    learning_rate: float
    warmup_steps: int
    decay_steps: int
    weight_decay: float
    ema_decay: float
    crop_pixels: int
    full_picture_steps: int
    # `batch` is what one step of the optimiser sees: all processes and all micro-batches (`accumulate` a process) share
    # it evenly.
    accumulate: int = 1
    precision: Literal["float32", "bfloat16"] = "float32"
    checkpoint_activations: bool = False
    # A rare gradient that is not finite, as bfloat16 can give, changes nothing; one more than this many ends the run.
    skipped_steps_max: int = 0


@dataclass(frozen=True)
class StageATraining(OptimiserConfig):
    """`decoder_only` freezes the encoder and the codebook: latents, and what was trained on them, stay valid.

    `quantised_share` of the batches pass the codebook; Stage B works on latents that never did. From
    `settled_from_step` on the encoder's BatchNorm normalises by slow statistics. From `adversarial_from_step` on, a
    discriminator's opinion counts with `adversarial_weight`; 0 builds none."""

    decoder_only: bool = False
    quantised_share: float = 0.9
    feature_weight: float = 0.1
    settled_from_step: int | None = None
    adversarial_weight: float = 0.0
    adversarial_from_step: int = 0


@dataclass(frozen=True)
class CompressorTraining(OptimiserConfig):
    """From `settled_from_step` on the latent is normalised by slow statistics, and `noised_share` of the latents get
    noise of up to `latent_noise` deviations. From `features_from_step` on the features of an ImageNet network count
    with `feature_weight`."""

    settled_from_step: int = 0
    noised_share: float = 0.0
    latent_noise: float = 0.0
    features_from_step: int = 0
    feature_weight: float = 0.0


@dataclass(frozen=True)
class StageBTraining(OptimiserConfig):
    """`freeze_compressor` trains Stage B alone: the latents that Stage C learned to make stay valid.

    With a compressor of its own stage, Stage B always trains alone, and the other keys count: `noised_share` of the
    latents get noise of up to `latent_noise` deviations, `first_step_share` of the times are 1, where a run of one step
    stands, and the picture that Stage A makes of the estimate counts beside the estimate itself, its features with
    `feature_weight`."""

    freeze_compressor: bool = False
    noised_share: float = 0.0
    latent_noise: float = 0.0
    first_step_share: float = 0.5
    feature_weight: float = 0.1


@dataclass(frozen=True)
class CurriculumConfig:
    """From `from_step` on, `share` of Stage C's draws are pictures of these concepts (labels) in these styles.

    `only_styles` takes the other draws from these styles as well. There `kinds` says how many times as often a picture
    of a kind is drawn as its weight in the set has it."""

    from_step: int
    share: float
    styles: tuple[str, ...]
    concepts: tuple[str, ...]
    only_styles: bool = False
    kinds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RecolourConfig:
    """`share` of Stage C's draws are favourites of the curriculum in other colours.

    `unseen` names a prompts file beside the configuration, whose combinations are never shown; `without` are labels
    left as they are."""

    share: float
    unseen: str
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class SamplerConfig:
    kind: str
    steps: int
    steps_min: int
    steps_max: int
    guidance_scale: float
    guidance_scale_min: float
    guidance_scale_max: float


@dataclass(frozen=True)
class SideRange:
    """Sides in pixels that a served model offers beside its own: multiples of `multiple_of` from `min` to `max`."""

    min: int
    max: int
    multiple_of: int


@dataclass(frozen=True)
class Config:
    id: str
    name: str
    description: str
    image_side: int
    seed: int
    compile: bool
    text: TextConfig
    latent: LatentConfig
    stage_a: StageAConfig
    stage_b: StageBConfig
    stage_c: StageCConfig
    train_a: StageATraining
    train_b: StageBTraining
    train_c: OptimiserConfig
    curriculum_c: CurriculumConfig
    sampler_b: SamplerConfig
    sampler_c: SamplerConfig
    recolour_c: RecolourConfig | None = None
    # 3 for RGB on white, 4 for pictures that keep their transparency.
    picture_channels: int = 3
    # Both or none: without them Stage B trains an EfficientNet-Lite0 compressor with itself.
    compressor: CompressorConfig | None = None
    train_compressor: CompressorTraining | None = None
    image_sides: SideRange | None = None
    # Both or none: a bundle without a previewer shows no previews.
    previewer: PreviewerConfig | None = None
    train_previewer: OptimiserConfig | None = None


def load_config(path: str | Path) -> Config:
    """Reads a TOML file; keys with a default may be left out.

    Raises ValueError naming a key that is missing, unknown or mistyped, or whose value is out of its range."""
    config = _build(Config, _read_toml(Path(path)), "")
    if (config.previewer is None) != (config.train_previewer is None):
        raise ValueError("config: previewer and train_previewer need each other")
    if (config.compressor is None) != (config.train_compressor is None):
        raise ValueError("config: compressor and train_compressor need each other")
    if config.picture_channels not in (3, 4):
        raise ValueError(f"config: picture_channels must be 3 (RGB) or 4 (RGBA), not {config.picture_channels}")
    check_values(config)
    if config.recolour_c is None:
        return config
    return replace(
        config, recolour_c=replace(config.recolour_c, unseen=str(Path(path).parent / config.recolour_c.unseen))
    )


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # of TOML or of UTF-8
        raise ValueError(f"config: {path} is no TOML file: {error}") from error


def _build(kind: type[T], values: Any, prefix: str) -> T:
    if not isinstance(values, dict):
        raise ValueError(f"config: {prefix.removesuffix('.')} must be a section of keys, not {values!r}")
    hints = get_type_hints(kind)
    required = {
        one.name
        for one in fields(kind)  # type: ignore[arg-type]
        if one.default is MISSING and one.default_factory is MISSING
    }
    for name in values.keys() - hints.keys():
        raise ValueError(f"config: {prefix}{name} is unknown")
    for name in required - values.keys():
        raise ValueError(f"config: {prefix}{name} is missing")
    return kind(**{name: _convert(hints[name], value, prefix + name) for name, value in values.items()})


def _convert(hint: Any, value: Any, name: str) -> Any:
    if is_dataclass(hint):
        return _build(hint, value, f"{name}.")  # type: ignore[arg-type]
    if type(None) in get_args(hint):  # TOML has no null: a section that is there is not None
        return _convert(get_args(hint)[0], value, name)
    if hint in (tuple[int, ...], tuple[str, ...]):
        entry = get_args(hint)[0]
        if not isinstance(value, list):
            raise ValueError(f"config: {name} must be a list of {entry.__name__}, not {value!r}")
        return tuple(_convert(entry, item, f"{name}[{number}]") for number, item in enumerate(value))
    if hint == dict[str, float]:
        if not isinstance(value, dict):
            raise ValueError(f"config: {name} must be a section of numbers, not {value!r}")
        return {key: _convert(float, item, f"{name}.{key}") for key, item in value.items()}
    if hint is float and type(value) is int:
        return float(value)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise ValueError(f"config: {name} must be one of {', '.join(get_args(hint))}, not {value!r}")
        return value
    if type(value) is not hint:
        raise ValueError(f"config: {name} must be {hint.__name__}, not {value!r}")
    return value
