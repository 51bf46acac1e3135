"""model.json and the model card of an imported checkpoint."""

from dataclasses import dataclass

from wuerstchen.models.blocks import timestep_frequencies
from wuerstchen.published.bundle.checkpoint import Checkpoint
from wuerstchen.published.bundle.decoder_text import describe_decoder_text
from wuerstchen.published.configs import CASCADE_LARGE, V2, SamplerDefaults
from wuerstchen.published.pipelines import PIXELS_PER_CELL, V2_LATENT_SCALE, V2_LATENT_SHIFT

SIDE_STEP = 128  # three cells of Stage C
SIDE_MAX = 4096
STEPS_MAX, GUIDANCE_MAX = 100, 20.0
# What the releases were trained for.
SIZES = ("1024x1024", "1024x1536", "1536x1024")
SIDES = {"min": 1024, "max": 1536, "multipleOf": SIDE_STEP}
STABLE_CASCADE_LICENCE = (
    "Stability AI Non-Commercial Research Community License Agreement, November 28, 2023 "
    "(stable-cascade-nc-community): no commercial use"
)
# Family → what people read: name, licence of the released weights, where they come from.
RELEASES = {
    "wuerstchen-v2": ("Würstchen v2", "MIT", "warp-ai/wuerstchen and warp-ai/wuerstchen-prior"),
    "stable-cascade": (
        "Stable Cascade",
        STABLE_CASCADE_LICENCE,
        "stabilityai/stable-cascade and stabilityai/stable-cascade-prior",
    ),
}


@dataclass(frozen=True)
class About:
    """What no checkpoint says. `source`: as the importer was given it. `sizes` ("1024x1024"): the first is the default.

    Without sizes, every size is offered that the releases were trained for."""

    id: str
    created: str
    source: str
    sizes: tuple[str, ...] | None = None
    licence: str | None = None


def build_manifest(checkpoint: Checkpoint, about: About, graphs: dict[str, dict], encoder: str = "") -> dict:
    """Without `files` and `revision`. `encoder`: the digest of what makes states of image prompts."""
    sizes = about.sizes or SIZES
    text, cascade = checkpoint.text_encoder.config, checkpoint.family == "stable-cascade"
    release, (name, licence, _) = CASCADE_LARGE if cascade else V2, RELEASES[checkpoint.family]
    # A v2 latent is stored as Stage B reads it, which is also what diffusers hands over.
    scale, offset = (1, 0) if cascade else (V2_LATENT_SCALE, -V2_LATENT_SHIFT)
    c, b, a = checkpoint.stage_c.config, checkpoint.stage_b.config, checkpoint.stage_a.config
    stage_c = _sampler(release.sampler_c, STEPS_MAX)
    if not cascade:  # its steps are not even
        stage_c |= {"timesteps": list(release.sampler_c.times)}
    return {
        "format": "wuerstchen-edge/bundle@1",
        "id": about.id,
        "family": checkpoint.family,
        "name": name,
        "description": f"{name}, imported from {about.source}",
        "revision": "",
        "created": about.created,
        "licence": about.licence or licence,
        "image": {
            "sizes": list(sizes),
            "sizeDefault": sizes[0],
            "channels": 3,
            **({} if about.sizes else {"sides": SIDES}),
        },
        "latent": {"channels": c.latent_channels, "downscale": PIXELS_PER_CELL, "scale": scale, "offset": offset},
        "stageB": {
            "channels": b.latent_channels,
            "downscale": 4,
            "latentScale": a.scale_factor,
            **({} if checkpoint.decoder_text is None else {"text": describe_decoder_text(checkpoint)}),
        },
        "text": {
            "tokensMax": text.positions,
            "positions": text.positions + (1 if cascade else 0),
            "padTokenId": checkpoint.tokenizer.pad,
            "width": max(text.width, text.projection) if cascade else text.width,
            "specialTokensCount": 2,
            "tokenizer": "tokenizer.json",
        },
        **({} if checkpoint.images is None else {"imagePrompts": {"encoder": encoder}}),
        "schedule": {"kind": "cosine", "s": checkpoint.schedule_s, "clampMin": 1e-4, "clampMax": 0.9999},
        "timestepEmbedding": {
            "width": c.timestep_width,
            "frequencies": timestep_frequencies(c.timestep_width).tolist(),
        },
        "sampler": {"stageC": stage_c, "stageB": _sampler(release.sampler_b, STEPS_MAX)},
        "graphs": graphs,
    }


def model_card(checkpoint: Checkpoint, about: About, weights: str, precision: str = "float32") -> str:
    name, licence, origin = RELEASES[checkpoint.family]
    numbers = (
        "Weights are stored as float16. A card computes products in float16, a processor in float32."
        if precision == "half"
        else f"Weights are stored as {weights} and compute in float32."
    )
    return f"""# {about.id}

{name}, imported from `{about.source}`. Released as {origin}.

- Licence of the weights: {about.licence or licence}.
- {numbers}
- `import.json` has the SHA-256 of every file that this bundle was made from.
{_stage_b_reads(checkpoint)}
- Sizes are multiples of {SIDE_STEP} pixels a side. The releases were trained on sides of 1024 to 1536.
"""


def _stage_b_reads(checkpoint: Checkpoint) -> str:
    text = checkpoint.decoder_text
    if text is None:
        return """\
- Stage B reads the text states of the empty prompt, which are constants in its graph. Pictures are what `diffusers`
  paints with `prompt=""` in its decoder pipeline."""
    scale = f"{text.guidance:g}, with two passes a step" if text.guided else "0"
    return f"""\
- Stage B reads the prompt. Pictures are what `diffusers` paints with `prompt` and `negative_prompt` in its decoder
  pipeline, at a guidance scale of {scale}."""


def _sampler(defaults: SamplerDefaults, steps_max: int) -> dict:
    steps = {"default": len(defaults.times) - 1, "min": 1, "max": steps_max}
    guidance = max(1.0, defaults.guidance_scale)
    return {
        "kind": "ddpm",
        "steps": steps,
        "guidanceScale": {"default": guidance, "min": 1.0, "max": GUIDANCE_MAX if guidance > 1 else 1.0},
    }
