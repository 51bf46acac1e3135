"""Everything that the stages read, filled with noise: for estimates before there is a data set, and for tests of
the loop.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from wuerstchen.config import Config
from wuerstchen.models.build import (
    STAGE_A_DOWNSCALE,
    load_compressor,
    load_stage_a,
    new_compressor,
    new_direct_decoder,
    new_stage_a,
    new_stage_b,
)
from wuerstchen.models.weights_digest import weights_digest
from wuerstchen.training.cache import store
from wuerstchen.training.data import PictureSet
from wuerstchen.training.precompute import latents_key, latents_path
from wuerstchen.training.records import SQUARES
from wuerstchen.training.sources import text_encoder_directory
from wuerstchen.training.text_states import caption_encoder, distinct, states_path, text_key, tokens_path

PICTURES = 64
HELD_OUT_EVERY = 8
CAPTION_TOKENS = 12


def rehearsal(config: Config, directory: Path) -> tuple[PictureSet, Path]:
    """Writes a data set of noise to DIR/data, and random Stages A and B, latents and text states to DIR/runs;
    returns both.
    """
    data, runs, rng = directory / "data", directory / "runs" / config.id, np.random.default_rng(config.seed)
    data.mkdir(parents=True)
    runs.mkdir(parents=True)
    side = config.image_side
    rng.integers(0, 256, (PICTURES, side, side, 3), np.uint8).tofile(data / "images.rgb")
    captions = [
        [f"noise {number}, {kind}" for kind in ("plain", "styled", "bare", "other")] for number in range(PICTURES)
    ]
    (data / "records.jsonl").write_text("".join(_record(number, row) for number, row in enumerate(captions)))
    _save_random(runs, "stage-a", {"stage_a": new_stage_a(config)})
    if config.compressor is None:
        _save_random(runs, "stage-b", {"compressor": new_compressor(config), "stage_b": new_stage_b(config)})
    else:
        _save_random(
            runs, "compressor", {"compressor": new_compressor(config), "direct_decoder": new_direct_decoder(config)}
        )
        _save_random(runs, "stage-b", {"stage_b": new_stage_b(config)})
    pictures = PictureSet(data, side)
    _store_noise(config, pictures, captions, runs, rng)
    return pictures, runs


def _store_noise(
    config: Config, pictures: PictureSet, captions: list[list[str]], runs: Path, rng: np.random.Generator
) -> None:
    """Latents and text states under the keys by which training looks for them: real ones would need a text encoder
    of any width.
    """
    side, latent = config.image_side, config.latent
    stage_a, compressor = load_stage_a(config, runs), load_compressor(config, runs)
    for name, model, channels, cells in (
        ("stage-a", stage_a, config.stage_a.latent_channels, side // STAGE_A_DOWNSCALE),
        ("stage-c", compressor, latent.channels, side // latent.downscale),
    ):
        noise = rng.standard_normal((PICTURES, channels, cells, cells), np.float32).astype(np.float16)
        key = latents_key(pictures, SQUARES, weights_digest(model), config.picture_channels)
        store(latents_path(runs / f"{name}-latents", SQUARES), key, noise)
    texts, encoder = distinct(map(tuple, captions)), caption_encoder(config, text_encoder_directory())
    tokens = np.full(len(texts), min(CAPTION_TOKENS, config.text.tokens_max))
    states = rng.standard_normal((int((1 + tokens).sum()), config.text.width), np.float32).astype(np.float16)
    store(tokens_path(runs), text_key(texts, encoder), tokens)
    store(states_path(runs), text_key(texts, encoder), states)


def _record(number: int, captions: list[str]) -> str:
    record = {
        "id": f"noise/{number}",
        "licence": "CC0-1.0",
        "style": "noise",
        "label": str(number),
        "kind": "noise",
        "weight": 1,
    }
    return json.dumps({**record, "captions": captions, "held_out": number % HELD_OUT_EVERY == 0}) + "\n"


def _save_random(runs: Path, name: str, parts: dict[str, nn.Module]) -> None:
    torch.save(nn.ModuleDict(parts).state_dict(), runs / f"{name}.pt")
