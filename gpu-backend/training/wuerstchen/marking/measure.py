"""What a mark bears: bits that survive distortions, its distance to unmarked pictures, and what those give."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wuerstchen.marking.carriers import TILE
from wuerstchen.marking.distortions import NAMED, scaled, to_tiles
from wuerstchen.marking.extractor import Extractor
from wuerstchen.marking.message import BITS, matches_min, message_hex, message_signs
from wuerstchen.marking.training import BATCH, Marking, unmarked_words
from wuerstchen.training.data import PictureSet
from wuerstchen.training.distributed import training_device
from wuerstchen.training.reconstruction import opaque, picture_batch

# Beside the file as it is: its longer side at these shares of the bundle's side.
SHARES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)


@dataclass(frozen=True)
class Survival:
    """After one distortion: the share of bits that are right, and of pictures whose mark is found."""

    distortion: str
    bits: float
    found: float


@dataclass(frozen=True)
class Report:
    """`psnr` of the marked to the unmarked pictures: mean, and that of the worst hundredth. `pairs`: of the bits of
    unmarked pictures, the mean square of their correlations, beside 1 / readings of bits that know nothing of each
    other. `histogram`: how many of `readings` agreed in each number of bits.
    """

    pictures: int
    psnr: float
    psnr_low: float
    survival: tuple[Survival, ...]
    readings: int
    histogram: tuple[int, ...]
    pairs: float


@torch.no_grad()
def matches(extractor: Extractor, image: Tensor, signs: Tensor, side: int) -> Tensor:
    """(b,): the most bits that agree in any reading, as the server reads a file."""
    longer = max(image.shape[2:])
    agreed = _agreed(extractor, to_tiles(image), signs)
    for share in SHARES:
        missed = (agreed < matches_min()).nonzero()[:, 0]
        if len(missed) and (target := side * share) != longer:
            size = (max(TILE, round(length * target / longer)) for length in image.shape[2:])
            again = _agreed(extractor, to_tiles(scaled(image[missed], *size)), signs)
            agreed[missed] = torch.maximum(agreed[missed], again)
    return agreed


def _agreed(extractor: Extractor, image: Tensor, signs: Tensor) -> Tensor:
    """(b,): bits that agree in one reading."""
    return ((extractor(image)[:, :BITS] > 0) == (signs > 0)).sum(1)


@torch.no_grad()
def measure(marking: Marking, pictures: PictureSet, unmarked: int) -> Report:
    """`unmarked`: how many unmarked pictures, cut and saved again, are read."""
    marking.extractor.eval()
    side, signs = marking.config.image_side, message_signs(message_hex(marking.config.id)).to(training_device())
    decibels, agreed, found = [], {name: [] for name in NAMED}, {name: [] for name in NAMED}
    rng = np.random.default_rng(0)
    for plain, marked in _pairs(marking, pictures, signs):
        decibels.append(-10 * (plain - marked).square().flatten(1).mean(1).clamp_min(1e-10).log10())
        for name, distortion in NAMED.items():
            sent = distortion(marked, rng).image
            agreed[name].append(_agreed(marking.extractor, sent, signs) / BITS)
            found[name].append((matches(marking.extractor, sent, signs, side) >= matches_min()).float())
    words = unmarked_words(marking, pictures, unmarked, rng)
    of_all = torch.cat(decibels)
    return Report(
        len(of_all),
        of_all.mean().item(),
        of_all.quantile(0.01).item(),
        tuple(
            Survival(name, torch.cat(agreed[name]).mean().item(), torch.cat(found[name]).mean().item())
            for name in NAMED
        ),
        len(words),
        tuple(torch.bincount(((words > 0) == (signs > 0)).sum(1), minlength=BITS + 1).tolist()),
        _pairs_of_bits(words),
    )


def _pairs(marking: Marking, pictures: PictureSet, signs: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Held-out pictures as Stage A draws them, unmarked and marked, as 8 bits on white."""
    held_out = pictures.held_out_batch(len(pictures.held_out))
    for start in range(0, len(held_out), BATCH):
        image = picture_batch(marking.config, pictures, held_out[start : start + BATCH]).to(training_device())
        features = marking.features(image)
        made = (marking.unmarked(features), marking.tail(features, signs.expand(len(image), -1)))
        plain, marked = ((opaque(one).clamp(0, 1) * 255).round() / 255 for one in made)
        yield plain, marked


def _pairs_of_bits(words: Tensor) -> float:
    signs = words.sign()
    correlation = torch.corrcoef((signs - signs.mean(0)).T)
    return correlation[~torch.eye(BITS, dtype=torch.bool, device=words.device)].square().nanmean().item()
