"""Low-rank adapters of a published Stage C as files that other programs read: in the names of `diffusers`, and in those
that kohya's tools and ComfyUI have.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save
from torch import Tensor, nn

from wuerstchen.published.blocks import AttnBlock
from wuerstchen.whole_file import whole_file

Naming = Literal["diffusers", "kohya"]
NAMINGS: tuple[Naming, ...] = ("diffusers", "kohya")
DIFFUSERS_PREFIX, KOHYA_PREFIX = "prior.", "lora_prior_unet_"
# up (out, rank) and down (rank, in) of one Linear
Factors = tuple[Tensor, Tensor]


def attention_linears(network: nn.Module) -> dict[str, nn.Linear]:
    """The four projections of every attention block, by the names of their modules."""
    blocks = {name: block.attention for name, block in network.named_modules() if isinstance(block, AttnBlock)}
    parts = ("to_q", "to_k", "to_v", "to_out.0")
    return {
        f"{name}.attention.{part}": attention.get_submodule(part)
        for name, attention in blocks.items()
        for part in parts
    }


def write_adapter(
    path: Path, layers: Mapping[str, Factors], alpha: float, naming: Naming, about: Mapping[str, str]
) -> None:
    """Adapters that add alpha / rank · up @ down to the weight of each module, as float32. `about`: further metadata.

    Files in the names of `diffusers` carry no alpha that every version reads, so there the factor is part of `up`."""
    tensors: dict[str, Tensor] = {}
    metadata = {**about, "format": "pt"}
    for module, (up, down) in layers.items():
        if naming == "diffusers":
            stem, scale = DIFFUSERS_PREFIX + module, alpha / len(down)
            tensors |= {f"{stem}.lora_A.weight": _stored(down), f"{stem}.lora_B.weight": _stored(scale * up)}
            metadata["lora_adapter_metadata"] = _peft_settings(layers, len(down))
        else:
            stem = KOHYA_PREFIX + kohya_name(module)
            tensors |= {f"{stem}.lora_down.weight": _stored(down), f"{stem}.lora_up.weight": _stored(up)}
            tensors[f"{stem}.alpha"] = torch.tensor(alpha)
            metadata |= {"ss_network_dim": str(len(down)), "ss_network_alpha": f"{alpha:g}"}
    with whole_file(path) as file:
        file.write(save(tensors, metadata))


def kohya_name(module: str) -> str:
    """With underscores, and with the module that the authors' and ComfyUI's networks have around the projections."""
    return module.replace(".to_out.0", ".attn.out_proj").replace(".to_", ".attn.to_").replace(".", "_")


def _stored(tensor: Tensor) -> Tensor:
    return tensor.detach().float().cpu().contiguous()


def _peft_settings(layers: Mapping[str, Factors], rank: int) -> str:
    """What `peft` needs to know of a file; alpha equals the rank, as the factors are scaled already."""
    settings = {"r": rank, "lora_alpha": rank, "target_modules": sorted(layers)}
    return json.dumps({f"{DIFFUSERS_PREFIX}{key}": value for key, value in settings.items()}, sort_keys=True)
