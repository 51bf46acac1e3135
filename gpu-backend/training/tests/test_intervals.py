"""In simulated evaluations the 95 % ranges hold the true value: at least 90 times of 100, for every kind of figure
that has one.
"""

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest

from wuerstchen.evaluation.intervals import (
    kernel_distance,
    kernel_distance_interval,
    mean_interval,
    paired_difference_interval,
    share_interval,
    span_interval,
    student_95,
)
from wuerstchen.evaluation.near_copies import COPY_PERCENTILE, near_copies

EVALUATIONS = 100
WIDTH, FACTORS = 320, 40
MIXING = np.random.default_rng(1).normal(size=(FACTORS, WIDTH)) / 6


def features(rng: np.random.Generator, count: int, shift: float) -> np.ndarray:
    """(count, 320) that are not negative, as those of the network, with few factors behind them; `shift` moves the
    crowd.
    """
    return np.abs(
        rng.normal(size=(count, FACTORS)) @ MIXING + 0.3 * rng.normal(size=(count, WIDTH))
    ) + shift * np.linspace(0, 1, WIDTH)


def held(holds: Callable[[np.random.Generator], bool], evaluations: int = EVALUATIONS) -> float:
    """Of 100 evaluations."""
    return 100 * sum(holds(np.random.default_rng([7, number])) for number in range(evaluations)) / evaluations


@pytest.mark.parametrize("count", [50, 200])
@pytest.mark.parametrize("shift", [0.0, 0.02, 0.1, 0.4])
def test_the_range_of_kid_holds_the_true_value(count: int, shift: float) -> None:
    rng = np.random.default_rng(3)
    large = (
        [kernel_distance(features(rng, 1000, shift), features(rng, 1000, 0))[0] for _ in range(16)] if shift else [0.0]
    )

    def holds(own: np.random.Generator) -> bool:
        _, (low, high) = kernel_distance_interval(features(own, count, shift), features(own, count, 0))
        assert high - low > 1e-4
        return low <= np.mean(large) <= high

    assert held(holds, 3 * EVALUATIONS) >= 90


@pytest.mark.parametrize("count", [8, 50, 200])
def test_the_range_of_a_mean_holds_it_also_where_values_are_skewed(count: int) -> None:
    def holds(rng: np.random.Generator) -> bool:
        low, high = mean_interval(20 + rng.gamma(3.0, 1.5, count))
        return low <= 24.5 <= high

    assert held(holds) >= 90


@pytest.mark.parametrize("count", [20, 50, 200])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.97])
def test_the_range_of_a_share_holds_it(count: int, share: float) -> None:
    def holds(rng: np.random.Generator) -> bool:
        low, high = share_interval(int(rng.binomial(count, share)), count)
        return low <= share <= high

    assert held(holds) >= 90


@pytest.mark.parametrize("count", [20, 50, 200])
@pytest.mark.parametrize(("before", "gain"), [(0.3, 0.0), (0.3, 0.3), (0.9, 0.0)])
def test_the_range_of_a_difference_of_shares_of_the_same_trials_holds_it(
    count: int, before: float, gain: float
) -> None:
    def holds(rng: np.random.Generator) -> bool:
        first = rng.random(count) < before
        later = np.where(
            first, rng.random(count) < 0.9, rng.random(count) < (before + gain - 0.9 * before) / (1 - before)
        )
        low, high = paired_difference_interval(later, first)
        return low <= gain <= high

    assert held(holds) >= 90


@pytest.mark.parametrize("held_out", [20, 40, 100])
@pytest.mark.parametrize("drawn", [25, 100])
@pytest.mark.parametrize("nearer", [0.0, 0.5, 1.5])
def test_the_range_of_near_copies_holds_the_true_share_though_the_bound_is_measured_too(
    held_out: int, drawn: int, nearer: float
) -> None:
    """Distances are normal, those of drawn pictures smaller by `nearer`."""
    normal = NormalDist()
    true = 100 * normal.cdf(normal.inv_cdf(COPY_PERCENTILE / 100) + nearer)
    values = []

    def holds(rng: np.random.Generator) -> bool:
        value, (low, high) = near_copies(rng.normal(size=drawn) - nearer, rng.normal(size=held_out))
        values.append(value)
        assert low <= value <= high
        return low <= true <= high

    assert held(holds) >= 90
    if not nearer:
        # As many as real pictures show: few held-out ones do not make it more.
        assert abs(np.mean(values) - COPY_PERCENTILE) < 3 * np.std(values) / len(values) ** 0.5


def test_many_copies_are_told_from_none_where_enough_pictures_are_held_out() -> None:
    rng = np.random.default_rng(9)
    far, near = rng.normal(size=100), rng.normal(size=100) - 3
    assert near_copies(near, far)[1][0] > 3 * COPY_PERCENTILE
    assert near_copies(near + 6, far)[1][1] < 2 * COPY_PERCENTILE


GROUPS_OF_TEN, GROUPS_OF_24, UNEQUAL_GROUPS = (10, 10), (24, 24), (10, 24)


@pytest.mark.parametrize("groups", [2, 3, 6])
@pytest.mark.parametrize("sizes", [GROUPS_OF_TEN, GROUPS_OF_24, UNEQUAL_GROUPS])
@pytest.mark.parametrize(("worst", "best"), [(0.6, 0.6), (0.95, 0.95), (0.3, 0.6), (0.6, 0.99), (0.4, 0.8)])
def test_the_range_of_the_difference_between_groups_holds_it(
    groups: int, sizes: tuple[int, int], worst: float, best: float
) -> None:
    """Groups from the worst to the best in equal steps."""

    def holds(rng: np.random.Generator) -> bool:
        trials = [rng.random(sizes[k % 2]) < share for k, share in enumerate(np.linspace(worst, best, groups))]
        shares = [own.mean() for own in trials]
        low, high = span_interval([trials])
        assert low <= max(shares) - min(shares) <= high
        return low <= best - worst <= high

    assert held(holds) >= 90


def test_the_range_of_the_largest_difference_of_several_attributes_holds_it() -> None:
    def holds(rng: np.random.Generator) -> bool:
        low, high = span_interval([[rng.random(10) < 0.6 for _ in range(2)] for _ in range(6)])
        return low <= 0 <= high

    assert held(holds) >= 90


def test_a_model_that_fails_a_group_alone_is_told_from_one_that_fails_none() -> None:
    all_right, none_right = np.ones(24, bool), np.zeros(24, bool)
    assert span_interval([[all_right, all_right, none_right]])[0] > 0.5
    assert span_interval([[all_right, all_right, all_right]])[1] < 0.2


def test_ranges_have_a_width_where_every_trial_agrees() -> None:
    same = np.ones(42, bool)
    low, high = paired_difference_interval(same, same)
    assert low < 0 < high
    assert share_interval(42, 42)[0] < 0.95


@pytest.mark.parametrize(("freedom", "expected"), [(3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (200, 1.972)])
def test_students_quantiles_are_those_of_the_tables(freedom: int, expected: float) -> None:
    assert student_95(freedom) == pytest.approx(expected, rel=0.01)


def test_the_standard_error_is_that_of_leaving_one_out() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(7, 3)), rng.normal(size=(5, 3)) + 0.5
    parts = [
        [kernel_distance(np.delete(x, i, 0), y)[0] for i in range(7)],
        [kernel_distance(x, np.delete(y, i, 0))[0] for i in range(5)],
    ]
    variance = sum((len(part) - 1) / len(part) * np.square(np.array(part) - np.mean(part)).sum() for part in parts)
    assert kernel_distance(x, y)[1] == pytest.approx(variance**0.5, rel=1e-9)
