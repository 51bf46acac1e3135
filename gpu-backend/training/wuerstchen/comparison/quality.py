"""How much arithmetic one kind of latent needs for what another gives."""

from collections.abc import Sequence

import numpy as np

from wuerstchen.comparison.prior import Point

# (arithmetic so far, quality): more is better of the second.
Curve = Sequence[tuple[float, float]]


def mean_curve(trials: Sequence[Sequence[Point]]) -> list[tuple[float, float]]:
    """Of the same points of several seeds: arithmetic, and the mean share recognised."""
    return [
        (points[0].flops, float(np.mean([point.recognised for point in points])))
        for points in zip(*trials, strict=True)
    ]


def arithmetic_for(curve: Curve, quality: float) -> float | None:
    """Where a curve first reaches a quality, between its points by a line from (0, 0); None where it never does."""
    before = (0.0, 0.0)
    for flops, reached in curve:
        if reached >= quality:
            gained = reached - before[1]
            part = 1.0 if gained <= 0 else max(0.0, (quality - before[1]) / gained)
            return before[0] + part * (flops - before[0])
        before = (flops, reached)
    return None


def ratio_at_equal_quality(compact: Curve, other: Curve, more: tuple[float, float] = (0.0, 0.0)) -> float | None:
    """Arithmetic of `other` over that of `compact`, each up to the best that both reach. `more`: of compact's and the
    other's coding networks, where these count as well. None where one of them never drew anything right.
    """
    quality = min(max(reached for _, reached in curve) for curve in (compact, other))
    ours, theirs = (arithmetic_for(curve, quality) for curve in (compact, other))
    if quality <= 0 or ours is None or theirs is None or ours + more[0] <= 0:
        return None
    return (theirs + more[1]) / (ours + more[0])
