"""Keeps the codebook of Stage A alive: codes that no picture chooses get no gradient and would stay unused for ever."""

import torch
from torch import Tensor, nn

from wuerstchen.training.distributed import from_first, union
from wuerstchen.training.parallel import assign, whole

REVIVE_EVERY_STEPS = 50
REVIVE_UNTIL_SHARE = 0.6


class CodebookUse(nn.Module):
    """Which codes were chosen since the last revival: a part of the run's state, so that a resumed run revives the
    same ones.
    """

    used: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("used", torch.zeros(size, dtype=torch.bool))

    @torch.no_grad()
    def mark(self, indices: Tensor, latent: Tensor) -> None:
        """`indices` (b, h, w) were chosen for `latent` (b, c, h, w)."""
        self.used[indices.flatten()] = True
        self.latest = latent.detach()

    @torch.no_grad()
    def revive(self, vectors: nn.Parameter, step: int, steps: int, generator: torch.Generator) -> None:
        """After every step, in every process: every 50 steps of the first 60 %, moves unused codes of `vectors` (size,
        c) onto latents.

        Later ones stay where they are: the decoder should finish on a codebook that holds still."""
        union(self.used)
        if (step + 1) % REVIVE_EVERY_STEPS:
            return
        if step < steps * REVIVE_UNTIL_SHARE:
            codes, latents = (
                whole(vectors).clone(),
                from_first(self.latest.permute(0, 2, 3, 1).flatten(0, 2).contiguous()),
            )
            dead = (~self.used).nonzero()[:, 0]
            codes[dead] = latents[torch.randint(len(latents), (len(dead),), generator=generator)].to(codes.dtype)
            assign(vectors, codes)
        self.used.zero_()
