import math

import numpy as np
import pytest
import torch

from wuerstchen.evaluation.distribution import frechet_distance
from wuerstchen.evaluation.diversity import within_and_between
from wuerstchen.evaluation.image_quality import gaussian_band, psnr_each, ssim_each
from wuerstchen.evaluation.intervals import kernel_distance

RNG = np.random.default_rng(0)


def test_the_frechet_distance_of_gaussians_is_the_closed_form() -> None:
    """Independent axes: |m|² + Σ (s - 1)²; samples are given exactly these moments."""
    samples = RNG.normal(size=(500, 4))
    white = (samples - samples.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(samples, rowvar=False))).T
    scales, shift = np.array([1.0, 2.0, 0.5, 3.0]), np.array([0.0, 1.0, -2.0, 0.5])
    expected = np.square(shift).sum() + np.square(scales - 1).sum()
    assert frechet_distance(white, white * scales + shift) == pytest.approx(expected, rel=1e-9)


def test_the_frechet_distance_knows_correlated_axes() -> None:
    """Two dimensions, S_x = I: tr(S_y) + 2 - 2 tr(S_y^½), and for 2×2 tr(S^½) = √(tr S + 2 √det S)."""
    samples = RNG.normal(size=(400, 2))
    white = (samples - samples.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(samples, rowvar=False))).T
    mixed = white @ np.array([[2.0, 0.7], [0.0, 0.4]])
    covariance = np.cov(mixed, rowvar=False)
    root_trace = math.sqrt(np.trace(covariance) + 2 * math.sqrt(np.linalg.det(covariance)))
    assert frechet_distance(white, mixed) == pytest.approx(2 + np.trace(covariance) - 2 * root_trace, rel=1e-9)


def test_identical_crowds_have_no_distance() -> None:
    x = RNG.normal(size=(300, 8))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert abs(kernel_distance(x, RNG.normal(size=(300, 8)))[0]) < 0.1


def test_the_kernel_distance_equals_its_definition_on_points() -> None:
    """One dimension, k(a, b) = (ab + 1)³: x = {0, 1, -1}, y = {1, 2, 1}. Pairs within x: 1, 1, 0; within y: 27, 8,
    27.
    """
    x, y = np.array([[0.0], [1.0], [-1.0]]), np.array([[1.0], [2.0], [1.0]])
    between = (1 + 1 + 1) + (8 + 27 + 8) + (0 - 1 + 0)
    assert kernel_distance(x, y)[0] == pytest.approx((1 + 1 + 0) / 3 + (27 + 8 + 27) / 3 - 2 * between / 9)


def test_the_kernel_distance_is_unbiased() -> None:
    values = [kernel_distance(RNG.normal(size=(20, 3)), RNG.normal(size=(20, 3)))[0] for _ in range(400)]
    assert abs(np.mean(values)) < 4 * np.std(values) / 20


def test_ssim_of_identical_pictures_is_one_and_of_flat_ones_the_luminance_term() -> None:
    image = torch.rand(2, 3, 24, 24)
    assert torch.allclose(ssim_each(image, image), torch.ones(2), atol=1e-5)
    flat, other = torch.full((1, 3, 16, 16), 0.25), torch.full((1, 3, 16, 16), 0.75)
    expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4)
    assert ssim_each(flat, other).item() == pytest.approx(expected, abs=1e-4)


def test_ssim_equals_its_formula_on_one_window() -> None:
    x, y = torch.rand(1, 1, 11, 11).double(), torch.rand(1, 1, 11, 11).double()
    line = gaussian_band(11)
    w = line.T @ line
    mx, my = (w * x).sum(), (w * y).sum()
    vx, vy, cov = (w * (x - mx) ** 2).sum(), (w * (y - my) ** 2).sum(), (w * (x - mx) * (y - my)).sum()
    expected = (2 * mx * my + 1e-4) * (2 * cov + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))
    assert w.sum().item() == pytest.approx(1)
    assert ssim_each(x, y).item() == pytest.approx(expected.item(), abs=1e-5)


def test_psnr_of_a_known_error() -> None:
    assert psnr_each(torch.full((1, 3, 4, 4), 0.6), torch.full((1, 3, 4, 4), 0.5)).item() == pytest.approx(20, abs=1e-3)


def test_variety_is_distance_within_a_prompt_and_between() -> None:
    features = np.array([[0.0, 0], [0, 2], [10, 0], [10, 2]])
    within, between = within_and_between(features, 2)
    assert within == pytest.approx(2)
    assert between == pytest.approx((10 + math.hypot(10, 2)) / 2)
