"""Low-rank adaptation (Hu et al. 2021) of attention: W + alpha / rank · up @ down, where only `up` and `down` are trained."""

import math
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.utils import parametrize

from wuerstchen.models.blocks import AttentionBlock
from wuerstchen.whole_file import whole_file

LINEARS = ("query", "key", "value", "out")


class LowRank(nn.Module):
    """Adds a product of `rank` rows to a weight (out, in). `up` starts at 0, so a new one changes nothing."""

    def __init__(self, weight: Tensor, rank: int, alpha: float) -> None:
        super().__init__()
        self.scale = alpha / rank
        self.down = nn.Parameter(torch.empty(rank, weight.shape[1]))
        self.up = nn.Parameter(torch.zeros(weight.shape[0], rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.scale * (self.up @ self.down)


def add_lora(model: nn.Module, rank: int, alpha: float) -> None:
    """Freezes `model` and gives the four Linears of every attention block a LowRank of their own."""
    model.requires_grad_(False)
    for linear in _linears(model).values():
        parametrize.register_parametrization(linear, "weight", LowRank(linear.weight, rank, alpha))


def merge_lora(model: nn.Module) -> None:
    """Puts the sum into each weight: the model has its plain layers and names again."""
    for linear in _linears(model).values():
        parametrize.remove_parametrizations(linear, "weight", leave_parametrized=True)


def save_lora(model: nn.Module, path: Path, metadata: dict[str, str]) -> None:
    """Writes `NAME.lora_down` (rank, in) and `NAME.lora_up` (out, rank) of each Linear, with `alpha` among the metadata."""
    tensors: dict[str, Tensor] = {}
    alpha = 0.0
    for name, linear in _linears(model).items():
        lora = linear.parametrizations.weight[0]
        tensors |= {f"{name}.lora_down": lora.down.detach().cpu().contiguous(), f"{name}.lora_up": lora.up.detach().cpu().contiguous()}
        alpha = lora.scale * len(lora.down)
    with whole_file(path) as file:
        file.write(save(tensors, {**metadata, "alpha": f"{alpha:g}"}))


def load_lora(model: nn.Module, path: Path) -> None:
    """Adds the adapters of a file to a plain `model`. Raises ValueError where they are of another network."""
    with safe_open(path, "pt") as file:
        tensors, alpha = {name: file.get_tensor(name) for name in file.keys()}, float(file.metadata()["alpha"])  # noqa: SIM118
    linears = _linears(model)
    if {name.rpartition(".")[0] for name in tensors} != linears.keys():
        raise ValueError(f"{path} adapts other layers than this model has")
    add_lora(model, len(tensors[f"{next(iter(linears))}.lora_down"]), alpha)
    with torch.no_grad():
        for name, linear in linears.items():
            lora = linear.parametrizations.weight[0]
            lora.down.copy_(tensors[f"{name}.lora_down"])
            lora.up.copy_(tensors[f"{name}.lora_up"])


def _linears(model: nn.Module) -> dict[str, nn.Linear]:
    blocks = {name: block for name, block in model.named_modules() if isinstance(block, AttentionBlock)}
    return {f"{name}.{linear}": getattr(block, linear) for name, block in blocks.items() for linear in LINEARS}
