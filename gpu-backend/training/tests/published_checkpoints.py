"""Tiny released models as `diffusers` saves them: random weights, every path alive, 77 positions, a byte-level vocabulary.

Weights are rounded to float16, so that a bundle with float16 weights holds the very same networks.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    DDPMWuerstchenScheduler,
    StableCascadeDecoderPipeline,
    StableCascadePriorPipeline,
    WuerstchenDecoderPipeline,
    WuerstchenPriorPipeline,
)
from diffusers.pipelines.deprecated.wuerstchen import PaellaVQModel, WuerstchenDiffNeXt, WuerstchenPrior
from published_reference import cascade_unet
from safetensors.torch import save_file
from tokenizers.pre_tokenizers import ByteLevel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from wuerstchen.published.bundle.checkpoint import EXTRAS
from wuerstchen.published.bundle.tokenizer import END, START
from wuerstchen.published.configs import CascadeConfig
from wuerstchen.published.tiny import TINY_CASCADE_B, TINY_CASCADE_C, randomise

FAMILIES = ("v2", "cascade")
LEVELS = (8, 16, 32, 32)
STAGE_A_GAIN = {"v2": 3.5, "cascade": 1 / 32}
WIDTH = 32
MERGES = ["r e", "re d</w>", "c a", "ca t</w>", "a n", "d o", "do g</w>"]
CASCADE_C = replace(TINY_CASCADE_C, channels=(32, 32), condition_channels=32)
CASCADE_B = replace(TINY_CASCADE_B, channels=LEVELS, condition_channels=32)


def tokeniser() -> CLIPTokenizer:
    """Any text becomes bytes; "red", "cat" and "dog" are words. Ids 512 and 513 of the ends are not those of a real vocabulary."""
    letters = sorted(ByteLevel.alphabet())
    merged = ["".join(merge.split()) for merge in MERGES]
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), START, END, *merged]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    return CLIPTokenizer(vocabulary, [tuple(merge.split()) for merge in MERGES], model_max_length=77)


def text_encoder(projects: bool, seed: int, width: int = WIDTH) -> nn.Module:
    torch.manual_seed(seed)
    config = CLIPTextConfig(
        vocab_size=len(tokeniser()),
        hidden_size=width,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=77,
        projection_dim=WIDTH + 8,  # another width than the states'
        hidden_act="gelu",
        bos_token_id=512,
        eos_token_id=513,
        pad_token_id=513,
    )
    encoder = (CLIPTextModelWithProjection if projects else CLIPTextModel)(config)
    with torch.no_grad():  # the initial embeddings are small, and all prompts alike
        for embedding in (module for module in encoder.modules() if isinstance(module, nn.Embedding)):
            embedding.weight.normal_(0, 1)
    return encoder


def as_wide_as_text(config: CascadeConfig) -> CascadeConfig:
    return replace(config, text_channels=WIDTH if config.text_channels else 0, pooled_channels=WIDTH + 8)


def stages(family: str) -> tuple[nn.Module, nn.Module, nn.Module]:
    """Stage C, B and A."""
    torch.manual_seed(0)
    if family == "cascade":
        c, b = cascade_unet(as_wide_as_text(CASCADE_C)), cascade_unet(as_wide_as_text(CASCADE_B))
    else:
        c = WuerstchenPrior(c_in=16, c=32, depth=2, c_cond=WIDTH, c_r=64, nhead=2)
        b = WuerstchenDiffNeXt(c_cond=32, clip_embd=WIDTH, c_hidden=list(LEVELS), nhead=[-1, 2, 2, 2], blocks=[1, 1, 2, 1])
    return c, b, PaellaVQModel(embed_dim=32, bottleneck_blocks=2, num_vq_embeddings=64)


def pipelines(family: str) -> tuple[Any, Any]:
    """The prior's and the decoder's, of one family ("v2" or "cascade")."""
    c, b, a = stages(family)
    cascade = family == "cascade"
    parts = [c, b, a, text_encoder(cascade, 1), text_encoder(cascade, 2)]
    for part in parts:
        randomise(part, 0)
    if cascade:
        for unet in (c, b):  # random noise that depends much on the latent amplifies rounding from step to step
            unet.clf[1].weight.data.mul_(1 / 8)
    else:
        c.out[1].weight.data.mul_(0.2)  # keeps the B head away from 1, where the quotient is singular
    # Pictures mostly inside [0, 1], so that the clamp hides little.
    a.out_block[0].weight.data.mul_(STAGE_A_GAIN[family])
    a.out_block[0].bias.data.fill_(0.5)
    for part in parts:
        part.half().float()
    shared = {"tokenizer": tokeniser(), "scheduler": DDPMWuerstchenScheduler()}
    prior = (StableCascadePriorPipeline if cascade else WuerstchenPriorPipeline)(prior=c, text_encoder=parts[3], **shared)
    decoder_kind = StableCascadeDecoderPipeline if cascade else WuerstchenDecoderPipeline
    decoder = decoder_kind(decoder=b, vqgan=a, text_encoder=parts[4], **shared)
    for pipeline in (prior, decoder):
        pipeline.set_progress_bar_config(disable=True)
    return prior, decoder


def save(family: str, folder: Path, **options: Any) -> tuple[Path, Path]:
    """The decoder's and the prior's folder, as `save_pretrained` writes them; `options` are its own."""
    prior, decoder = pipelines(family)
    folders = folder / family, folder / f"{family}-prior"
    decoder.save_pretrained(folders[0], **options)
    prior.save_pretrained(folders[1], **options)
    return folders


def save_extras(decoder: Path) -> dict[str, nn.Module]:
    """Stable Cascade's compressor and previewer, which no pipeline of diffusers has: full-size, beside the decoder's folders."""
    torch.manual_seed(3)
    networks = {key: randomise(kind(config), 3) for key, (_, kind, config) in EXTRAS.items()}
    for key, network in networks.items():
        save_file(network.state_dict(), decoder / EXTRAS[key][0])
    return networks
