"""Ways to train one Stage C, each one change from the way that the embedded model was trained: what the network says,
how errors are weighed over time, between which noise and which latent it learns.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from wuerstchen.config import Prediction
from wuerstchen.diffusion import add_noise, alpha_bar, guided, picture_errors, sampler_times, training_times, velocity
from wuerstchen.models.stage_c import StageC
from wuerstchen.training.stage_c import Says, generate, objective

Text = tuple[Tensor, Tensor]
# min-SNR's bound on the weight of the clean latent (Hang et al. 2023, arXiv 2303.09556).
SNR_MAX = 5.0
# Candidates of which each latent takes the nearest (immiscible diffusion; arXiv 2505.18521).
NOISES = 8


@dataclass(frozen=True)
class Recipe:
    """`prediction`: what the network says; None: what the configuration's does."""

    name: str
    meaning: str
    prediction: Prediction | None = "v_prediction"
    path: Literal["cosine", "straight"] = "cosine"
    snr_bounded: bool = False
    noises: int = 1

    def draw(self, clean: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Noise as large as `clean` (b, c, h, w), and (b,) times."""
        noise = nearest_noise(clean, self.noises, generator)
        if self.path == "cosine":
            return noise, training_times(len(clean), generator)
        return noise, torch.randn(len(clean), generator=generator).sigmoid()

    def loss(
        self, says: Callable[..., Tensor], prediction: Prediction, drawn: tuple[Tensor, Tensor, Tensor], text: Text
    ) -> Tensor:
        """Scalar, for the clean latents, noise and times of `drawn`. `prediction`: what `says` does."""
        clean, noise, times = drawn
        if self.path == "straight":
            said = says(on_straight_path(clean, noise, times), times, *text).float()
            return picture_errors(said, noise - clean).mean()
        if not self.snr_bounded:
            return objective(says, prediction, drawn, text)
        said = says(add_noise(clean, noise, times), times, *text).float()
        return (snr_weight(times) * picture_errors(said, velocity(clean, noise, times))).mean()

    def generate(self, model: StageC, text: Text, empty: Text, noise: Tensor, steps: int, scale: float) -> Tensor:
        """Latents for a batch of captions, as `training.stage_c.generate`."""
        if self.path == "cosine":
            return generate(model, text, empty, noise, steps, scale)
        none = empty[0].expand(len(noise), -1, -1), empty[1].expand(len(noise), -1)
        says = Says(model)
        flow = guided(lambda x, t: says(x, t, *text), lambda x, t: says(x, t, *none), scale)
        return euler(flow, noise, steps)


AS_CONFIGURED = Recipe("as-configured", "as the configuration says", prediction=None)
RECIPES = (
    Recipe("v", "v, all times alike: how the embedded model was trained"),
    Recipe("noise-p2", "the noise by two heads, weighed by p2: how 0.1 was trained", prediction="epsilon"),
    Recipe("min-snr", f"v, the weight of the clean latent at most {SNR_MAX:g}", snr_bounded=True),
    Recipe("flow", "flow matching: straight paths, logit-normal times, Euler steps", path="straight"),
    Recipe("nearest-noise", f"v, each latent with the nearest of {NOISES} noises", noises=NOISES),
)


def nearest_noise(clean: Tensor, candidates: int, generator: torch.Generator) -> Tensor:
    """For each latent of (b, c, h, w) the nearest of as many noises of its own."""
    noises = torch.randn((candidates, *clean.shape), generator=generator)
    distances = (noises - clean).flatten(2).pow(2).sum(2)  # (candidates, b)
    return noises[distances.argmin(0), torch.arange(len(clean))]


def snr_weight(times: Tensor) -> Tensor:
    """(b,) what min-SNR makes of errors of v, which weigh the clean latent by signal over noise plus one."""
    signal = alpha_bar(times)
    ratio = signal / (1 - signal)
    return ratio.clamp(max=SNR_MAX) / (ratio + 1)


def on_straight_path(clean: Tensor, noise: Tensor, times: Tensor) -> Tensor:
    """(b, c, h, w) at times (b,) from clean (0) to noise (1): rectified flow (Liu et al. 2022; Esser et al. 2024)."""
    t = times[:, None, None, None]
    return (1 - t) * clean + t * noise


def euler(flow: Callable[[Tensor, Tensor], Tensor], noise: Tensor, steps: int) -> Tensor:
    """From pure noise (b, c, h, w) along `flow`, which points from clean to noise."""
    x = noise
    for t, t_next in itertools.pairwise(sampler_times(steps).to(noise.device)):
        x = x + (t_next - t) * flow(x, t.expand(len(x)))
    return x
