"""The cosine schedule on continuous time t in [0, 1] (1 is noise), the losses' weights, and the samplers."""

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor

from wuerstchen.config import Prediction

S = 0.008
ALPHA_BAR_MIN, ALPHA_BAR_MAX = 1e-4, 0.9999
# eps(x, t) with t (b,)
NoisePrediction = Callable[[Tensor, Tensor], Tensor]


def alpha_bar(t: Tensor) -> Tensor:
    """Share of signal power at time t, clamped to [1e-4, 0.9999]; float32, the shape of t (Nichol & Dhariwal 2021)."""
    start = math.cos(S / (1 + S) * math.pi / 2) ** 2
    return (torch.cos((t + S) / (1 + S) * math.pi * 0.5) ** 2 / start).clamp(ALPHA_BAR_MIN, ALPHA_BAR_MAX)


def add_noise(clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """(b, c, h, w) clean latent at time t (b,)."""
    signal = alpha_bar(t)[:, None, None, None]
    return signal.sqrt() * clean + (1 - signal).sqrt() * noise


def as_noise(prediction: Prediction, said: Tensor, x: Tensor, t: Tensor) -> Tensor:
    """The noise in x (b, c, h, w) at times t (b,) that a network's output implies."""
    signal = alpha_bar(t)[:, None, None, None]
    if prediction == "sample":
        return (x - signal.sqrt() * said) / (1 - signal).sqrt()
    if prediction == "v_prediction":
        return (1 - signal).sqrt() * x + signal.sqrt() * said
    return said


def velocity(clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """v of Salimans and Ho (2022) for (b, c, h, w) clean latents at times t (b,): its power is even at all times."""
    signal = alpha_bar(t)[:, None, None, None]
    return signal.sqrt() * noise - (1 - signal).sqrt() * clean


def training_times(count: int, generator: torch.Generator) -> Tensor:
    """(count,) times: uniform, with 7.5 % exactly at 1, where sampling starts and errors are amplified most."""
    return ((1 - torch.rand(count, generator=generator)) * 1.08 + 0.001).clamp(0.001, 1.0)


def weighted_noise_loss(predicted: Tensor, noise: Tensor, t: Tensor, cells: Tensor | None = None) -> Tensor:
    """Mean squared error of the noise, weighted by 1 - alpha_bar (p2 weighting, k = gamma = 1; Choi et al. 2022).
    Scalar. `cells`: see `picture_errors`.
    """
    return (picture_errors(predicted, noise, cells) * (1 - alpha_bar(t))).mean()


def picture_errors(predicted: Tensor, wanted: Tensor, cells: Tensor | None = None) -> Tensor:
    """(b,) mean squared errors of (b, c, h, w). `cells` (b, 1, h, w), at least 0: how much each cell counts among those
    of its picture; all alike where it is None.
    """
    squares = (predicted - wanted).pow(2)
    if cells is None:
        return squares.flatten(1).mean(1)
    weights = cells.expand_as(squares)
    return (squares * weights).flatten(1).sum(1) / weights.flatten(1).sum(1).clamp_min(1e-6)


def sampler_times(steps: int) -> Tensor:
    """(steps + 1,) descending from 1 to 0."""
    return torch.linspace(1.0, 0.0, steps + 1)


def ddim_step(x: Tensor, eps: Tensor, t: Tensor, t_next: Tensor) -> Tensor:
    """Deterministic step from t to t_next, scalars (Song et al. 2020, eta = 0)."""
    signal, signal_next = alpha_bar(t), alpha_bar(t_next)
    clean = (x - (1 - signal).sqrt() * eps) / signal.sqrt()
    return signal_next.sqrt() * clean + (1 - signal_next).sqrt() * eps


def ddpm_step(x: Tensor, eps: Tensor, t: Tensor, t_next: Tensor, noise: Tensor) -> Tensor:
    """Ancestral step as in the published scheduler; `noise` is drawn on every step and has no effect on the last."""
    signal, signal_next = alpha_bar(t), alpha_bar(t_next)
    ratio = signal / signal_next
    mean = (x - (1 - ratio) * eps / (1 - signal).sqrt()) / ratio.sqrt()
    deviation = ((1 - ratio) * (1 - signal_next) / (1 - signal)).sqrt()
    return mean + deviation * noise * (t_next != 0)


def sample(predict: NoisePrediction, noise: Tensor, steps: int) -> Tensor:
    """DDIM from pure noise (b, c, h, w) to a latent of the same shape."""
    x, times = noise, sampler_times(steps).to(noise.device)
    for t, t_next in itertools.pairwise(times):
        x = ddim_step(x, predict(x, t.expand(len(x))), t, t_next)
    return x


def guided(
    predict_conditional: NoisePrediction, predict_unconditional: NoisePrediction, scale: float
) -> NoisePrediction:
    """Classifier-free guidance: u + scale * (c - u). A scale of 1 or less means one pass."""
    if scale <= 1:
        return predict_conditional

    def predict(x: Tensor, t: Tensor) -> Tensor:
        unconditional = predict_unconditional(x, t)
        return unconditional + scale * (predict_conditional(x, t) - unconditional)

    return predict
