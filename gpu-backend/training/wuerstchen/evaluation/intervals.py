"""Ranges that hold the true value in 95 of 100 evaluations: of means, of shares, of differences of shares, of the
largest of several, of shares below a measured bound, and of KID.
"""

import math
from collections.abc import Sequence
from itertools import combinations
from statistics import NormalDist

import numpy as np

NORMAL_95 = 1.959964
TAILS_95 = (0.025, 0.975)
# Of a range by simulation: so many that its bounds move by less than a point with the seed.
DRAWS = 10_000
Interval = tuple[float, float]


def student_95(freedom: int) -> float:
    """The 97.5 % quantile of Student's t (expansion by Cornish and Fisher, within 1 % from 3 degrees of freedom on)."""
    z, v = NORMAL_95, max(freedom, 1)
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


def mean_interval(values: np.ndarray) -> Interval | None:
    """Of the mean of what `values` (n,) are drawn from; None for fewer than three."""
    if len(values) < 3:
        return None
    spread = student_95(len(values) - 1) * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return float(values.mean()) - spread, float(values.mean()) + spread


def share_interval(right: int, count: int) -> Interval:
    """Of a share of `count` trials (Wilson 1927), within 0 and 1."""
    if count == 0:
        return 0.0, 1.0
    z, p = NORMAL_95, right / count
    centre, spread = p + z * z / (2 * count), z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count))
    return max(0.0, (centre - spread) / (1 + z * z / count)), min(1.0, (centre + spread) / (1 + z * z / count))


def paired_difference_interval(after: np.ndarray, before: np.ndarray) -> Interval:
    """Of the share of `after` less the share of `before`, both (n,) booleans of the same trials (Agresti and Min 2005).

    Half a trial more in each of the four cells: the range keeps a width where no trial differs."""
    gained, lost, count = float((after & ~before).sum()) + 0.5, float((before & ~after).sum()) + 0.5, len(after) + 2.0
    difference = (gained - lost) / count
    spread = NORMAL_95 * math.sqrt(gained + lost - (gained - lost) ** 2 / count) / count
    return max(-1.0, difference - spread), min(1.0, difference + spread)


def span_interval(attributes: Sequence[Sequence[np.ndarray]]) -> Interval:
    """Of the largest difference between shares of groups of one attribute. `attributes`: of each, its groups' trials,
    (n,) booleans.

    Chance makes the largest of several differences larger, so the lower bound is Bonferroni's, of all pairs at once.
    The upper bound needs none of that: the one of the pair that truly differs most is enough. Of a pair: Agresti and
    Caffo (2000), one success and one failure more in each group."""
    pairs = [pair for groups in attributes for pair in combinations(groups, 2)]
    strict = NormalDist().inv_cdf(1 - TAILS_95[0] / (2 * len(pairs)))
    low, high = 0.0, 0.0
    for a, b in pairs:
        difference, error = _difference_of_shares(a, b)
        low, high = max(low, difference - strict * error), max(high, difference + NORMAL_95 * error)
    return low, min(1.0, high)


def _difference_of_shares(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """How much the shares of (n,) and (m,) booleans differ, at least 0, and its standard error."""
    shares = [((own.sum() + 1) / (len(own) + 2), len(own) + 2) for own in (a, b)]
    error = math.sqrt(sum(share * (1 - share) / count for share, count in shares))
    return abs(float(shares[0][0] - shares[1][0])), error


def share_below_interval(values: np.ndarray, others: np.ndarray, percent: float) -> Interval:
    """Of the share of what `values` (n,) are drawn from that lies below the `percent`-th percentile of what `others`
    (m,) are drawn from.

    By ranks alone: how many of `others` lie below their percentile is binomial, and between two of them the bounds are
    those of Clopper and Pearson (1934). Where none may lie below it, the lower bound is 0: with fewer than some 70 for
    5 %.
    """
    rng, n, m = np.random.default_rng(0), len(values), len(others)
    counts = np.searchsorted(np.sort(values), np.concatenate([[-math.inf], np.sort(others), [math.inf]]))
    below = rng.binomial(m, percent / 100, DRAWS)
    least, most = counts[below], counts[below + 1]
    low = np.where(least > 0, rng.beta(np.maximum(least, 1), n - least + 1), 0.0)
    high = np.where(most < n, rng.beta(most + 1, np.maximum(n - most, 1)), 1.0)
    return float(np.quantile(low, TAILS_95[0])), float(np.quantile(high, TAILS_95[1]))


def kernel_distance(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """KID (Bińkowski et al. 2018) of features (n, d) and (m, d): the unbiased squared MMD with the kernel (x·y / d +
    1)³ over all pictures, and its standard error by leaving each picture out in turn (the jackknife of a two-sample
    U-statistic; Efron and Stein 1981 show that it is not too small on average). It may be a little below 0. The error
    is infinite where one has fewer than three rows.

    Means over subsets of the same pictures do not give an error: they agree with each other whatever the sample was."""
    n, m = len(x), len(y)
    xx, yy, xy = _kernel(x, x), _kernel(y, y), _kernel(x, y)
    np.fill_diagonal(xx, 0)
    np.fill_diagonal(yy, 0)
    sum_x, sum_y, sum_xy = xx.sum(), yy.sum(), xy.sum()
    within_x, within_y = sum_x / (n * (n - 1)), sum_y / (m * (m - 1))
    value = within_x + within_y - 2 * sum_xy / (n * m)
    if min(n, m) < 3:
        return float(value), math.inf
    without_x = (sum_x - 2 * xx.sum(1)) / ((n - 1) * (n - 2)) + within_y - 2 * (sum_xy - xy.sum(1)) / ((n - 1) * m)
    without_y = within_x + (sum_y - 2 * yy.sum(1)) / ((m - 1) * (m - 2)) - 2 * (sum_xy - xy.sum(0)) / (n * (m - 1))
    variance = sum((k - 1) / k * np.square(part - part.mean()).sum() for k, part in ((n, without_x), (m, without_y)))
    return float(value), math.sqrt(variance)


def kernel_distance_interval(x: np.ndarray, y: np.ndarray) -> tuple[float, Interval | None]:
    """KID and its range; None for fewer than three rows of either."""
    value, error = kernel_distance(x, y)
    if math.isinf(error):
        return value, None
    spread = student_95(min(len(x), len(y)) - 1) * error
    return value, (value - spread, value + spread)


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a @ b.T / a.shape[1] + 1) ** 3
