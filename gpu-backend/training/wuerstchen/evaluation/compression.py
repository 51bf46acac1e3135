"""How much may be compressed? The same networks at four ratios, each trained for the same number of steps.

As in the paper, the ratio is set by the size of the compressor's input: a smaller picture gives fewer cells. What reads
the latent gets it enlarged by interpolation, so that it is the same network at every ratio and costs the same.
"""

import json

import numpy as np
import torch

from wuerstchen.evaluation.compression_models import trained_ratio
from wuerstchen.evaluation.context import WEIGHTS, Context
from wuerstchen.evaluation.features import to_bytes, to_tensor
from wuerstchen.evaluation.image_quality import psnr_each
from wuerstchen.evaluation.results import Chart, Kpi, PartResult, Sheet, Table
from wuerstchen.evaluation.sheets import write_sheet
from wuerstchen.whole_file import whole_file, write_whole

# Side of the compressor's input over the picture's side: 16:1, 21:1, 32:1, 43:1.
INPUT_SHARES = (1.0, 0.75, 0.5, 0.375)
HELD_OUT_PICTURES, SHEET_PICTURES = 64, 10


def run(context: Context) -> PartResult:
    figures = [_stored_ratio(context, share) for share in INPUT_SHARES]
    names = tuple(f"{f['ratio']:.0f}:1" for f in figures)
    steps, batch = context.options.compression_steps, context.options.compression_batch
    budget = f"{steps:,} steps of {batch} pictures each: {_networks(context)}"
    return PartResult(
        "compression",
        "Compression against quality",
        f"Ratio a side: picture pixels for each cell of the latent. Each ratio was trained alone for {budget}.",
        tuple(_kpi(share, f, budget) for share, f in zip(INPUT_SHARES, figures, strict=True)),
        _charts(names, figures),
        (_table(names, figures),),
        (_sheet(context, names),),
    )


def _networks(context: Context) -> str:
    if context.config.compressor is None:
        return "compressor from ImageNet weights, half-width Stage B"
    return "compressor and direct decoder, for reconstruction"


def _kpi(share: float, figures: dict, budget: str) -> Kpi:
    return Kpi(
        f"compression_psnr_input_{100 * share:.0f}",
        f"PSNR at {figures['ratio']:.0f}:1",
        figures["psnr"],
        "dB",
        f"Held-out pictures through a latent of {figures['cells']}×{figures['cells']} cells, "
        f"{figures['bytes']:,} bytes.",
        f"After {budget}: read the differences, not the heights. One run each.",
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
    return f"ratio-{context.digest_of(WEIGHTS[:1])}-{plan}"


def _stored_ratio(context: Context, share: float) -> dict:
    """A sweep may take hours: every ratio is kept as soon as it is measured."""
    path = context.cache / f"{_name(context, share)}.json"
    if not path.exists():
        write_whole(path, json.dumps(_measure(context, share)))
    return json.loads(path.read_text())


def _measure(context: Context, share: float) -> dict:
    pictures, options = context.pictures, context.options
    model = trained_ratio(context, share, options.compression_steps, options.compression_batch)
    rows = pictures.held_out[:HELD_OUT_PICTURES]
    originals, (latent, made) = to_tensor(pictures.pixels[rows]), model.reconstruct(rows)
    with torch.no_grad():
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
