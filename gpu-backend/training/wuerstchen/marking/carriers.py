"""The patterns that carry a mark: tiles of 16x16 pixels that continue in themselves, so pictures of any size bear them.

A codec drops what is weak in each of its blocks, and on the flat colours of a drawing a pattern of many waves is weak
in all of them. So all strength of a block of 4x4 pixels, which is WebP's, goes into one frequency: two bits choose
which of two, and its sign. Before any training, at 41.4 dB, WebP 70 leaves such a mark in 46 of 48 held-out pictures;
of a mark with a wave for each bit, at 41.2 dB, it leaves 45 of 64.
Six blocks have a second frequency that carries no bit: by these the extractor finds where a tile begins in a picture
that was cut.
"""

import itertools
import math

import numpy as np
import torch
from torch import Tensor

TILE, BLOCK = 16, 4
SYNC_BLOCKS = 6
# Frequencies (down, right) of the block's cosine transform. Pictures have little there, and scaling by 0.75 and a JPEG
# of quality 70 keep it. The second pair is the first one turned over: neighbours take turns.
BIT_FREQUENCIES = (((0, 2), (1, 0)), ((2, 0), (0, 1)))
SYNC_FREQUENCY = (1, 1)
# Of the first 24, the one that a wrong place fits worst.
_SEED = 21


def carriers() -> tuple[Tensor, Tensor]:
    """The tile that says where it begins (16, 16), and one for each bit (32, 16, 16): orthogonal, of length 1."""
    blocks = list(itertools.product(range(TILE // BLOCK), repeat=2))
    bits = []
    for down, right in blocks:
        first, second = (_cosines(*frequency) for frequency in BIT_FREQUENCIES[(down + right) % 2])
        bits += [_in_tile(both / math.sqrt(2), down, right) for both in (first + second, first - second)]
    rng = np.random.default_rng(_SEED)
    chosen = rng.permutation(len(blocks))[:SYNC_BLOCKS]
    signs = rng.choice([-1.0, 1.0], SYNC_BLOCKS)
    sync = sum(
        sign * _in_tile(_cosines(*SYNC_FREQUENCY), *blocks[index]) for index, sign in zip(chosen, signs, strict=True)
    )
    return torch.from_numpy(sync / math.sqrt(SYNC_BLOCKS)).float(), torch.from_numpy(np.stack(bits)).float()


def _cosines(down: int, right: int) -> np.ndarray:
    """(4, 4): the orthonormal DCT-II's function of this frequency."""
    place = np.arange(BLOCK)
    waves = [
        np.cos(math.pi * (2 * place + 1) * number / (2 * BLOCK)) * math.sqrt((1 if number == 0 else 2) / BLOCK)
        for number in (down, right)
    ]
    return np.outer(*waves)


def _in_tile(block: np.ndarray, down: int, right: int) -> np.ndarray:
    tile = np.zeros((TILE, TILE))
    tile[BLOCK * down : BLOCK * (down + 1), BLOCK * right : BLOCK * (right + 1)] = block
    return tile
