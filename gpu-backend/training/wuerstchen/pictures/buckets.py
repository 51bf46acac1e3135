"""Aspect buckets: shapes of about the same area, so that a batch costs the same in each (after NovelAI and Stable
Cascade).
"""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from wuerstchen.config import Config

# Width : height, with their inverses. Narrower than 1:2 a bucket of a small model is a few cells wide.
RATIOS = ("1:1", "5:4", "4:3", "3:2", "16:9", "2:1", "4:5", "3:4", "2:3", "9:16", "1:2")
RATIO_MAX = 4
STAGE_A_DOWNSCALE = 4


def parse_ratio(text: str) -> Fraction:
    """ "3:4" to 3/4, width over height. Raises ValueError where it is no ratio from 1:4 to 4:1."""
    width, _, height = text.partition(":")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise ValueError(f"ratio {text!r}: write width:height, for example 3:4")
    ratio = Fraction(int(width), int(height))
    if not Fraction(1, RATIO_MAX) <= ratio <= RATIO_MAX:
        raise ValueError(f"ratio {text!r}: must lie from 1:{RATIO_MAX} to {RATIO_MAX}:1")
    return ratio


def side_multiple(config: Config) -> int:
    """Pixels that every side must be a multiple of: whole patches of Stage C and whole cells at Stage B's deepest
    level.
    """
    return math.lcm(
        config.latent.downscale * config.stage_c.patch, STAGE_A_DOWNSCALE * 2 ** (len(config.stage_b.channels) - 1)
    )


def aspect_buckets(side: int, multiple: int, ratios: Iterable[Fraction]) -> list[tuple[int, int]]:
    """(width, height) of each ratio at the area side², to the nearest multiples; ratios that meet in one shape make
    one bucket.
    """

    def nearest(length: float) -> int:
        return max(1, round(length / multiple)) * multiple

    return sorted({(nearest(side * math.sqrt(ratio)), nearest(side / math.sqrt(ratio))) for ratio in ratios})


def nearest_bucket(size: tuple[int, int], buckets: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The bucket whose ratio is nearest to that of `size` (width, height), as a factor: it cuts least away."""
    return min(buckets, key=lambda bucket: abs(math.log(bucket[0] / bucket[1] * size[1] / size[0])))
