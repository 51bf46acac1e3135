"""Pictures in colours they do not come in, so that a colour word becomes something that applies to any object.

Emoji show each thing in its own colour: nothing in such a set says that "blue" and "cat" are separate words. A
recoloured copy with a caption that says so does, and combinations that are never shown measure whether the model has
understood it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from wuerstchen.config import RecolourConfig
from wuerstchen.training.data import PictureSet
from wuerstchen.training.records import Record
from wuerstchen.utf8 import utf8_text

# RGB in [0, 1]; the mid tone that an object's typical brightness becomes.
COLOURS = {
    "red": (0.86, 0.13, 0.16),
    "orange": (0.96, 0.52, 0.08),
    "yellow": (0.98, 0.82, 0.12),
    "green": (0.20, 0.66, 0.25),
    "blue": (0.15, 0.42, 0.88),
    "purple": (0.55, 0.26, 0.76),
    "pink": (0.96, 0.48, 0.70),
    "brown": (0.50, 0.31, 0.18),
}
# Words that already say a colour: such things exist in several, and are taught by the pictures themselves.
COLOUR_WORDS = frozenset([*COLOURS, "black", "white", "gray", "evergreen", "rainbow"])
NEAR_WHITE, MID_TONE = 0.93, 0.6


@dataclass(frozen=True)
class Recolouring:
    """One picture in one colour. `captions` in the order of a record's: plain, style first, no style, then synonyms."""

    picture: int
    colour: str
    captions: tuple[str, ...]


def noun(label: str) -> str:
    """What people call it: an emoji named `dog face` is asked for as `dog`."""
    first, _, last = label.rpartition(" ")
    return (
        first
        if last == "face" and first in {"dog", "cat", "mouse", "rabbit", "tiger", "cow", "pig", "monkey", "horse"}
        else label
    )


def unseen_combinations(path: Path) -> frozenset[tuple[str, str]]:
    """(colour, noun) of every line of a prompts file such as `green dog`."""
    lines = utf8_text(path).split("\n")
    return frozenset((line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines if line.strip())


def recolourings(
    config: RecolourConfig, pictures: PictureSet, favourites: np.ndarray, unseen: frozenset[tuple[str, str]]
) -> list[Recolouring]:
    """Every favourite in every colour, but for the combinations kept unseen."""
    made = []
    for index in favourites:
        record = pictures.records[index]
        if COLOUR_WORDS & set(record.label.lower().split()) or record.label in config.without:
            continue
        for colour in COLOURS:
            if not any(colour == c and f" {n} " in f" {record.label} " for c, n in unseen):
                made.append(Recolouring(int(index), colour, _captions(record, colour)))
    return made


def _captions(record: Record, colour: str) -> tuple[str, ...]:
    name = f"{colour} {noun(record.label)}"
    return (f"{name}, {record.style}", f"{record.style} {name}", name)


def background(images: Tensor) -> Tensor:
    """(b, 3, h, w) to (b, 1, h, w): 1 where near-white touches the border through near-white."""
    light = (images.amin(1, keepdim=True) > NEAR_WHITE).float()
    reached = light.clone()
    reached[:, :, 1:-1, 1:-1] = 0
    for _ in range(2 * images.shape[-1]):
        grown = F.max_pool2d(reached, 3, 1, 1) * light
        if torch.equal(grown, reached):
            break
        reached = grown
    return reached


def recolour(images: Tensor, colours: Tensor) -> Tensor:
    """(b, 3, h, w) in [0, 1], colours (b, 3): brightness stays, hue and saturation become the colour's.

    Brightness is stretched so that the median of the object takes the pure colour; dark outlines stay dark, highlights
    light."""
    weights = torch.tensor([0.299, 0.587, 0.114])[None, :, None, None]
    brightness, outside = (images * weights).sum(1, keepdim=True).clamp(0.02, 0.98), background(images)
    median = torch.stack(
        [
            b[o < 0.5].median() if (o < 0.5).any() else torch.tensor(MID_TONE)
            for b, o in zip(brightness, outside, strict=True)
        ]
    ).clamp(0.15, 0.9)
    level = brightness ** (np.log(MID_TONE) / median.log())[:, None, None, None]  # the median becomes MID_TONE
    colour = colours[:, :, None, None]
    dark = colour * (level / MID_TONE).clamp(max=1)
    light = ((level - MID_TONE) / (1 - MID_TONE)).clamp(0, 1) * 0.8
    return torch.lerp(dark + (1 - dark) * light, images, outside)
