"""Golden values: diffusers' DDPMWuerstchenScheduler 0.40.0.dev0, float32, CPU seed 0."""

import pytest
import torch
from torch import Tensor

from wuerstchen.diffusion import add_noise, alpha_bar, ddim_step, ddpm_step, guided, sample, training_times


@pytest.mark.parametrize(
    ("t", "expected"),
    [
        (1, 0.0001),
        (0.75, 0.1442721),
        (2 / 3, 0.2464482),
        (0.5, 0.4938436),
        (0.25, 0.8470122),
        (0.1, 0.9720927),
        (0, 0.9999),
    ],
)
def test_alpha_bar_equals_the_published_scheduler(t: float, expected: float) -> None:
    assert alpha_bar(torch.tensor(float(t))).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("t", "t_next", "expected"), [(1.0, 0.5, 36.2386398), (0.5, 0.0, 0.9168100)])
def test_a_ddpm_step_equals_the_published_scheduler(t: float, t_next: float, expected: float) -> None:
    noise = torch.tensor(1.5409961)
    stepped = ddpm_step(torch.tensor(1.0), torch.tensor(0.5), torch.tensor(t), torch.tensor(t_next), noise)
    assert stepped.item() == pytest.approx(expected, rel=1e-5)


def test_ddim_with_the_true_noise_returns_the_clean_latent() -> None:
    clean, noise = torch.randn(2, 4, 3, 3), torch.randn(2, 4, 3, 3)
    t, t_next = torch.tensor(0.7), torch.tensor(0.2)
    expected = add_noise(clean, noise, t_next.expand(2))
    assert torch.allclose(ddim_step(add_noise(clean, noise, t.expand(2)), noise, t, t_next), expected, atol=1e-5)


def test_a_perfect_predictor_samples_the_data_point() -> None:
    target = torch.randn(1, 2, 4, 4)

    def predict(x: Tensor, t: Tensor) -> Tensor:
        signal = alpha_bar(t)[:, None, None, None]
        return (x - signal.sqrt() * target) / (1 - signal).sqrt()

    assert torch.allclose(sample(predict, torch.randn(1, 2, 4, 4), 10), target, atol=0.05)


def test_guidance_of_one_takes_one_pass() -> None:
    def never(x: Tensor, t: Tensor) -> Tensor:
        raise AssertionError("the unconditional pass ran")

    assert guided(lambda x, t: x, never, 1.0)(torch.ones(1), torch.ones(1)).item() == 1


def test_guidance_extrapolates_from_the_unconditional_prediction() -> None:
    predict = guided(lambda x, t: x * 2, lambda x, t: x, 3.0)
    assert predict(torch.ones(1), torch.ones(1)).item() == 4


def test_times_lie_in_range_and_dwell_at_pure_noise() -> None:
    times = training_times(20000, torch.Generator().manual_seed(0))
    assert times.min() >= 0.001
    assert times.max() == 1
    assert 0.065 < (times == 1).float().mean() < 0.085
