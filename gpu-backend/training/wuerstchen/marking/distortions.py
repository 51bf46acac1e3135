"""What happens to a picture on its way: saved again, scaled, cut, photographed from a screen.

Each is done as it is in the world, and its gradient is that of a smooth thing near it: rounding lets it pass as it is,
and codecs as their rounding of each frequency of a block does (`quantised.py`).
"""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from wuerstchen.marking.carriers import TILE
from wuerstchen.marking.quantised import quantised
from wuerstchen.training.contact_sheet import to_picture


@dataclass(frozen=True)
class Cut:
    """Pictures, and how far their first pixel is from a tile's beginning, down and to the right."""

    image: Tensor
    down: int = 0
    right: int = 0


def rounded(image: Tensor) -> Tensor:
    """To 8 bits."""
    return image + ((image.detach().clamp(0, 1) * 255).round() / 255 - image.detach())


def saved(image: Tensor, kind: str, quality: int) -> Tensor:
    """As a file of this kind ("JPEG", "WEBP") gives it back."""
    with torch.no_grad():
        files = torch.stack([_reopened(picture, kind, quality) for picture in image]).to(image.device)
    smooth = quantised(image, kind, quality)
    return smooth + (files - smooth.detach())


def _reopened(picture: Tensor, kind: str, quality: int) -> Tensor:
    file = io.BytesIO()
    to_picture(picture).save(file, kind, quality=quality)
    pixels = np.array(Image.open(file).convert("RGB"))
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def scaled(image: Tensor, height: int, width: int, mode: str = "bicubic") -> Tensor:
    return F.interpolate(image, (height, width), mode=mode, antialias=mode != "nearest").clamp(0, 1)


def there_and_back(image: Tensor, factor: float, mode: str = "bicubic", jpeg_quality: int | None = None) -> Tensor:
    """Scaled by `factor`, kept in 8 bits or as a JPEG, and scaled back."""
    height, width = image.shape[2:]
    other = rounded(scaled(image, round(height * factor), round(width * factor), mode))
    if jpeg_quality is not None:
        other = saved(other, "JPEG", jpeg_quality)
    return rounded(scaled(other, height, width, mode))


def cut(image: Tensor, share: float, rng: np.random.Generator) -> Cut:
    """`share` of each side, from a random corner; the edge is continued to whole tiles."""
    height, width = (round(side * share) for side in image.shape[2:])
    down, right = (
        int(rng.integers(side - part + 1)) for side, part in zip(image.shape[2:], (height, width), strict=True)
    )
    part = image[:, :, down : down + height, right : right + width]
    return Cut(to_tiles(part), down, right)


def to_tiles(image: Tensor) -> Tensor:
    """Continued at the right and at the bottom to multiples of 16, as whoever reads a file does."""
    height, width = image.shape[2:]
    return F.pad(image, (0, -width % TILE, 0, -height % TILE), mode="replicate")


Distortion = Callable[[Tensor, np.random.Generator], Cut]

# What the mark is measured by.
NAMED: dict[str, Distortion] = {
    "8 bits, nothing else": lambda image, rng: Cut(rounded(image)),
    "JPEG 70": lambda image, rng: Cut(saved(image, "JPEG", 70)),
    "WebP 70": lambda image, rng: Cut(saved(image, "WEBP", 70)),
    "scaled by 0.75 and back": lambda image, rng: Cut(there_and_back(image, 0.75)),
    "cut to 80 %": lambda image, rng: cut(rounded(image), 0.8, rng),
    "screenshot at 1.5, scaled back": lambda image, rng: Cut(there_and_back(image, 1.5, "bilinear")),
    "cut to 80 %, JPEG 70": lambda image, rng: cut(saved(image, "JPEG", 70), 0.8, rng),
    "screenshot at 1.25, JPEG 80, scaled back": lambda image, rng: Cut(there_and_back(image, 1.25, jpeg_quality=80)),
}


CUT_SHARE = 0.5
# Codecs lose most, so training sees them most.
SHARES = {"JPEG": 0.3, "WEBP": 0.3, "smaller": 0.1, "larger": 0.2, "none": 0.1}


def random_distortion(image: Tensor, rng: np.random.Generator) -> Cut:
    """One of all kinds, at a random strength, and half the time a cut; for training."""
    kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    if kind in ("JPEG", "WEBP"):
        image = saved(image, kind, int(rng.integers(60, 91)))
    elif kind == "smaller":
        image = there_and_back(image, float(rng.uniform(0.7, 1.0)), ("bicubic", "bilinear")[int(rng.integers(2))])
    elif kind == "larger":
        quality = int(rng.integers(75, 96)) if rng.random() < 0.5 else None
        image = there_and_back(image, float(rng.uniform(1.1, 2.0)), "bilinear", quality)
    else:
        image = rounded(image)
    return cut(image, float(rng.uniform(0.75, 1.0)), rng) if rng.random() < CUT_SHARE else Cut(image)
