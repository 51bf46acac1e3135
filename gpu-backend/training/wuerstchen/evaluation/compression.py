"""How much may be compressed? The same small Stage B at four ratios, each trained for the same number of steps.

As in the paper, the ratio is set by the size of the compressor's input: a smaller picture gives fewer cells. The
condition is enlarged by interpolation at every ratio, so that Stage B is the same network and costs the same.
"""

import dataclasses
import json

import numpy as np
import torch
import torch.nn.functional as F
from rich.progress import track
from torch import Tensor

from wuerstchen.config import StageBConfig
from wuerstchen.diffusion import add_noise, sample, training_times, weighted_noise_loss
from wuerstchen.evaluation.context import WEIGHTS, Context
from wuerstchen.evaluation.features import to_bytes, to_tensor
from wuerstchen.evaluation.image_quality import psnr_each
from wuerstchen.evaluation.results import Chart, Kpi, PartResult, Sheet, Table
from wuerstchen.evaluation.sheets import write_sheet
from wuerstchen.models.blocks import timestep_embedding
from wuerstchen.models.compressor import Compressor
from wuerstchen.models.stage_b import StageB
from wuerstchen.training.data import RGB, batch_rng
from wuerstchen.training.reconstruction import opaque
from wuerstchen.training.sources import imagenet_weights
from wuerstchen.whole_file import whole_file, write_whole

# Side of the compressor's input over the picture's side: 16:1, 21:1, 32:1, 43:1.
INPUT_SHARES = (1.0, 0.75, 0.5, 0.375)
HELD_OUT_PICTURES, SHEET_PICTURES = 64, 10
# Of Stage B: it predicts the noise, so one step would not do even where the model's own needs one.
STEPS = 8
LEARNING_RATE, WARMUP_SHARE, DECAY_SHARE = 1e-3, 0.05, 0.3


