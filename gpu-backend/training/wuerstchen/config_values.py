"""What the values of a configuration may be: ranges by key, and what keys ask of each other. Types are checked
where the file is read.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

MODEL_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
# Of a bundle, perhaps with an adapter at a strength: as `shared/models/model-name.ts` has it.
BUNDLE_ID = re.compile(
    MODEL_ID.pattern + r"(?:\+[a-z0-9][a-z0-9._-]{0,31}(?::(?:0\.05|0\.[1-9]5?|1\.05|1\.[1-4]5?|1\.5))?)?"
)
STEPS_MAX, WIDTH_MAX = 100_000_000, 65_536


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both allowed unless `below_high`; whole multiples of `multiple` where that is not 0."""

    low: float
    high: float
    multiple: int = 0
    below_high: bool = False

    def holds(self, value: float) -> bool:
        inside = self.low <= value < self.high if self.below_high else self.low <= value <= self.high
        return inside and (self.multiple == 0 or value % self.multiple == 0)

    def __str__(self) -> str:
        if self.low == self.high:
            return _plain(self.low)
        end = f"below {_plain(self.high)}" if self.below_high else f"at most {_plain(self.high)}"
        return f"{f'a multiple of {self.multiple}, ' if self.multiple else ''}at least {_plain(self.low)} and {end}"


def _plain(value: float) -> str:
    return f"{value:.12g}"


COUNT, STEP, SHARE, WEIGHT = Range(1, WIDTH_MAX), Range(0, STEPS_MAX), Range(0, 1), Range(0, 1e6)
# By key, whatever the section; a section's own range, under "section.key", goes before.
RANGES = {
    **dict.fromkeys(
        ("channels", "decoder_channels", "hidden_channels", "latent_channels", "mapper_channels", "channels_min"), COUNT
    ),
    **dict.fromkeys(
        ("blocks", "decoder_blocks", "depth", "heads", "patch", "batch", "accumulate", "width", "codebook_size"), COUNT
    ),
    **dict.fromkeys(("warmup_steps", "decay_steps", "full_picture_steps", "skipped_steps_max", "from_step"), STEP),
    **dict.fromkeys(("settled_from_step", "features_from_step", "adversarial_from_step"), STEP),
    **dict.fromkeys(("share", "quantised_share", "noised_share", "first_step_share"), SHARE),
    **dict.fromkeys(("feature_weight", "adversarial_weight", "latent_noise"), WEIGHT),
    **dict.fromkeys(("guidance_scale", "guidance_scale_min", "guidance_scale_max"), Range(0, 100)),
    **dict.fromkeys(("steps_min", "steps_max"), Range(1, 1000)),
    "kinds": WEIGHT,
    "seed": Range(0, 2**31 - 1),
    "image_side": Range(16, 4096),
    "downscale": Range(16, 16),
    "bottleneck_blocks": Range(0, 1000),
    # Two of the positions are the text's start and end.
    "tokens_max": Range(3, 4096),
    # Half of it are sines, whose frequencies need two to have a distance.
    "timestep_width": Range(4, WIDTH_MAX, multiple=2),
    "dropout": Range(0, 1, below_high=True),
    "steps": Range(1, STEPS_MAX),
    "learning_rate": Range(0, 1),
    "weight_decay": Range(0, 1),
    "ema_decay": Range(0, 1, below_high=True),
    "crop_pixels": Range(0, 4096),
    "train_a.crop_pixels": Range(4, 4096, multiple=4),
    "train_b.crop_pixels": Range(16, 4096, multiple=16),
    "sampler_b.steps": Range(1, 1000),
    "sampler_c.steps": Range(1, 1000),
    "min": Range(16, 4096),
    "max": Range(16, 4096),
    "multiple_of": Range(1, 4096),
}
SAMPLER_KINDS = ("ddim", "ddpm", "dpmpp-2m")


def check_values(config: Any) -> None:
    """`config`: the whole Config, whose module imports this one. Raises ValueError naming the first key whose value
    does not fit, the value and what would."""
    for problem in _problems(config):
        raise ValueError(f"config: {problem}")


