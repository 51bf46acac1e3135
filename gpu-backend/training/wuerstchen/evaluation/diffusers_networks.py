"""`diffusers`' own networks and pipelines in a configuration of ours, with random weights: the other side of every
comparison with it.

Every path is alive, and the weights are such that a whole picture stays finite.
"""

from dataclasses import dataclass
from typing import Any

import torch
from diffusers import (
    DDPMWuerstchenScheduler,
    StableCascadeDecoderPipeline,
    StableCascadePriorPipeline,
    WuerstchenDecoderPipeline,
    WuerstchenPriorPipeline,
)
from diffusers.models.unets import StableCascadeUNet
from diffusers.pipelines.deprecated.wuerstchen import PaellaVQModel, WuerstchenDiffNeXt, WuerstchenPrior
from tokenizers.pre_tokenizers import ByteLevel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from wuerstchen.published.bundle.tokenizer import END, START
from wuerstchen.published.configs import CascadeConfig, DiffNeXtConfig, PaellaVQConfig, PriorConfig, PublishedConfig
from wuerstchen.published.tiny import randomise

KINDS = {"C": "SDCascadeResBlock", "T": "SDCascadeTimestepBlock", "A": "SDCascadeAttnBlock"}
MERGES = ["r e", "re d</w>", "c a", "ca t</w>", "a n", "d o", "do g</w>"]


@dataclass(frozen=True)
class TextSize:
    """Of both text encoders; each is as wide as the stage that reads it says."""

    inner_width: int
    layers: int
    heads: int
    projection: int


def tokeniser() -> CLIPTokenizer:
    """Any text becomes bytes; "red", "cat" and "dog" are words. Ids 512 and 513 of the ends are not those of a real
    vocabulary.
    """
    letters = sorted(ByteLevel.alphabet())
    merged = ["".join(merge.split()) for merge in MERGES]
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), START, END, *merged]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    return CLIPTokenizer(vocabulary, [tuple(merge.split()) for merge in MERGES], model_max_length=77)


def text_encoder(projects: bool, seed: int, width: int, size: TextSize) -> nn.Module:
    """`projects`: with a pooled, projected state, as Stable Cascade has it."""
    torch.manual_seed(seed)
    config = CLIPTextConfig(
        vocab_size=len(tokeniser()),
        hidden_size=width,
        intermediate_size=size.inner_width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        max_position_embeddings=77,
        projection_dim=size.projection,
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


def network(config: PriorConfig | DiffNeXtConfig | CascadeConfig | PaellaVQConfig) -> nn.Module:
    """The class of diffusers that a configuration describes, as its constructor leaves it."""
    if isinstance(config, PriorConfig):
        sizes = {"c": config.channels, "depth": config.depth, "nhead": config.heads, "c_cond": config.text_channels}
        return WuerstchenPrior(c_in=config.latent_channels, c_r=config.timestep_width, **sizes)
    if isinstance(config, DiffNeXtConfig):
        heads, texts = (
            [heads or -1 for heads in config.heads],
            {"c_cond": config.condition_channels, "clip_embd": config.text_channels},
        )
        return WuerstchenDiffNeXt(c_hidden=list(config.channels), nhead=heads, blocks=list(config.blocks), **texts)
    if isinstance(config, PaellaVQConfig):
        return PaellaVQModel(
            embed_dim=config.channels,
            bottleneck_blocks=config.bottleneck_blocks,
            num_vq_embeddings=config.codebook_size,
        )
    return _cascade_unet(config)


def _cascade_unet(config: CascadeConfig) -> nn.Module:
    return StableCascadeUNet(
        in_channels=config.latent_channels,
        out_channels=config.latent_channels,
        patch_size=config.patch,
        conditioning_dim=config.condition_channels,
        block_out_channels=config.channels,
        num_attention_heads=tuple(heads or -1 for heads in config.heads),
        down_num_layers_per_block=config.down_layers,
        up_num_layers_per_block=config.up_layers,
        down_blocks_repeat_mappers=(1,) * len(config.channels),
        up_blocks_repeat_mappers=config.up_repeats,
        block_types_per_layer=tuple(tuple(KINDS[kind] for kind in kinds) for kinds in config.kinds),
        switch_level=None if config.resamples else (False,),
        clip_text_in_channels=config.text_channels or None,
        clip_text_pooled_in_channels=config.pooled_channels,
        clip_image_in_channels=config.image_channels or None,
        effnet_in_channels=config.stage_c_channels or None,
        pixel_mapper_in_channels=config.pixels_channels or None,
        timestep_conditioning_type=config.timestep_conditions,
        dropout=config.dropout,
    )


def pipelines(config: PublishedConfig, text: TextSize, stage_a_gain: float) -> tuple[Any, Any]:
    """The prior's and the decoder's. Weights are rounded to float16, so that a bundle that stores them so holds the
    very same networks.

    `stage_a_gain` brings pictures mostly inside [0, 1], so that the clamp hides little.
    """
    cascade = isinstance(config.stage_c, CascadeConfig)
    torch.manual_seed(0)
    c, b, a = (network(stage) for stage in (config.stage_c, config.stage_b, config.stage_a))
    widths = config.stage_c.text_channels, config.stage_c.text_channels if cascade else config.stage_b.text_channels
    encoders = [text_encoder(cascade, seed, width, text) for seed, width in enumerate(widths, start=1)]
    parts = [c, b, a, *encoders]
    for part in parts:
        randomise(part, 0)
    if cascade:
        for unet in (c, b):  # random noise that depends much on the latent amplifies rounding from step to step
            unet.clf[1].weight.data.mul_(1 / 8)
    else:
        c.out[1].weight.data.mul_(0.2)  # keeps the B head away from 1, where the quotient is singular
    a.out_block[0].weight.data.mul_(stage_a_gain)
    a.out_block[0].bias.data.fill_(0.5)
    for part in parts:
        part.half().float()
    shared = {"tokenizer": tokeniser(), "scheduler": DDPMWuerstchenScheduler()}
    prior = (StableCascadePriorPipeline if cascade else WuerstchenPriorPipeline)(
        prior=c, text_encoder=encoders[0], **shared
    )
    decoder_kind = StableCascadeDecoderPipeline if cascade else WuerstchenDecoderPipeline
    decoder = decoder_kind(decoder=b, vqgan=a, text_encoder=encoders[1], **shared)
    for pipeline in (prior, decoder):
        pipeline.set_progress_bar_config(disable=True)
    return prior, decoder
