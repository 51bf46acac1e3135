"""Reads released weights, in the names of the official repositories, of ComfyUI or of diffusers, into these networks.

The first and the last differ in three places only: the official attention packs q, k and v into one matrix, the
official codebook has another name, and so has the pooled-text mapper of Stable Cascade's Stage B. The networks here use
the diffusers names.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from wuerstchen.published.cascade import CascadeUNet

Layout = Literal["original", "diffusers"]
# How many names of each kind an error message lists.
NAMES_LISTED_MAX = 8
_PACKED, _PROJECTED = ".attn.in_proj_", ".attn.out_proj."
# ComfyUI splits q, k and v and keeps the official module around them.
_SPLIT = (".attn.to_", ".to_")
_CODEBOOK = ("vquantizer.codebook.", "vquantizer.embedding.")
_POOLED = ("clip_mapper.", "clip_txt_pooled_mapper.")


def read_state_dict(path: str | Path, section: str | None = None) -> dict[str, Tensor]:
    """The tensors of a `.safetensors` file, or of a `.pt` checkpoint without running any code in it.

    The authors' checkpoints hold several state dicts: `section` names one ("ema_state_dict", "effnet_state_dict").
    Without it, "state_dict" is taken where there is one. Raises ValueError naming the sections where the one asked for
    is missing.
    """
    if Path(path).suffix == ".safetensors":
        return load_file(path)
    checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    if section is None:
        return checkpoint.get("state_dict", checkpoint)
    if section not in checkpoint:
        raise ValueError(f"{Path(path).name} has no section {section!r}; it has {', '.join(map(str, checkpoint))}")
    return checkpoint[section]


def detect_layout(network: nn.Module, state: Mapping[str, Tensor]) -> Layout:
    """Networks without attention and codebook (compressor, previewer) have the same names in both; they count as
    "diffusers".
    """
    packed = any(_PACKED in name or _SPLIT[0] in name or name.startswith(_CODEBOOK[0]) for name in state)
    renamed = isinstance(network, CascadeUNet) and any(name.startswith(_POOLED[0]) for name in state)
    return "original" if packed or renamed else "diffusers"


def from_original(network: nn.Module, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The official names to those of `network`. Tensors are views of the given ones."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        name = name.removeprefix("module.")  # left by data-parallel training
        if _PACKED in name:
            prefix, kind = name.split(_PACKED)  # kind: weight or bias
            for projection, part in zip(("to_q", "to_k", "to_v"), tensor.chunk(3), strict=True):
                renamed[f"{prefix}.{projection}.{kind}"] = part
            continue
        name = name.replace(_PROJECTED, ".to_out.0.").replace(*_SPLIT)
        if name.startswith(_CODEBOOK[0]):
            name = _CODEBOOK[1] + name.removeprefix(_CODEBOOK[0])
        if isinstance(network, CascadeUNet) and name.startswith(_POOLED[0]):
            name = _POOLED[1] + name.removeprefix(_POOLED[0])
        renamed[name] = tensor
    return renamed


def load_published(network: nn.Module, state: Mapping[str, Tensor], layout: Layout | None = None) -> None:
    """Loads a released state dict; `layout` is detected unless given. A network on `meta` takes the tensors over
    without a copy.

    Raises ValueError that names every kind of mismatch: missing and unexpected tensors, and shapes that differ.
    """
    layout = layout or detect_layout(network, state)
    tensors = from_original(network, state) if layout == "original" else dict(state)
    wanted = network.state_dict()
    shapes = [
        f"{name} {tuple(tensors[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in tensors and tensors[name].shape != tensor.shape
    ]
    problems = {
        "missing": [name for name in wanted if name not in tensors],
        "unexpected": [name for name in tensors if name not in wanted],
        "of another shape": shapes,
    }
    if any(problems.values()):
        details = "; ".join(f"{len(names)} {kind}: {_listed(names)}" for kind, names in problems.items() if names)
        raise ValueError(f"these are not the weights of this {type(network).__name__} ({layout} layout): {details}")
    on_meta = any(tensor.is_meta for tensor in wanted.values())
    network.load_state_dict(tensors, assign=on_meta)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:NAMES_LISTED_MAX]) + (", …" if len(names) > NAMES_LISTED_MAX else "")
