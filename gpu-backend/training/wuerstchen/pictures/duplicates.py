"""Near duplicates: the same picture stored, scaled or compressed differently."""

import numpy as np
from PIL import Image

# Brightness must rise by this much of 255 from one cell to the next: the noise of a compressed flat area sets no bit.
RISE_MIN = 2
# Two drawings of one outline share their hash. A cell of the thumbnail that differs by more than this tells them apart:
# hands of two skin tones differ by 27 and more, copies scaled by 3/4 and compressed (JPEG, quality 75) by 23 at most
# for 99 of 100 icons of 128 pixels.
THUMBNAIL_DIFFERENCE_MAX = 24
THUMBNAIL_SIDE = 16


def difference_hash(image: Image.Image) -> np.uint64:
    """64 bits: where brightness rises from a cell to its right neighbour on a grid of 9×8 cells."""
    cells = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX), np.int16)
    return np.packbits(cells[:, 1:] > cells[:, :-1] + RISE_MIN).view(">u8")[0].astype(np.uint64)


def thumbnail(image: Image.Image) -> np.ndarray:
    """(16, 16, 3) bytes."""
    return np.asarray(image.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BOX))


class Seen:
    """Pictures kept so far. Looking one up compares it with all: 50 µs for 100,000 pictures."""

    def __init__(self, distance_max: int) -> None:
        """`distance_max`: bits that may differ between duplicates."""
        self.distance_max, self.count = distance_max, 0
        self._hashes = np.zeros(1024, np.uint64)
        self._thumbnails = np.zeros((1024, THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3), np.uint8)

    def find(self, digest: np.uint64, small: np.ndarray) -> int | None:
        """The number of the first picture that this one repeats; None for a new one."""
        distances = np.bitwise_count(self._hashes[: self.count] ^ digest)
        for number in np.flatnonzero(distances <= self.distance_max):
            if np.abs(self._thumbnails[number].astype(np.int16) - small).max() <= THUMBNAIL_DIFFERENCE_MAX:
                return int(number)
        return None

    def add(self, digest: np.uint64, small: np.ndarray) -> None:
        """Keeps a picture under the next number."""
        if self.count == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])
            self._thumbnails = np.concatenate([self._thumbnails, np.zeros_like(self._thumbnails)])
        self._hashes[self.count], self._thumbnails[self.count] = digest, small
        self.count += 1