def _problems(config: Any) -> Iterator[str]:
    yield from _out_of_range(config, "")
    yield from _names(config)
    yield from _networks(config)
    yield from _sizes(config)
    for section in ("train_a", "train_compressor", "train_b", "train_c", "train_previewer"):
        if (plan := getattr(config, section)) is not None:
            yield from _plan(section, plan, config.image_side)
    for section in ("sampler_b", "sampler_c"):
        yield from _sampler(section, getattr(config, section))


def _out_of_range(section: Any, prefix: str) -> Iterator[str]:
    for field in fields(section):
        value, name = getattr(section, field.name), prefix + field.name
        if is_dataclass(value):
            yield from _out_of_range(value, f"{name}.")
            continue
        allowed = RANGES.get(name) or RANGES.get(field.name)
        numbers = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
        for number in numbers:
            if allowed and number is not None and not (math.isfinite(number) and allowed.holds(number)):
                yield f"{name} must be {allowed}, not {_plain(number)}"


def _names(config: Any) -> Iterator[str]:
    if config.curriculum_c.kinds and not config.curriculum_c.only_styles:
        yield "curriculum_c.kinds needs only_styles = true"
    if not MODEL_ID.fullmatch(config.id):
        yield f"id must be 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first, not {config.id!r}"
    for name in ("name", "description"):
        if not getattr(config, name).strip():
            yield f"{name} must say something"


def _networks(config: Any) -> Iterator[str]:
    stage_c, levels = config.stage_c, [("stage_b", "channels", "blocks", None)]
    if stage_c.channels % stage_c.heads:
        yield f"stage_c.heads must divide stage_c.channels, {stage_c.channels}, not be {stage_c.heads}"
    if config.compressor is not None:
        levels += [("compressor", "channels", "blocks", 3), ("compressor", "decoder_channels", "decoder_blocks", 3)]
        if config.compressor.decoder_channels[-1:] != (config.stage_b.mapper_channels,):
            yield "stage_b.mapper_channels must be the last of compressor.decoder_channels"
    for section, widths, counts, wanted in levels:
        a, b = (getattr(getattr(config, section), name) for name in (widths, counts))
        if len(a) != len(b) or not a or (wanted and len(a) != wanted):
            each = f"{wanted} entries each" if wanted else "one entry a level, the same number of both"
            yield f"{section}.{widths} and {section}.{counts} must have {each}, not {len(a)} and {len(b)}"
    if config.previewer is not None and config.previewer.channels_min > config.previewer.channels:
        yield (
            f"previewer.channels_min must be at most previewer.channels, {config.previewer.channels}, not "
            f"{config.previewer.channels_min}"
        )


def _sizes(config: Any) -> Iterator[str]:
    cells = math.lcm(config.latent.downscale * config.stage_c.patch, 4 * 2 ** (len(config.stage_b.channels) - 1))
    if config.image_side % cells:
        yield (
            f"image_side must be a multiple of {cells} with this patch and these levels of Stage B, not "
            f"{config.image_side}"
        )
    sides = config.image_sides
    if sides is not None and not (
        sides.min <= sides.max and sides.min % sides.multiple_of == 0 and sides.multiple_of % cells == 0
    ):
        yield (
            "image_sides must have min at most max, min a multiple of multiple_of, and multiple_of a multiple of "
            f"{cells}"
        )


def _plan(section: str, plan: Any, side: int) -> Iterator[str]:
    if plan.batch % plan.accumulate:
        yield f"{section}.accumulate must divide {section}.batch, {plan.batch}, not be {plan.accumulate}"
    if plan.crop_pixels > side:
        yield f"{section}.crop_pixels must be at most image_side, {side}, not {plan.crop_pixels}"


def _sampler(section: str, sampler: Any) -> Iterator[str]:
    if sampler.kind not in SAMPLER_KINDS:
        yield f"{section}.kind must be one of {', '.join(SAMPLER_KINDS)}, not {sampler.kind!r}"
    for name in ("steps", "guidance_scale"):
        value, low, high = (getattr(sampler, f"{name}{end}") for end in ("", "_min", "_max"))
        if not low <= value <= high:
            yield f"{section}.{name} must lie from {name}_min to {name}_max, {low:g} to {high:g}, not be {value:g}"
