"""Pictures with transparency. Networks read and write premultiplied RGBA (Porter and Duff 1984), as resampling and
losses need it: what lies behind full transparency is then 0 whatever colour a file gives it. Files and graphs hold
straight alpha, as PNG does.

All pictures are (b, channels, h, w) in [0, 1]."""

import torch
from torch import Tensor

# Half of the smallest alpha of 8 bits: below it a file says "fully transparent", and no colour can be read back.
ALPHA_MIN = 0.5 / 255


def premultiply(image: Tensor) -> Tensor:
    """Straight RGBA to premultiplied RGBA."""
    alpha = image[:, 3:]
    return torch.cat([image[:, :3] * alpha, alpha], dim=1)


def straight(image: Tensor) -> Tensor:
    """Premultiplied RGBA, clamped or not, to straight RGBA in [0, 1]. Black where alpha is 0."""
    alpha = image[:, 3:].clamp(0, 1)
    colour = (image[:, :3] / alpha.clamp_min(ALPHA_MIN)).clamp(0, 1)
    return torch.cat([torch.where(alpha > ALPHA_MIN, colour, 0.0), alpha], dim=1)


def on_background(image: Tensor, background: float | Tensor = 1.0) -> Tensor:
    """Premultiplied RGBA over an opaque background (a grey, or a tensor that broadcasts to the colours) to RGB."""
    return image[:, :3] + (1 - image[:, 3:]) * background
