"""Prior preservation (DreamBooth, Ruiz et al. 2023): the base model's own latents for other prompts are trained beside
the new pictures, so that words outside the set keep what they mean."""

from pathlib import Path

import numpy as np
import torch

from wuerstchen.config import Config
from wuerstchen.models.stage_c import StageC
from wuerstchen.training.cache import cached, digest_of
from wuerstchen.training.stage_c import generate
from wuerstchen.training.text_states import TextStates

BATCH = 16


@torch.no_grad()
def prior_latents(
    config: Config, base: StageC, revision: str, prompts: list[str], text: TextStates, rows: list[int], runs: Path
) -> np.ndarray:
    """(n, c, side, side) float16, one latent a prompt, kept in RUNS. `rows`: the prompts' numbers among the
    captions of `text`.
    """
    cells = config.image_side // config.latent.downscale
    key = digest_of("prior", revision, *prompts, str(cells), repr(config.sampler_c))

    def made() -> np.ndarray:
        parts = []
        for start in range(0, len(rows), BATCH):
            own = rows[start : start + BATCH]
            generators = [torch.Generator().manual_seed(start + number) for number in range(len(own))]
            noise = torch.stack([torch.randn((config.latent.channels, cells, cells), generator=g) for g in generators])
            states, empty = text.batch(own), text.batch([text.empty])
            parts.append(
                generate(base, states, empty, noise, config.sampler_c.steps, config.sampler_c.guidance_scale)
                .half()
                .numpy()
            )
        return np.concatenate(parts)

    return cached(runs / "prior-latents.npy", key, made)
