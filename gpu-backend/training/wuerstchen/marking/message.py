"""What a mark says, and how sure its reading is.

The message is 32 bits of a hash of the bundle's id. It follows from the id alone, and training draws messages at
random, so an extractor knows none of them: of a picture that bears no mark, each bit agrees with a coin's chance,
whatever the picture shows. Errors are corrected by repetition: the decoder repeats all bits in every tile of 16x16
pixels, 64 times in 128x128, and the extractor adds them up before it decides.
"""

import hashlib
import math

import torch
from torch import Tensor

BITS = 32
# Scales at which one picture is read. Each is a chance of its own to agree by accident, so all of them count.
READINGS_MAX = 8
FALSE_POSITIVES_MAX = 1e-6
_DOMAIN = b"wuerstchen-edge mark@1\n"


def message_hex(bundle_id: str) -> str:
    """The 32 bits of a bundle as 8 hexadecimal digits, the first bit first."""
    return hashlib.sha256(_DOMAIN + bundle_id.encode()).hexdigest()[: BITS // 4]


def message_signs(digits: str) -> Tensor:
    """(32,) of -1 and 1."""
    return torch.tensor([1.0 if bit == "1" else -1.0 for bit in f"{int(digits, 16):0{BITS}b}"])


def false_positives(matches: int) -> float:
    """The chance that a picture without the mark agrees with at least `matches` of the bits in one of its readings: the
    tail of a binomial distribution, times the readings.
    """
    tail = sum(math.comb(BITS, count) for count in range(matches, BITS + 1)) / 2**BITS
    return min(1.0, READINGS_MAX * tail)


def matches_min() -> int:
    """The fewest bits that must agree for a mark to be found."""
    return next(count for count in range(BITS + 1) if false_positives(count) <= FALSE_POSITIVES_MAX)
