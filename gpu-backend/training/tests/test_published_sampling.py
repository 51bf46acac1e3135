"""The sampler equals diffusers' DDPMWuerstchenScheduler; golden values are from its version 0.40.0.dev0."""

import itertools

import pytest
import torch
from diffusers import DDPMWuerstchenScheduler
from diffusers.pipelines.deprecated.wuerstchen.pipeline_wuerstchen_prior import DEFAULT_STAGE_C_TIMESTEPS
from torch import Tensor

from wuerstchen.diffusion import add_noise, alpha_bar
from wuerstchen.published.configs import CONFIGS, V2
from wuerstchen.published.pipelines import stage_b_size, stage_c_size
from wuerstchen.published.sampling import Sampling, draw, sample, scaled_time


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def half(x: Tensor, t: Tensor) -> Tensor:
    return torch.full_like(x, 0.5)


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
def test_the_noise_schedule_has_the_published_values(t: float, expected: float) -> None:
    assert alpha_bar(torch.tensor(float(t))).item() == pytest.approx(expected, abs=1e-6)


def test_two_steps_give_the_published_values() -> None:
    one = torch.ones(1, 1, 1, 1)
    first = sample(half, (1, 1, 1, 1), Sampling((1.0, 0.5), generator=seeded(0), noise=one), like=one)
    second = sample(half, (1, 1, 1, 1), Sampling((0.5, 0.0), generator=seeded(0), noise=one), like=one)
    assert first.item() == pytest.approx(36.2386398, rel=1e-6)
    assert second.item() == pytest.approx(0.9168100, rel=1e-6)


@pytest.mark.parametrize("scaler", [1.0, 1.7, 0.6])
@pytest.mark.parametrize("times", [(1.0, 0.5, 0.0), (1.0, 0.9, 0.4, 0.25), (0.8, 0.3, 0.0)])
def test_steps_equal_diffusers_for_every_scaler_and_list_of_times(scaler: float, times: tuple[float, ...]) -> None:
    scheduler, generator = DDPMWuerstchenScheduler(scaler=scaler), seeded(3)
    scheduler.set_timesteps(timesteps=list(times))
    expected = x = torch.randn(2, 3, 4, 4)
    for t in scheduler.timesteps[:-1]:
        expected = scheduler.step(expected.sin(), t.expand(2), expected, generator).prev_sample
    given = sample(
        lambda x, t: x.sin(), (2, 3, 4, 4), Sampling(times, generator=seeded(3), noise=x, scaler=scaler), like=x
    )
    assert torch.allclose(given, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scaler", [1.0, 2.0, 0.5])
def test_added_noise_equals_diffusers(scaler: float) -> None:
    clean, noise, t = torch.randn(3, 2, 4, 4), torch.randn(3, 2, 4, 4), torch.tensor([0.0, 0.4, 1.0])
    expected = DDPMWuerstchenScheduler(scaler=scaler).add_noise(clean, noise, t)
    assert torch.allclose(add_noise(clean, noise, scaled_time(t, scaler)), expected, atol=1e-6)


def test_the_recommended_times_of_stage_c_are_the_published_ones() -> None:
    assert len(V2.sampler_c.times) == 30
    assert V2.sampler_c.times == pytest.approx(DEFAULT_STAGE_C_TIMESTEPS)


@pytest.mark.parametrize("name", CONFIGS)
def test_recommended_times_run_from_noise_to_the_picture(name: str) -> None:
    for sampler in (CONFIGS[name].sampler_c, CONFIGS[name].sampler_b):
        assert (sampler.times[0], sampler.times[-1]) == (1.0, 0.0)
        assert all(earlier > later for earlier, later in itertools.pairwise(sampler.times))


def test_a_list_of_generators_draws_every_picture_as_if_alone() -> None:
    like = torch.zeros(1)
    together = draw((3, 4, 5, 6), like, [seeded(7), seeded(8), seeded(9)])
    alone = torch.cat([draw((1, 4, 5, 6), like, seeded(seed)) for seed in (7, 8, 9)])
    assert torch.equal(together, alone)


def test_noise_is_drawn_once_at_the_start_and_once_a_step_even_the_last() -> None:
    generator, like = seeded(5), torch.zeros(1)
    sample(half, (1, 4, 4, 4), Sampling((1.0, 0.5, 0.0), generator=generator), like=like)
    after = seeded(5)
    for _ in range(3):
        draw((1, 4, 4, 4), like, after)
    assert torch.equal(generator.get_state(), after.get_state())


def test_guidance_of_one_takes_one_pass_and_more_takes_a_doubled_batch_with_the_conditional_half_first() -> None:
    sizes = []

    def predict(x: Tensor, t: Tensor) -> Tensor:
        sizes.append(len(x))
        return torch.cat([torch.ones_like(x[:2]), torch.zeros_like(x[2:])])

    x = torch.zeros(2, 1, 2, 2)
    sampling = Sampling((0.5, 0.0), guidance_scale=1.0, noise=x)
    plain = sample(predict, (2, 1, 2, 2), sampling, like=x)
    guided = sample(predict, (2, 1, 2, 2), Sampling((0.5, 0.0), guidance_scale=3.0, noise=x), like=x)
    assert sizes == [2, 4]
    assert torch.allclose(guided, 3 * plain)


def test_noise_or_generators_that_do_not_fit_are_refused() -> None:
    like = torch.zeros(1)
    with pytest.raises(ValueError, match="1 generators for 2 pictures"):
        sample(half, (2, 1, 2, 2), Sampling((1.0, 0.0), generator=[seeded(0)]), like=like)
    with pytest.raises(ValueError, match="noise of shape"):
        sample(half, (2, 1, 2, 2), Sampling((1.0, 0.0), noise=torch.zeros(2, 1, 2, 3)), like=like)


@pytest.mark.parametrize(
    ("pixels", "cells", "latent"), [(512, 12, 128), (768, 18, 192), (1024, 24, 256), (1536, 36, 384), (2048, 48, 512)]
)
def test_sizes_follow_the_published_rule(pixels: int, cells: int, latent: int) -> None:
    assert stage_c_size(pixels, pixels) == (cells, cells)
    assert stage_b_size((cells, cells), multiple=16) == (latent, latent)


def test_every_multiple_of_128_gives_a_picture_of_exactly_that_size() -> None:
    for pixels in range(128, 4097, 128):
        assert stage_b_size(stage_c_size(pixels, pixels), multiple=16) == (pixels // 4, pixels // 4)


@pytest.mark.parametrize("pixels", [720, 1080, 1088, 1344])
def test_a_size_that_v2_cannot_paint_is_refused(pixels: int) -> None:
    with pytest.raises(ValueError, match="multiple of 16"):
        stage_b_size(stage_c_size(pixels, pixels), multiple=16)
