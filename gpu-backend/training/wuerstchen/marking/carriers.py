"""The waves that carry a mark: tiles of 16x16 pixels that continue in themselves, so pictures of any size bear them.

Their frequencies are those that scaling by 0.75 and a JPEG of quality 70 leave: 0.12 to 0.29 cycles a pixel. Eight of
them carry no bit: by these the extractor finds where a tile begins in a picture that was cut. Sixteen others carry two
bits each, one by a cosine and one by a sine: a codec drops what is spread over many waves sooner than one strong wave.
A shift of the picture changes phases and no frequency, so the two kinds never mix.
"""

import math

import numpy as np
import torch
from torch import Tensor

from wuerstchen.marking.message import BITS

TILE = 16
SYNC_FREQUENCIES = 8
# In cycles a tile.
FREQUENCY_MIN, FREQUENCY_MAX = 2.0, 4.6
_SEED = 1


def carriers() -> tuple[Tensor, Tensor]:
    """The tile that says where it begins (16, 16), and one for each bit (32, 16, 16): orthogonal, of length 1."""
    rng = np.random.default_rng(_SEED)
    frequencies = _frequencies()
    rng.shuffle(frequencies)
    sync, bits = _waves(frequencies[:SYNC_FREQUENCIES]), _waves(frequencies[SYNC_FREQUENCIES:])[:BITS]
    # Equal strength and any phase for each frequency: then one shift alone fits.
    phases = rng.normal(size=(SYNC_FREQUENCIES, 2))
    phases /= np.linalg.norm(phases, axis=1, keepdims=True) * math.sqrt(SYNC_FREQUENCIES)
    return (
        torch.from_numpy((phases.ravel() @ sync).reshape(TILE, TILE)).float(),
        torch.from_numpy(bits.reshape(BITS, TILE, TILE)).float(),
    )


def _frequencies() -> list[tuple[int, int]]:
    half = TILE // 2
    return [
        (rows, columns)
        for rows in range(-half, half)
        for columns in range(half)
        if (columns > 0 or rows > 0) and FREQUENCY_MIN <= math.hypot(rows, columns) <= FREQUENCY_MAX
    ]


def _waves(frequencies: list[tuple[int, int]]) -> np.ndarray:
    """(2 * frequencies, 256): a cosine and a sine of length 1 for each."""
    y, x = np.mgrid[:TILE, :TILE]
    angles = [2 * math.pi * (rows * y + columns * x) / TILE for rows, columns in frequencies]
    waves = np.stack([wave(angle).ravel() for angle in angles for wave in (np.cos, np.sin)])
    return waves / np.linalg.norm(waves, axis=1, keepdims=True)
