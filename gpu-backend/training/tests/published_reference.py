"""diffusers' classes in the tiny published configurations, holding the same weights as ours."""

import logging
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from wuerstchen.published.cascade import CascadeUNet
from wuerstchen.published.stage_a import PaellaVQ
from wuerstchen.published.stage_b import DiffNeXt
from wuerstchen.published.stage_c import Prior
from wuerstchen.published.tiny import (
    TINY_CASCADE_B,
    TINY_CASCADE_C,
    TINY_DIFFNEXT,
    TINY_PAELLA_VQ,
    TINY_PRIOR,
    randomise,
)

warnings.filterwarnings("ignore", module="diffusers")
logging.getLogger("diffusers").setLevel(logging.ERROR)

from wuerstchen.evaluation.diffusers_networks import network  # noqa: E402

TOKENS = [
    "<|startoftext|>",
    "<|endoftext|>",
    "r",
    "e",
    "d",
    "d</w>",
    "re",
    "red</w>",
    "c",
    "a",
    "t</w>",
    "ca",
    "cat</w>",
]
MERGES = ["r e", "re d</w>", "c a", "ca t</w>"]


def new(kind: type[nn.Module], config: Any, seed: int = 0) -> nn.Module:
    """A tiny network whose every path is alive."""
    torch.manual_seed(seed)
    return randomise(kind(config), seed)


def prior() -> tuple[Prior, nn.Module]:
    return _paired(new(Prior, TINY_PRIOR), network(TINY_PRIOR))


def diffnext() -> tuple[DiffNeXt, nn.Module]:
    return _paired(new(DiffNeXt, TINY_DIFFNEXT), network(TINY_DIFFNEXT))


def paella_vq() -> tuple[PaellaVQ, nn.Module]:
    return _paired(new(PaellaVQ, TINY_PAELLA_VQ), network(TINY_PAELLA_VQ))


def cascade_c() -> tuple[CascadeUNet, nn.Module]:
    return _paired(new(CascadeUNet, TINY_CASCADE_C), network(TINY_CASCADE_C))


def cascade_b() -> tuple[CascadeUNet, nn.Module]:
    return _paired(new(CascadeUNet, TINY_CASCADE_B), network(TINY_CASCADE_B))


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


def in_original_layout(network: nn.Module, pooled_mapper: str = "clip_txt_pooled_mapper") -> dict[str, Tensor]:
    """The state dict as the official repositories write it."""
    original = {}
    for name, tensor in network.state_dict().items():
        if ".to_q." in name:
            parts = [network.state_dict()[name.replace("to_q", part)] for part in ("to_q", "to_k", "to_v")]
            original[name.replace("to_q.", "attn.in_proj_")] = torch.cat(parts)
        elif ".to_k." not in name and ".to_v." not in name:
            name = name.replace("to_out.0.", "attn.out_proj.").replace("vquantizer.embedding", "vquantizer.codebook")
            original[name.replace("clip_txt_pooled_mapper", pooled_mapper)] = tensor
    return original


def largest_difference(ours: Tensor, theirs: Tensor) -> float:
    """Largest absolute difference, as a share of the largest value where that is above 1."""
    assert ours.shape == theirs.shape
    return ((ours - theirs).abs().max() / theirs.abs().max().clamp(min=1)).item()
