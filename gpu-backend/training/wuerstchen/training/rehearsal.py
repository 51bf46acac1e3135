"""Everything that the stages read, filled with noise: for estimates before there is a data set, and for tests of the loop."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from wuerstchen.config import Config
from wuerstchen.models.build import new_compressor, new_direct_decoder, new_stage_a, new_stage_b
from wuerstchen.training.data import PictureSet

PICTURES = 64
HELD_OUT_EVERY = 8
CAPTION_TOKENS = 12


def rehearsal(config: Config, directory: Path) -> tuple[PictureSet, Path]:
    """Writes a data set of noise to DIR/data, and random Stages A and B, latents and text states to DIR/runs; returns both."""
    data, runs, rng = directory / "data", directory / "runs" / config.id, np.random.default_rng(config.seed)
    data.mkdir(parents=True)
    runs.mkdir(parents=True)
    side, latent = config.image_side, config.latent
    rng.integers(0, 256, (PICTURES, side, side, 3), np.uint8).tofile(data / "images.rgb")
    captions = [[f"noise {number}, {kind}" for kind in ("plain", "styled", "bare", "other")] for number in range(PICTURES)]
    (data / "records.jsonl").write_text("".join(_record(number, row) for number, row in enumerate(captions)))
    _save_random(runs, "stage-a", {"stage_a": new_stage_a(config)})
    if config.compressor is None:
        _save_random(runs, "stage-b", {"compressor": new_compressor(config), "stage_b": new_stage_b(config)})
    else:
        _save_random(runs, "compressor", {"compressor": new_compressor(config), "direct_decoder": new_direct_decoder(config)})
        _save_random(runs, "stage-b", {"stage_b": new_stage_b(config)})
    for name, channels, cells in (
        ("stage-a", config.stage_a.latent_channels, side // 4),
        ("stage-c", latent.channels, side // latent.downscale),
    ):
        np.save(runs / f"{name}-latents.npy", rng.standard_normal((PICTURES, channels, cells, cells), np.float32).astype(np.float16))
    texts = 4 * PICTURES + 1  # the last is the empty caption
    np.save(runs / "text-offsets.npy", np.arange(texts + 1) * CAPTION_TOKENS)
    np.save(runs / "text-states.npy", rng.standard_normal((texts * CAPTION_TOKENS, config.text.width), np.float32).astype(np.float16))
    return PictureSet(data, side), runs


def _record(number: int, captions: list[str]) -> str:
    record = {"id": f"noise/{number}", "licence": "CC0-1.0", "style": "noise", "label": str(number), "kind": "noise", "weight": 1}
    return json.dumps({**record, "captions": captions, "held_out": number % HELD_OUT_EVERY == 0}) + "\n"


def _save_random(runs: Path, name: str, parts: dict[str, nn.Module]) -> None:
    torch.save(nn.ModuleDict(parts).state_dict(), runs / f"{name}.pt")
