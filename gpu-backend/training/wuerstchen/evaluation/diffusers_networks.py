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
    """Of a text encoder, which is as wide as the stage that reads it says. `vocabulary`: at least the tokenizer's."""

    inner_width: int
    layers: int
    heads: int
    projection: int
    vocabulary: int = 0


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
        vocab_size=max(len(tokeniser()), size.vocabulary),
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


def pipelines(
    config: PublishedConfig,
    text: TextSize,
    stage_a_gain: float,
    decoder_text: TextSize | None = None,
    stored: torch.dtype = torch.float32,
) -> tuple[Any, Any]:
    """The prior's and the decoder's. Weights are rounded to float16, so that a bundle that stores them so holds the
    very same networks; `stored` is how the pipelines hold them. `decoder_text`: of the decoder's encoder, if another.

    `stage_a_gain` brings pictures mostly inside [0, 1], so that the clamp hides little.
    """
    cascade = isinstance(config.stage_c, CascadeConfig)

    def finished(part: nn.Module) -> nn.Module:  # one at a time: full-size networks fill a machine in float32
        return part.half().to(stored)

    torch.manual_seed(0)
    c = finished(_steady(randomise(network(config.stage_c), 0), cascade))
    b = randomise(network(config.stage_b), 0)
    b = finished(_steady(b, cascade) if cascade else b)
    a = randomise(network(config.stage_a), 0)
    a.out_block[0].weight.data.mul_(stage_a_gain)
    a.out_block[0].bias.data.fill_(0.5)
    a = finished(a)
    widths = config.stage_c.text_channels, config.stage_c.text_channels if cascade else config.stage_b.text_channels
    sizes = text, decoder_text or text
    encoders = [
        finished(randomise(text_encoder(cascade, seed, width, size), 0))
        for seed, (width, size) in enumerate(zip(widths, sizes, strict=True), start=1)
    ]
    shared = {"tokenizer": tokeniser(), "scheduler": DDPMWuerstchenScheduler()}
    prior = (StableCascadePriorPipeline if cascade else WuerstchenPriorPipeline)(
        prior=c, text_encoder=encoders[0], **shared
    )
    decoder_kind = StableCascadeDecoderPipeline if cascade else WuerstchenDecoderPipeline
    decoder = decoder_kind(decoder=b, vqgan=a, text_encoder=encoders[1], **shared)
    for pipeline in (prior, decoder):
        pipeline.set_progress_bar_config(disable=True)
    return prior, decoder


def _steady(part: nn.Module, cascade: bool) -> nn.Module:
    """Scales a network's last layer so that rounding does not grow from step to step."""
    if cascade:  # random noise that depends much on the latent amplifies it
        part.clf[1].weight.data.mul_(1 / 8)
    else:  # v2's Stage C: keeps the B head away from 1, where the quotient is singular
        part.out[1].weight.data.mul_(0.2)
    return part
