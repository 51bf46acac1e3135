"""What JPEG and WebP do to a weak pattern, with a slope: frequencies of a block are rounded to steps.

The rounding is round(x) + (x - round(x))^3 (Shin and Song 2017): what is far below half a step is lost and has no
slope, what is near half a step has most. Passed as it is, a gradient would teach patterns that no codec keeps.
"""

import functools
import math

import torch
import torch.nn.functional as F
from torch import Tensor

# Annex K of the JPEG standard, brightness, quality 50.
JPEG_STEPS = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
# Of WebP's blocks of 4x4 at quality 70, in the same unit: the mean is finer than the rest.
WEBP_SIDE, WEBP_STEP, WEBP_MEAN_STEP, WEBP_QUALITY = 4, 16.0, 8.0, 70


def quantised(image: Tensor, kind: str, quality: int) -> Tensor:
    """(b, c, h, w) in [0, 1], roughly as a file of this kind gives it back."""
    steps = _steps(kind, quality).to(image.device)
    side, (height, width) = len(steps), image.shape[2:]
    whole = F.pad(image, (0, -width % side, 0, -height % side), mode="replicate")
    cosines = _cosines(side).to(image.device)
    blocks = (
        whole.unflatten(3, (-1, side)).unflatten(2, (-1, side)).transpose(3, 4)
    )  # (b, c, rows, columns, side, side)
    scaled = (cosines @ blocks @ cosines.T) / steps
    nearest = scaled.detach().round()
    rounded = (nearest + (scaled - nearest) ** 3) * steps
    back = (cosines.T @ rounded @ cosines).transpose(3, 4).flatten(4, 5).flatten(2, 3)
    return back[..., :height, :width]


def _steps(kind: str, quality: int) -> Tensor:
    """(side, side), of [0, 1]."""
    if kind == "JPEG":
        scale = 50 / quality if quality < 50 else 2 - quality / 50
        return (torch.tensor(JPEG_STEPS) * scale).clamp_min(1) / 255
    steps = torch.full((WEBP_SIDE, WEBP_SIDE), WEBP_STEP)
    steps[0, 0] = WEBP_MEAN_STEP
    # A rough slope is enough: the picture itself comes from the codec.
    return steps * 2 ** ((WEBP_QUALITY - quality) / 20) / 255


@functools.cache
def _cosines(side: int) -> Tensor:
    """The orthonormal DCT-II."""
    place = torch.arange(side)
    waves = torch.cos(math.pi * (2 * place[None] + 1) * place[:, None] / (2 * side)) * math.sqrt(2 / side)
    waves[0] = math.sqrt(1 / side)
    return waves
