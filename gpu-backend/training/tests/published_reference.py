"""diffusers' classes in the tiny published configurations, holding the same weights as ours."""

import logging
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from wuerstchen.published.cascade import CascadeUNet
from wuerstchen.published.configs import CascadeConfig
from wuerstchen.published.stage_a import PaellaVQ
from wuerstchen.published.stage_b import DiffNeXt
from wuerstchen.published.stage_c import Prior
from wuerstchen.published.tiny import TINY_CASCADE_B, TINY_CASCADE_C, TINY_DIFFNEXT, TINY_PAELLA_VQ, TINY_PRIOR, randomise

warnings.filterwarnings("ignore", module="diffusers")
logging.getLogger("diffusers").setLevel(logging.ERROR)

from diffusers.models.unets import StableCascadeUNet  # noqa: E402
from diffusers.pipelines.deprecated.wuerstchen import PaellaVQModel, WuerstchenDiffNeXt, WuerstchenPrior  # noqa: E402

KINDS = {"C": "SDCascadeResBlock", "T": "SDCascadeTimestepBlock", "A": "SDCascadeAttnBlock"}
TOKENS = ["<|startoftext|>", "<|endoftext|>", "r", "e", "d", "d</w>", "re", "red</w>", "c", "a", "t</w>", "ca", "cat</w>"]
MERGES = ["r e", "re d</w>", "c a", "ca t</w>"]


def new(kind: type[nn.Module], config: Any, seed: int = 0) -> nn.Module:
    """A tiny network whose every path is alive."""
    torch.manual_seed(seed)
    return randomise(kind(config), seed)


def prior() -> tuple[Prior, nn.Module]:
    ours = new(Prior, TINY_PRIOR)
    return _paired(ours, WuerstchenPrior(c_in=16, c=64, depth=2, c_cond=32, c_r=64, nhead=4))


def diffnext() -> tuple[DiffNeXt, nn.Module]:
    ours = new(DiffNeXt, TINY_DIFFNEXT)
    theirs = WuerstchenDiffNeXt(c_cond=32, clip_embd=32, c_hidden=[16, 32, 64, 64], nhead=[-1, 2, 4, 4], blocks=[1, 1, 2, 1])
    return _paired(ours, theirs)


def paella_vq() -> tuple[PaellaVQ, nn.Module]:
    ours = new(PaellaVQ, TINY_PAELLA_VQ)
    return _paired(ours, PaellaVQModel(embed_dim=32, bottleneck_blocks=2, num_vq_embeddings=64))


def cascade_c() -> tuple[CascadeUNet, nn.Module]:
    return _paired(new(CascadeUNet, TINY_CASCADE_C), cascade_unet(TINY_CASCADE_C))


def cascade_b() -> tuple[CascadeUNet, nn.Module]:
    return _paired(new(CascadeUNet, TINY_CASCADE_B), cascade_unet(TINY_CASCADE_B))


def cascade_unet(config: CascadeConfig) -> nn.Module:
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


def _paired(ours: nn.Module, theirs: nn.Module) -> tuple[nn.Module, nn.Module]:
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs.eval()


def text_encoder(projects: bool, seed: int) -> nn.Module:
    """A random CLIP text model of width 32 for `TOKENS`, nine positions."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(seed)
    config = CLIPTextConfig(
        vocab_size=len(TOKENS),
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=9,
        projection_dim=32,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    return (CLIPTextModelWithProjection if projects else CLIPTextModel)(config).eval()


def tokeniser() -> Any:
    """A CLIP tokeniser that knows "red" and "cat"."""
    from transformers import CLIPTokenizer

    vocabulary = {token: number for number, token in enumerate(TOKENS)}
    return CLIPTokenizer(vocabulary, [tuple(merge.split()) for merge in MERGES], model_max_length=9)


def largest_difference(ours: Tensor, theirs: Tensor) -> float:
    """Largest absolute difference, as a share of the largest value where that is above 1."""
    assert ours.shape == theirs.shape
    return ((ours - theirs).abs().max() / theirs.abs().max().clamp(min=1)).item()
