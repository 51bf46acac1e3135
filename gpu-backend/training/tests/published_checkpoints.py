"""Tiny released models as `diffusers` saves them: random weights, every path alive, 77 positions, a byte-level
vocabulary.

Weights are rounded to float16, so that a bundle with float16 weights holds the very same networks.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from wuerstchen.evaluation import diffusers_networks
from wuerstchen.evaluation.diffusers_networks import TextSize
from wuerstchen.published.bundle.diffusers_folders import EXTRAS
from wuerstchen.published.configs import PublishedConfig
from wuerstchen.published.tiny import (
    TINY_CASCADE,
    TINY_CASCADE_B,
    TINY_CASCADE_C,
    TINY_DIFFNEXT,
    TINY_PRIOR,
    TINY_V2,
    randomise,
)

LEVELS = (8, 16, 32, 32)
STAGE_A_GAIN = {"v2": 3.5, "cascade": 1 / 32}
WIDTH = 32
TEXT = TextSize(inner_width=37, layers=2, heads=4, projection=WIDTH + 8)  # another width than the states'
FAMILIES: dict[str, PublishedConfig] = {
    "v2": replace(
        TINY_V2,
        stage_c=replace(TINY_PRIOR, channels=32, heads=2),
        stage_b=replace(TINY_DIFFNEXT, channels=LEVELS, heads=(0, 2, 2, 2)),
    ),
    "cascade": replace(
        TINY_CASCADE,
        stage_c=replace(TINY_CASCADE_C, channels=(32, 32), condition_channels=32, pooled_channels=TEXT.projection),
        stage_b=replace(TINY_CASCADE_B, channels=LEVELS, condition_channels=32, pooled_channels=TEXT.projection),
    ),
}


def pipelines(family: str) -> tuple[Any, Any]:
    """The prior's and the decoder's, of one family ("v2" or "cascade")."""
    return diffusers_networks.pipelines(FAMILIES[family], TEXT, STAGE_A_GAIN[family])


def text_encoder(projects: bool, seed: int, width: int = WIDTH) -> nn.Module:
    return diffusers_networks.text_encoder(projects, seed, width, TEXT)


def save(family: str, folder: Path, **options: Any) -> tuple[Path, Path]:
    """The decoder's and the prior's folder, as `save_pretrained` writes them; `options` are its own."""
    prior, decoder = pipelines(family)
    folders = folder / family, folder / f"{family}-prior"
    decoder.save_pretrained(folders[0], **options)
    prior.save_pretrained(folders[1], **options)
    return folders


def save_extras(decoder: Path) -> dict[str, nn.Module]:
    """Stable Cascade's compressor and previewer, which no pipeline of diffusers has: full-size, beside the
    decoder's folders.
    """
    torch.manual_seed(3)
    networks = {key: randomise(kind(config), 3) for key, (_, kind, config) in EXTRAS.items()}
    for key, network in networks.items():
        save_file(network.state_dict(), decoder / EXTRAS[key][0])
    return networks
