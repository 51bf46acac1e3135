"""Adapters of a published Stage C, learned from a prepared set with the releases' own schedule and loss."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wuerstchen.config import OptimiserConfig
from wuerstchen.diffusion import training_times
from wuerstchen.finetuning.captions import trained_captions
from wuerstchen.finetuning.held_out import HeldOutLosses
from wuerstchen.finetuning.published_model import PublishedModel
from wuerstchen.finetuning.tuning import Tuning
from wuerstchen.models.lora import LowRank, adapt_linears, save_low_rank
from wuerstchen.published.adapter_files import attention_linears
from wuerstchen.training.data import PictureSet, batch_rng
from wuerstchen.training.distributed import Share, training_device
from wuerstchen.training.loop import StageRun
from wuerstchen.training.precompute import map_pictures
from wuerstchen.training.stage_c import CAPTION_DROP, choose_caption, objective
from wuerstchen.training.text_states import cached_text_states

NAME = "published-lora"
EVALUATIONS = 8
HELD_OUT_MAX = 16


class Adapted:
    """Stage C with fresh adapters: the network is frozen and no part of the training's checkpoint."""

    def __init__(self, model: PublishedModel, rank: int, alpha: float, seed: int) -> None:
        self.model, self.network = model, model.stage_c()
        self.linears = attention_linears(self.network)
        torch.manual_seed(seed)
        self.adapters: dict[str, LowRank] = adapt_linears(self.linears, rank, alpha)
        for adapter in self.adapters.values():
            adapter.to(training_device())

    def says(self, x: Tensor, t: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        """As Stage C of this project says it; no text is masked."""
        return self.model.noise(self.network, x, t, states)


class _Learned:
    """What is learned from, and the losses on it."""

    def __init__(
        self, adapted: Adapted, pictures: PictureSet, plan: OptimiserConfig, runs: Path, tuning: Tuning, seed: int
    ) -> None:
        self.adapted, self.pictures, self.plan, self.tuning, self.seed = adapted, pictures, plan, tuning, seed
        model = adapted.model
        captions = [trained_captions(of.captions, tuning, number) for number, of in enumerate(pictures.records)]
        self.text = cached_text_states(captions, runs, model.caption_encoder())
        self.latents = map_pictures(pictures, runs / "latents", model.encoder(), model.digest(model.compressor))

    def loss(self, step: int, share: Share) -> tuple[Tensor, dict[str, float]]:
        rng, generator = batch_rng(self.seed + 3, step)
        indices = self.pictures.draw(self.plan.batch, rng)
        rows = [self.text.empty if rng.random() < CAPTION_DROP else self._caption(i, rng) for i in indices]
        return self._noise_loss(indices, rows, share, generator), {}

    @torch.no_grad()
    def held_out_loss(self) -> float:
        measured = self.pictures.held_out_batch(HELD_OUT_MAX)
        rows, whole = [self.text.rows[i][0] for i in measured], Share(device=training_device())
        # The same times and noise at every evaluation.
        return self._noise_loss(measured, rows, whole, torch.Generator().manual_seed(2)).item()

    def _caption(self, picture: int, rng: np.random.Generator) -> int:
        return choose_caption(self.text.rows[picture], rng, styled=self.pictures.records[picture].style != "")

    def _noise_loss(self, indices: np.ndarray, rows: list[int], share: Share, generator: torch.Generator) -> Tensor:
        clean = torch.from_numpy(self.latents[indices]).float()
        times, noise = training_times(len(clean), generator), torch.randn(clean.shape, generator=generator)
        drawn = share.take(clean), share.take(noise), share.take(times)
        states, mask = (share.place(part) for part in self.text.batch(share.take(rows)))
        cells = self._cells(indices, clean.shape[2:])
        return objective(
            self.adapted.says, "epsilon", drawn, (states, mask), None if cells is None else share.take(cells)
        )

    def _cells(self, indices: np.ndarray, size: torch.Size) -> Tensor | None:
        """(b, 1, h, w): how much each cell counts, by the masks of the set."""
        if self.pictures.masks is None:
            return None
        masks = torch.from_numpy(self.pictures.masks[indices].astype(np.float32) / 255)[:, None]
        floor = self.tuning.mask_floor
        return floor + (1 - floor) * F.adaptive_avg_pool2d(masks, tuple(size))


def published_run(
    adapted: Adapted, pictures: PictureSet, plan: OptimiserConfig, runs: Path, tuning: Tuning, seed: int
) -> StageRun:
    """Keeps the adapters of each evaluation in RUNS, with their held-out loss."""
    runs.mkdir(parents=True, exist_ok=True)
    learned = _Learned(adapted, pictures, plan, runs, tuning, seed)
    losses = held_out_losses(runs, tuning.patience)
    _begin(losses, learned.held_out_loss)

    def evaluate(step: int) -> dict[str, float]:
        loss = learned.held_out_loss()
        losses.add(step + 1, loss)
        kept_path(runs, step + 1).parent.mkdir(exist_ok=True)
        save_low_rank(adapted.adapters, kept_path(runs, step + 1), {"held_out_loss": json.dumps(loss)})
        return {"held_out_loss": loss, "captions_cut": learned.text.share_cut}

    every = max(1, plan.steps // EVALUATIONS)
    modules = nn.ModuleDict({"adapters": nn.ModuleList(adapted.adapters.values())})
    return StageRun(
        NAME, modules, learned.loss, evaluate, every, seed=seed, ends_early=losses.stops, reads=adapted.network
    )


def _begin(losses: HeldOutLosses, held_out_loss: Callable[[], float]) -> None:
    """The loss before the first step, unless it is known."""
    if 0 not in losses.losses:
        losses.add(0, held_out_loss())


def held_out_losses(runs: Path, patience: int) -> HeldOutLosses:
    return HeldOutLosses(runs / f"{NAME}.held-out.json", patience)


def kept_path(runs: Path, steps: int) -> Path:
    return runs / "adapters" / f"step-{steps:06}.safetensors"
