"""The sampler of every release: ancestral (DDPM) steps on continuous time, with guidance in one doubled batch."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from wuerstchen.diffusion import ddpm_step

# eps(x, t): x (b, c, h, w), t (b,). With guidance b is twice the pictures: first all conditional, then all
# unconditional.
Predict = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Sampling:
    """`times` descends from 1 and ends in the last step's target, so there is one step less than times.

    With a list of generators, one a picture, every picture's noise is that of a run of its own. `noise` replaces the
    first draw. `scaler` is the scheduler's field of that name; every release has 1.
    """

    times: tuple[float, ...]
    guidance_scale: float = 0.0
    generator: torch.Generator | list[torch.Generator] | None = None
    noise: Tensor | None = None
    scaler: float = 1.0

    @property
    def guided(self) -> bool:
        """Guidance of 1 or less is no guidance: one pass a step."""
        return self.guidance_scale > 1


def scaled_time(t: Tensor, scaler: float) -> Tensor:
    """The time at which the noise schedule is read. A scaler above 1 keeps the noise high for longer, one below 1
    for less long.
    """
    if scaler > 1:
        return 1 - (1 - t) ** scaler
    return t**scaler if scaler < 1 else t


def draw(shape: tuple[int, ...], like: Tensor, generator: torch.Generator | list[torch.Generator] | None) -> Tensor:
    """Normal noise of `shape`, drawn on the generator's device and moved, so that a seed means the same picture on
    every device.
    """
    if isinstance(generator, list):
        return torch.cat([draw((1, *shape[1:]), like, each) for each in generator])
    device = generator.device if generator is not None else like.device
    return torch.randn(shape, generator=generator, device=device, dtype=like.dtype).to(like.device)


def guided(predict: Predict, x: Tensor, t: Tensor, scale: float) -> Tensor:
    """u + scale * (c - u) from one doubled batch."""
    both = predict(torch.cat([x, x]), t.expand(2 * len(x)))
    conditional, unconditional = both.chunk(2)
    return torch.lerp(unconditional, conditional, scale)


def sample(predict: Predict, shape: tuple[int, ...], sampling: Sampling, like: Tensor) -> Tensor:
    """A latent of `shape` in the type and on the device of `like`. Noise is drawn at every step, even the last, where
    it has no weight.

    Steps are computed in float32: the first one multiplies errors by up to 70. Raises ValueError where noise or
    generators do not fit.
    """
    if isinstance(sampling.generator, list) and len(sampling.generator) != shape[0]:
        raise ValueError(f"{len(sampling.generator)} generators for {shape[0]} pictures")
    if sampling.noise is not None and sampling.noise.shape != shape:
        raise ValueError(f"noise of shape {tuple(sampling.noise.shape)} instead of {shape}")
    x = draw(shape, like, sampling.generator) if sampling.noise is None else sampling.noise.to(like)
    times = torch.tensor(sampling.times, dtype=torch.float32, device=like.device)
    for t, t_next in itertools.pairwise(times):
        eps = guided(predict, x, t, sampling.guidance_scale) if sampling.guided else predict(x, t.expand(len(x)))
        noise = draw(shape, like, sampling.generator)
        start, end = scaled_time(t, sampling.scaler), scaled_time(t_next, sampling.scaler)
        x = ddpm_step(x.float(), eps.float(), start, end, noise.float()).to(like.dtype)
    return x
