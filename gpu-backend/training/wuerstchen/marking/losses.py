"""What training a mark makes small: how far a marked picture is from the unmarked one, and what is read wrongly."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from wuerstchen.marking.carriers import TILE
from wuerstchen.marking.distortions import Cut, random_distortion
from wuerstchen.marking.extractor import Extractor
from wuerstchen.training.data import RGB
from wuerstchen.training.reconstruction import opaque

# Of which share of a part must be opaque to count fully: nothing can be read where nothing is drawn.
COVERED_SHARE = 0.15
# Fits are cosines; these make them as sure as they are.
SHARPNESS = 40.0
PLACE_WEIGHT = 0.5
# Of a batch, each under a distortion of its own.
GROUPS = 4


def error_of(marked: Tensor, plain: Tensor) -> Tensor:
    """(b,) mean squared difference of pictures, on white and on black: a difference in alpha shows on one of them."""
    plain = plain.clamp(0, 1)
    pairs = [(opaque(marked, grey), opaque(plain, grey)) for grey in (0.0, 1.0)[: 1 if plain.shape[1] == 3 else 2]]
    return torch.stack([(a - b).square().flatten(1).mean(1) for a, b in pairs]).amax(0)


def weights_of(image: Tensor) -> Tensor:
    """(b,): how much of each picture a mark can lie on."""
    if image.shape[1] == RGB:
        return torch.ones(len(image), device=image.device)
    return (image[:, 3:].mean((1, 2, 3)) / COVERED_SHARE).clamp(max=1)


def reading_loss(
    extractor: Extractor, shown: Tensor, signs: Tensor, weights: Tensor, rng: np.random.Generator
) -> tuple[Tensor, float]:
    """Of bits and places, after a distortion for each quarter of the batch; and the share of bits that are right."""
    losses, right = [], []
    for part, wanted, weight in zip(shown.chunk(GROUPS), signs.chunk(GROUPS), weights.chunk(GROUPS), strict=True):
        sent = random_distortion(part, rng)
        tile, place = extractor.tile(sent.image), place_of(sent)
        bits = extractor.bits_from(tile, place)
        of_bits = F.binary_cross_entropy_with_logits(SHARPNESS * bits, (wanted + 1) / 2, reduction="none").mean(1)
        of_place = F.cross_entropy(SHARPNESS * extractor.places(tile), place, reduction="none")
        losses.append((weight * (of_bits + PLACE_WEIGHT * of_place)).mean())
        right.append(((bits > 0) == (wanted > 0)).float().mean().item())
    return torch.stack(losses).mean(), sum(right) / len(right)


def place_of(sent: Cut) -> Tensor:
    """(b,): where a tile begins."""
    place = (-sent.down % TILE) * TILE + -sent.right % TILE
    return torch.full((len(sent.image),), place, device=sent.image.device)
