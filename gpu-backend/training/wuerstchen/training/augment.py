"""Pictures that a data set does not hold, for networks that must draw any picture: mirrored, in other colours, one
on another.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

MIRRORED_SHARE = 0.5
OTHER_COLOURS_SHARE = 0.15
PASTED_SHARE = 0.15
# Side of a pasted picture over the side of the one below it.
PASTED_SIDE_MIN, PASTED_SIDE_MAX = 0.35, 0.75


def augment(image: Tensor, rng: np.random.Generator) -> Tensor:
    """(b, 4, h, w) premultiplied, in [0, 1]. Captions do not survive it: for what is trained on pictures alone. A mask
    may follow as a fifth channel: it moves with its picture.
    """
    mirrored = torch.from_numpy(rng.random(len(image)) < MIRRORED_SHARE)[:, None, None, None]
    image = torch.where(mirrored, image.flip(3), image)
    rows = list(image.unbind(0))
    for number in np.flatnonzero(rng.random(len(rows)) < OTHER_COLOURS_SHARE):
        rows[number] = rows[number][[*rng.permutation(3).tolist(), *range(3, image.shape[1])]]
    below = list(rows)
    for number in np.flatnonzero(rng.random(len(rows)) < PASTED_SHARE):
        rows[number] = paste(below[int(rng.integers(len(rows)))], below[number], rng)
    return torch.stack(rows)


def paste(top: Tensor, below: Tensor, rng: np.random.Generator) -> Tensor:
    """`top`, scaled down, somewhere on `below`; both (4, h, w) premultiplied (Porter and Duff's "over"). Of masks, each
    pixel keeps that of the picture which is seen there.
    """
    height, width = below.shape[1:]
    scale = rng.uniform(PASTED_SIDE_MIN, PASTED_SIDE_MAX)
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    y, x = (int(rng.integers(whole - part + 1)) for whole, part in zip((height, width), size, strict=True))
    small = F.interpolate(top[None], size=size, mode="bilinear", antialias=True)[0]
    placed = F.pad(small, (x, width - size[1] - x, y, height - size[0] - y))
    alpha = placed[3:4]
    return torch.cat([placed[:4], placed[4:] * alpha]) + below * (1 - alpha)
