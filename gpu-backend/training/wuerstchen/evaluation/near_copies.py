"""Near copies: drawn pictures nearer to a training picture than nearly all real pictures that were not trained."""

import numpy as np

from wuerstchen.evaluation.intervals import Interval, share_below_interval

# Nearer to a training picture than this share of untrained real pictures is: a near copy.
COPY_PERCENTILE = 5


def near_copies(drawn: np.ndarray, real: np.ndarray) -> tuple[float, Interval]:
    """Per cent, and its range, of `drawn` (n,) that are below the bound that `real` (m,) give. Both are distances to
    the nearest training picture.

    Of pictures like the real ones, 5 % are below the bound on average, however few real ones there are: so says
    Weibull's percentile, from 19 on.
    """
    bound = np.percentile(real, COPY_PERCENTILE, method="weibull")
    low, high = share_below_interval(drawn, real, COPY_PERCENTILE)
    value = 100 * float((drawn < bound).mean()) if len(drawn) else 0.0
    return value, (100 * low, 100 * high)
