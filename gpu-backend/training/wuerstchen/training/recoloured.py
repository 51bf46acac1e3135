"""The recoloured pictures as Stage C reads them: compact latents and captions, computed once."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor

from wuerstchen.config import RecolourConfig
from wuerstchen.training.cache import cached, digest_of
from wuerstchen.training.data import RGB, PictureSet
from wuerstchen.training.recolour import COLOURS, Recolouring, recolour, recolourings, unseen_combinations

BATCH = 64


@dataclass(frozen=True)
class RecolouredSet:
    """`latents` (n, c, h, w) float16, row k of `items[k]`."""

    items: list[Recolouring]
    latents: np.ndarray


def recoloured_items(config: RecolourConfig | None, pictures: PictureSet, favourites: np.ndarray) -> list[Recolouring]:
    """No configuration, no recolouring."""
    if config is None:
        return []
    return recolourings(config, pictures, favourites, unseen_combinations(Path(config.unseen)))


@torch.no_grad()
def recoloured_set(
    items: list[Recolouring],
    pictures: PictureSet,
    path: Path,
    encode: Callable[[Tensor], Tensor],
    encoder: str,
    picture_channels: int = RGB,
) -> RecolouredSet:
    """Encodes each recoloured picture by the compressor, of which `encoder` is a digest; `path` keeps the latents
    for the next run.
    """
    if not items:
        return RecolouredSet(items, np.empty(0, np.float16))
    read = recoloured_images if picture_channels == RGB else recoloured_premultiplied

    def encoded() -> np.ndarray:
        parts = [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
        return np.concatenate(
            [encode(read(part, pictures)).half().numpy() for part in track(parts, description=path.stem)]
        )

    painted = json.dumps([(item.picture, COLOURS[item.colour]) for item in items])
    key = digest_of("recoloured", encoder, *pictures.digests.values(), str(picture_channels), painted)
    return RecolouredSet(items, cached(path, key, encoded))


def recoloured_images(items: list[Recolouring], pictures: PictureSet) -> Tensor:
    """(n, 3, side, side) in [0, 1], on white."""
    colours = torch.tensor([COLOURS[item.colour] for item in items])
    return recolour(pictures.images(np.array([item.picture for item in items])), colours)


def recoloured_premultiplied(items: list[Recolouring], pictures: PictureSet) -> Tensor:
    """(n, 4, side, side) in [0, 1], premultiplied: what lies on white as `recoloured_images` has it, with the
    picture's own alpha.
    """
    alpha = pictures.premultiplied(np.array([item.picture for item in items]))[:, 3:]
    return torch.cat([(recoloured_images(items, pictures) - (1 - alpha)).clamp_min(0).minimum(alpha), alpha], dim=1)
