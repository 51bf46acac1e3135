"""Low-rank adaptation (Hu et al. 2021) of Stage C's Linears: W + alpha / rank · up @ down, where only `up` and `down`
are trained.
"""

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.utils import parametrize

from wuerstchen.models.blocks import AttentionBlock, ResBlock
from wuerstchen.whole_file import whole_file

ATTENTION = ("query", "key", "value", "out")
LINEARS = {AttentionBlock: ATTENTION, ResBlock: ("expand", "reduce")}
POOLED = "pooled."


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


def adapt_linears(linears: Mapping[str, nn.Linear], rank: int, alpha: float) -> dict[str, LowRank]:
    """Gives each Linear a LowRank of its own, by the same names. The weights themselves are frozen."""
    added = {}
    for name, linear in linears.items():
        linear.requires_grad_(False)
        added[name] = LowRank(linear.weight, rank, alpha)
        parametrize.register_parametrization(linear, "weight", added[name])
    return added


def add_lora(model: nn.Module, rank: int, alpha: float) -> None:
    """Freezes `model` and gives the Linears of every residual and attention block, and those of the pooled text, a
    LowRank of their own. Attention alone learned no style of 42 icons in 400 steps.
    """
    model.requires_grad_(False)
    adapt_linears(_linears(model), rank, alpha)


def merge_lora(model: nn.Module) -> None:
    """Puts the sum into each weight: the model has its plain layers and names again."""
    for linear in _adapted(model).values():
        parametrize.remove_parametrizations(linear, "weight", leave_parametrized=True)


def has_lora(model: nn.Module) -> bool:
    return bool(_adapted(model))


def save_lora(model: nn.Module, path: Path, metadata: dict[str, str]) -> None:
    """Writes the adapters of `model`, as `save_low_rank` does."""
    adapters = {name: linear.parametrizations.weight[0] for name, linear in _adapted(model).items()}
    save_low_rank(adapters, path, metadata)


def save_low_rank(adapters: Mapping[str, LowRank], path: Path, metadata: dict[str, str]) -> None:
    """Writes `NAME.lora_down` (rank, in) and `NAME.lora_up` (out, rank) of each, with `alpha` among the metadata."""
    tensors: dict[str, Tensor] = {}
    alpha = 0.0
    for name, lora in adapters.items():
        tensors |= {
            f"{name}.lora_down": lora.down.detach().cpu().contiguous(),
            f"{name}.lora_up": lora.up.detach().cpu().contiguous(),
        }
        alpha = lora.scale * len(lora.down)
    with whole_file(path) as file:
        file.write(save(tensors, {**metadata, "alpha": f"{alpha:g}"}))


@torch.no_grad()
def load_lora(model: nn.Module, path: Path) -> None:
    """Adds the adapters of a file to a plain `model`. Raises ValueError where they are of another network."""
    linears = _linears(model)
    tensors, alpha, _ = read_low_rank(path, linears)
    linears = {name: linear for name, linear in linears.items() if f"{name}.lora_down" in tensors}
    model.requires_grad_(False)
    rank = len(next(tensor for name, tensor in tensors.items() if name.endswith("lora_down")))
    for name, lora in adapt_linears(linears, rank, alpha).items():
        lora.down.copy_(tensors[f"{name}.lora_down"])
        lora.up.copy_(tensors[f"{name}.lora_up"])


@torch.no_grad()
def apply_lora(model: nn.Module, path: Path, strength: float) -> dict[str, str]:
    """Adds a file's adapters, times `strength`, to the weights of a plain `model`; several files add up. Returns the
    file's metadata.

    0 changes nothing, 1 is as trained, a negative strength goes the other way. Raises ValueError where they are of
    another network.
    """
    linears = _linears(model)
    tensors, alpha, metadata = read_low_rank(path, linears)
    for name, linear in linears.items():
        if f"{name}.lora_down" in tensors:
            down, up = tensors[f"{name}.lora_down"], tensors[f"{name}.lora_up"]
            linear.weight.add_(up @ down, alpha=strength * alpha / len(down))
    return metadata


def read_low_rank(path: Path, linears: Mapping[str, nn.Linear]) -> tuple[dict[str, Tensor], float, dict[str, str]]:
    """Tensors, alpha and metadata of a file that fits these layers, or attention alone, as those of 0.2.0 do."""
    try:
        with safe_open(path, "pt") as file:
            tensors, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
        alpha = float(metadata["alpha"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is no file of adapters that finetune wrote: {error}") from error
    attention = {name: linear for name, linear in linears.items() if name.rpartition(".")[2] in ATTENTION}
    if not any(_fits(tensors, layers) for layers in (linears, attention) if layers):
        raise ValueError(f"{path} adapts other layers than this model has")
    return tensors, alpha, metadata


def _fits(tensors: Mapping[str, Tensor], linears: Mapping[str, nn.Linear]) -> bool:
    return tensors.keys() == {f"{name}.lora_{part}" for name in linears for part in ("down", "up")} and all(
        tensors[f"{name}.lora_up"].shape[0] == linear.weight.shape[0]
        and tensors[f"{name}.lora_down"].shape[1] == linear.weight.shape[1]
        for name, linear in linears.items()
    )


def _linears(model: nn.Module) -> dict[str, nn.Linear]:
    found = {}
    for name, part in model.named_modules():
        found |= {f"{name}.{linear}": getattr(part, linear) for linear in LINEARS.get(type(part), ())}
        if name.startswith(POOLED) and isinstance(part, nn.Linear):
            found[name] = part
    return found


def _adapted(model: nn.Module) -> dict[str, nn.Linear]:
    return {name: linear for name, linear in _linears(model).items() if parametrize.is_parametrized(linear, "weight")}