class SweepModel(torch.nn.Module):
    """Compressor and Stage B at one ratio."""

    def __init__(self, config: StageBConfig, stage_a_channels: int, latent_channels: int, share: float) -> None:
        super().__init__()
        self.share, self.compressor = share, Compressor(latent_channels)
        self.stage_b = StageB(config, stage_a_channels, latent_channels, 1)

    def compress(self, image: Tensor) -> Tensor:
        side = round(image.shape[-1] * self.share)
        return self.compressor(
            F.interpolate(image, size=(side, side), mode="bilinear", antialias=True) if self.share < 1 else image
        )

    def predict(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """`condition` from `condition_of`."""
        return self.stage_b.denoise(x, timestep_embedding(t, self.stage_b.config.timestep_width), condition)

    def condition_of(self, latent: Tensor, side: int) -> Tensor:
        return F.interpolate(self.stage_b.condition(latent), size=(side, side), mode="bilinear", align_corners=False)


def smaller(config: StageBConfig) -> StageBConfig:
    """Half the channels and at most two blocks a level: a sweep compares ratios, it does not aim at the best
    picture. It predicts the noise whatever the model's own does.
    """
    return dataclasses.replace(
        config,
        prediction="epsilon",
        channels=tuple(max(8, width // 2) for width in config.channels),
        blocks=tuple(min(2, count) for count in config.blocks),
        mapper_channels=max(8, config.mapper_channels // 2),
    )


def run(context: Context) -> PartResult:
    figures = [_stored_ratio(context, share) for share in INPUT_SHARES]
    names = tuple(f"{f['ratio']:.0f}:1" for f in figures)
    budget = f"{context.options.compression_steps:,} steps of {context.options.compression_batch} pictures each"
    return PartResult(
        "compression",
        "Compression against quality",
        f"Ratio a side: picture pixels for each cell of the latent. Each ratio was trained alone for {budget}, from "
        "ImageNet weights in the compressor.",
        tuple(_kpi(share, f, budget) for share, f in zip(INPUT_SHARES, figures, strict=True)),
        _charts(names, figures),
        (_table(names, figures),),
        (_sheet(context, names),),
    )


def _kpi(share: float, figures: dict, budget: str) -> Kpi:
    return Kpi(
        f"compression_psnr_input_{100 * share:.0f}",
        f"PSNR at {figures['ratio']:.0f}:1",
        figures["psnr"],
        "dB",
        f"Held-out pictures through a latent of {figures['cells']}×{figures['cells']} cells, "
        f"{figures['bytes']:,} bytes.",
        f"A half-width Stage B after {budget}: read the differences, not the heights. One run each.",
        figures["count"],
    )


def _charts(names: tuple[str, ...], figures: list[dict]) -> tuple[Chart, ...]:
    psnr, distance = ([f[key] for f in figures] for key in ("psnr", "perceptual"))
    return (
        Chart("PSNR", "lines", names, {"PSNR": psnr}, "dB", "Higher is better."),
        Chart("Perceptual distance", "lines", names, {"distance": distance}, "", "Lower is better."),
    )


def _table(names: tuple[str, ...], figures: list[dict]) -> Table:
    return Table(
        "Every ratio",
        ("ratio", "cells", "bytes as float16", "PSNR", "perceptual distance"),
        tuple(
            (name, f"{f['cells']}×{f['cells']}", f"{f['bytes']:,}", f"{f['psnr']:.2f} dB", f"{f['perceptual']:.3f}")
            for name, f in zip(names, figures, strict=True)
        ),
        f"{HELD_OUT_PICTURES} held-out pictures at most.",
    )


def _sheet(context: Context, names: tuple[str, ...]) -> Sheet:
    shown = context.pictures.held_out[:SHEET_PICTURES]
    made = np.concatenate([np.load(context.cache / f"{_name(context, share)}.npy") for share in INPUT_SHARES])
    return write_sheet(
        context.out,
        "compression",
        None,
        np.concatenate([context.pictures.pixels[shown], made]),
        [name for name in ("original", *names) for _ in shown],
        "The same pictures at four ratios",
        "Originals first, then from the least to the most compressed.",
        columns=len(shown),
    )


def _name(context: Context, share: float) -> str:
    options = context.options
    plan = f"{share}-{options.compression_steps}x{options.compression_batch}"
    return f"compression-{context.digest_of(WEIGHTS[:1])}-{plan}"


def _stored_ratio(context: Context, share: float) -> dict:
    """A sweep may take hours: every ratio is kept as soon as it is measured."""
    path = context.cache / f"{_name(context, share)}.json"
    if not path.exists():
        write_whole(path, json.dumps(_measure(context, share)))
    return json.loads(path.read_text())


def _measure(context: Context, share: float) -> dict:
    model, pictures = _train(context, share), context.pictures
    rows = pictures.held_out[:HELD_OUT_PICTURES]
    originals = to_tensor(pictures.pixels[rows])
    with torch.no_grad():
        latent, clean = model.compress(originals), context.stages.stage_a.encode(_as_read(context, originals))
        condition = model.condition_of(latent, clean.shape[-1])
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
        painted = sample(lambda x, t: model.predict(x, t, condition), noise, STEPS)
        made = opaque(context.stages.stage_a.decode(painted)).clamp(0, 1)
        perceptual = context.network.perceptual_distance(made, originals).mean().item()
    with whole_file(context.cache / f"{_name(context, share)}.npy") as file:
        np.save(file, to_bytes(made[:SHEET_PICTURES]))
    cells = latent.shape[-1]
    return {
        "ratio": originals.shape[-1] / cells,
        "cells": cells,
        "bytes": 2 * latent[0].numel(),
        "psnr": psnr_each(made, originals).mean().item(),
        "perceptual": perceptual,
        "count": len(rows),
    }


def _as_read(context: Context, image: Tensor) -> Tensor:
    """Pictures on white as the model's Stage A reads them."""
    return image if context.config.picture_channels == RGB else torch.cat([image, torch.ones_like(image[:, :1])], 1)


def _train(context: Context, share: float) -> SweepModel:
    config, steps, batch = context.config, context.options.compression_steps, context.options.compression_batch
    torch.manual_seed(config.seed)
    model = SweepModel(smaller(config.stage_b), config.stage_a.latent_channels, config.latent.channels, share)
    model.compressor.backbone.load_imagenet(imagenet_weights())
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01, betas=(0.9, 0.99))
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min(1, (step + 1) / (WARMUP_SHARE * steps + 1), (steps - step) / (DECAY_SHARE * steps + 1)),
    )
    for step in track(range(steps), description=f"compressor input × {share}"):
        rng, generator = batch_rng(config.seed + 3, step)  # the same pictures and noise at every ratio
        image = to_tensor(context.pictures.pixels[context.pictures.draw(batch, rng)])
        with torch.no_grad():
            clean = context.stages.stage_a.encode(_as_read(context, image))
        times, noise = training_times(batch, generator), torch.randn(clean.shape, generator=generator)
        condition = model.condition_of(model.compress(image), clean.shape[-1])
        loss = weighted_noise_loss(model.predict(add_noise(clean, noise, times), times, condition), noise, times)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        rate.step()
    return model.eval().requires_grad_(False)
