"""`weights.safetensors` beside a bundle's graphs: float16 weights of all trained parts, from which training goes on.

Graphs hold rounded weights, and integer ones in places: nothing can be trained on from them but Stage C."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from wuerstchen.models.build import load_state
from wuerstchen.training.checkpoint import save_atomically
from wuerstchen.whole_file import whole_file

WEIGHTS_FILE = "weights.safetensors"
# Runs whose averaged weights RUNS/NAME.pt go into it, those that there are.
RUNS = ("stage-a", "mark", "compressor", "stage-b", "stage-c", "previewer")


def runs_weights(runs: Path) -> dict[str, Tensor]:
    """Tensors of finished runs by "RUN/NAME"; floating ones in float16. Raises ArithmeticError where one is out of
    its range.
    """
    tensors = {}
    for name in RUNS:
        if (path := runs / f"{name}.pt").exists():
            tensors |= {f"{name}/{key}": _half(f"{name}/{key}", tensor) for key, tensor in load_state(path).items()}
    return tensors


def write_weights(tensors: dict[str, Tensor], path: Path) -> None:
    with whole_file(path) as file:
        file.write(save({name: _half(name, tensor).contiguous() for name, tensor in tensors.items()}))


def read_weights(directory: Path) -> dict[str, Tensor]:
    """Of a bundle. Raises ValueError where it has none, or the file is damaged."""
    path = directory / WEIGHTS_FILE
    if not path.exists():
        raise ValueError(
            f"{directory} has no {WEIGHTS_FILE}, and rounded graphs cannot be trained on: take a bundle that was "
            "exported with it"
        )
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged ({error}): take the bundle anew from where it was made") from error


def unpack_weights(tensors: dict[str, Tensor], runs: Path) -> None:
    """Writes RUNS/NAME.pt of every part in float32, as if these runs had just finished."""
    runs.mkdir(parents=True, exist_ok=True)
    for name in {key.partition("/")[0] for key in tensors}:
        own = {key.partition("/")[2]: tensor for key, tensor in tensors.items() if key.startswith(f"{name}/")}
        save_atomically({key: t.float() if t.is_floating_point() else t for key, t in own.items()}, runs / f"{name}.pt")


def _half(name: str, tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point():
        return tensor
    half = tensor.detach().cpu().half()
    if not torch.isfinite(half).all():
        raise ArithmeticError(f"{name} has values that float16 cannot hold")
    return half
