"""A run that begins from the weights of a finished bundle instead of from random ones."""

from pathlib import Path

import torch
from torch import Tensor, nn

from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.weights import WEIGHTS_FILE, read_weights, unpack_weights


def finished_weights(directory: Path, run: str) -> dict[str, Tensor]:
    """A bundle's tensors of the run named `run`, by their names in its modules.

    Without `weights.safetensors`, Stage C alone can be read, from its graphs. Raises ValueError where there are none.
    """
    if not (directory / WEIGHTS_FILE).exists() and run == "stage-c":
        return {f"stage_c.{name}": tensor for name, tensor in Bundle(directory).stage_c_state().items()}
    prefix = f"{run}/"
    found = {key.removeprefix(prefix): t for key, t in read_weights(directory).items() if key.startswith(prefix)}
    if not found:
        raise ValueError(f"{directory / WEIGHTS_FILE} has no weights of {run}: leave --start-from out for this stage")
    return found


def take_missing(directory: Path, run: str, runs: Path) -> list[str]:
    """Writes what RUNS lacks of the runs other than `run` from a bundle's float weights, where it has them, so that a
    stage finds what it reads. Returns their names.
    """
    if not (directory / WEIGHTS_FILE).exists():
        return []
    tensors = read_weights(directory)
    names = {key.partition("/")[0] for key in tensors} - {run}
    missing = sorted(name for name in names if not any(runs.glob(f"{name}*.pt")))
    unpack_weights({key: t for key, t in tensors.items() if key.partition("/")[0] in missing}, runs)
    return missing


@torch.no_grad()
def begin_from(weights: dict[str, Tensor], modules: nn.Module) -> str:
    """Copies every tensor whose name and shape fit; the others keep their initialisation. Returns what was taken.

    Raises ValueError where nothing fits: the bundle is of another network."""
    own = modules.state_dict()
    fitting = {name: tensor for name, tensor in weights.items() if name in own and own[name].shape == tensor.shape}
    if not fitting:
        raise ValueError("no weight of --start-from has the name and shape of one of this stage: name another bundle")
    for name, tensor in fitting.items():
        own[name].copy_(tensor)
    taken, total = (sum(tensor.numel() for tensor in tensors) for tensors in (fitting.values(), own.values()))
    anew = ", ".join(sorted({name.rsplit(".", 1)[0] for name in own.keys() - fitting.keys()})) or "nothing"
    return f"{taken / 1e6:.2f} of {total / 1e6:.2f} million weights taken; begins anew: {anew}"
