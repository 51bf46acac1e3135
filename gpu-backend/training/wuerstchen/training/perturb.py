"""Latents with noise, so that what reads them bears the errors of what makes them."""

import torch
from torch import Tensor

from wuerstchen.training.distributed import Share


def noised(
    latent: Tensor, noised_share: float, deviation_max: float, share: Share, generator: torch.Generator
) -> Tensor:
    """Adds noise of a deviation drawn from [0, deviation_max] to `noised_share` of a batch, of which `latent` holds
    a share's rows.
    """
    rows = len(latent) * share.count
    chosen = torch.rand(rows, generator=generator) < noised_share
    deviation = torch.rand(rows, generator=generator) * deviation_max * chosen
    noise = torch.randn((rows, *latent.shape[1:]), generator=generator)
    return latent + share.take(deviation)[:, None, None, None] * share.take(noise)
