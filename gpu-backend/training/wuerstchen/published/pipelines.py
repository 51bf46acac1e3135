"""Text states to pictures with the released networks: Stage C, then Stage B, then Stage A.

Sizes are those of the releases: 42.67 pixels a cell of the Stage C latent, rounded up, so a picture can come out larger
than asked for.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from wuerstchen.published.cascade import CascadeUNet
from wuerstchen.published.sampling import Sampling, sample
from wuerstchen.published.stage_a import PaellaVQ
from wuerstchen.published.stage_b import DiffNeXt
from wuerstchen.published.stage_c import Prior
from wuerstchen.published.text import CascadeText

PIXELS_PER_CELL = 42.67
STAGE_B_PER_CELL = 10.67
# v2's Stage C works on (e + 1) / 42, roughly [0, 1]; its Stage B reads e.
V2_LATENT_SCALE, V2_LATENT_SHIFT = 42.0, 1.0


@dataclass(frozen=True)
class V2Prompts:
    """Text states (b, 77, w) and, where guidance is on, negative ones of the same shape. `images_each`: pictures a
    prompt.
    """

    text: Tensor
    negative: Tensor | None = None
    images_each: int = 1


@dataclass(frozen=True)
class CascadePrompts:
    """As V2Prompts. `image` (b, pictures, 768) holds CLIP picture states; without them, and in the negative, zeros
    stand there.
    """

    text: CascadeText
    negative: CascadeText | None = None
    images_each: int = 1
    image: Tensor | None = None


def stage_c_size(height: int, width: int) -> tuple[int, int]:
    """Pixels to cells of the Stage C latent."""
    return math.ceil(height / PIXELS_PER_CELL), math.ceil(width / PIXELS_PER_CELL)


def stage_b_size(cells: tuple[int, int], multiple: int) -> tuple[int, int]:
    """Cells to the Stage A latent's size; a picture has 4 pixels a side for each of it. Raises ValueError unless it
    fits `multiple`.
    """
    size = int(cells[0] * STAGE_B_PER_CELL), int(cells[1] * STAGE_B_PER_CELL)
    if any(side % multiple for side in size):
        raise ValueError(
            f"a Stage C latent of {cells} gives Stage B {size}, which must be a multiple of {multiple}; use sides of "
            "128"
        )
    return size


def sample_v2_stage_c(prior: Prior, prompts: V2Prompts, size: tuple[int, int], sampling: Sampling) -> Tensor:
    """Latents (b * images_each, 16, h, w), on Stage B's scale, for pictures of `size` (height, width) in pixels."""
    text = _doubled(prompts.text, prompts.negative, prompts.images_each, sampling)
    shape = (len(prompts.text) * prompts.images_each, prior.config.latent_channels, *stage_c_size(*size))
    with torch.no_grad():
        x = sample(lambda x, t: prior(x, t, text), shape, sampling, like=text)
    return x * V2_LATENT_SCALE - V2_LATENT_SHIFT


def sample_v2_stage_b(decoder: DiffNeXt, latents: Tensor, prompts: V2Prompts, sampling: Sampling) -> Tensor:
    """Stage A latents (b * images_each, 4, h, w). `latents`: one a prompt, or one a picture, each prompt's pictures
    together.
    """
    count = len(prompts.text) * prompts.images_each
    latents = _one_each(latents, count)
    text = _doubled(prompts.text, prompts.negative, prompts.images_each, sampling)
    latent = _doubled(latents, torch.zeros_like(latents), 1, sampling)
    shape = (count, decoder.config.latent_channels, *stage_b_size((latents.shape[2], latents.shape[3]), multiple=16))
    with torch.no_grad():
        return sample(lambda x, t: decoder(x, t, latent, text), shape, sampling, like=latents)


def sample_cascade_stage_c(
    unet: CascadeUNet, prompts: CascadePrompts, size: tuple[int, int], sampling: Sampling
) -> Tensor:
    """Latents (b * images_each, 16, h, w) for pictures of `size` (height, width) in pixels. They go to Stage B as
    they are.
    """
    image = prompts.image
    if image is None:
        image = prompts.text.states.new_zeros(len(prompts.text.states), 1, unet.config.image_channels)
    text, pooled = _doubled_text(prompts, sampling)
    image = _doubled(image, torch.zeros_like(image), prompts.images_each, sampling)
    shape = (len(prompts.text.states) * prompts.images_each, unet.config.latent_channels, *stage_c_size(*size))
    with torch.no_grad():
        return sample(lambda x, t: unet(x, t, pooled, text, image), shape, sampling, like=text)


def sample_cascade_stage_b(unet: CascadeUNet, latents: Tensor, prompts: CascadePrompts, sampling: Sampling) -> Tensor:
    """Stage A latents (b * images_each, 4, h, w). `latents`: one a prompt, or one a picture, each prompt's pictures
    together.
    """
    count = len(prompts.text.pooled) * prompts.images_each
    latents = _one_each(latents, count)
    _, pooled = _doubled_text(prompts, sampling)
    latent = _doubled(latents, torch.zeros_like(latents), 1, sampling)
    shape = (count, unet.config.latent_channels, *stage_b_size((latents.shape[2], latents.shape[3]), unet.config.patch))
    with torch.no_grad():
        return sample(lambda x, t: unet(x, t, pooled, stage_c_latent=latent), shape, sampling, like=latents)


def to_images(stage_a: PaellaVQ, latents: Tensor) -> Tensor:
    """(b, 4, h, w) to pictures (b, 3, 4h, 4w) in [0, 1]."""
    with torch.no_grad():
        return stage_a.decode(latents).clamp(0, 1)


def _doubled(conditional: Tensor, unconditional: Tensor | None, repeats: int, sampling: Sampling) -> Tensor:
    """Each row `repeats` times, and behind them the unconditional rows where guidance is on. Raises ValueError
    where they do not fit.
    """
    if not sampling.guided:
        return conditional.repeat_interleave(repeats, dim=0)
    if unconditional is None or unconditional.shape != conditional.shape:
        given = "none" if unconditional is None else tuple(unconditional.shape)
        raise ValueError(f"guidance needs a negative of shape {tuple(conditional.shape)}, not {given}")
    return torch.cat([conditional, unconditional]).repeat_interleave(repeats, dim=0)


def _doubled_text(prompts: CascadePrompts, sampling: Sampling) -> tuple[Tensor, Tensor]:
    text, negative = prompts.text, prompts.negative
    states = _doubled(text.states, negative.states if negative else None, prompts.images_each, sampling)
    return states, _doubled(text.pooled, negative.pooled if negative else None, prompts.images_each, sampling)


def _one_each(latents: Tensor, pictures: int) -> Tensor:
    """Latents repeated so that there is one a picture. Raises ValueError where the numbers do not divide."""
    if pictures % len(latents):
        raise ValueError(f"{len(latents)} latents for {pictures} pictures")
    return latents.repeat_interleave(pictures // len(latents), dim=0)
