"""What a run keeps: averaged weights, and checkpoints from which any number of processes can go on."""

from pathlib import Path

import torch
from torch import Tensor, nn

from wuerstchen.models.build import load_state
from wuerstchen.training.distributed import rank
from wuerstchen.training.parallel import assign, like, whole
from wuerstchen.whole_file import whole_file


class Ema:
    """Exponential moving average of parameters, sharded as they are; buffers are copied."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))  # a young average must forget its random start
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point() and "running_" not in name:
                self.state[name].lerp_(tensor, 1 - decay)
            else:
                self.state[name].copy_(tensor)

    @torch.no_grad()
    def swap(self, module: nn.Module) -> None:
        """Exchanges the average with the module's values; a second call puts both back."""
        for name, tensor in module.state_dict().items():
            trained = tensor.clone()
            tensor.copy_(self.state[name])
            self.state[name].copy_(trained)

    def load(self, state: dict[str, Tensor]) -> None:
        """Takes over whole tensors."""
        for name, tensor in state.items():
            assign(self.state[name], tensor)


def save_atomically(state: dict, path: Path) -> None:
    """The first process writes; a kill or a full disk during the write leaves the previous file whole."""
    if rank() == 0:
        with whole_file(path) as file:
            try:
                torch.save(state, file)
            except RuntimeError as error:  # torch covers the disk's own error with one about its archive
                raise (error.__context__ if isinstance(error.__context__, OSError) else error) from None


def whole_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors unsharded and on the CPU."""
    return {name: whole(tensor).cpu() for name, tensor in state.items()}


def optimiser_state(optimiser: torch.optim.Optimizer) -> dict:
    """Moments by the position of their parameter, unsharded and on the CPU: the same whatever the number of
    processes.
    """
    state = optimiser.state_dict()
    return {**state, "state": {index: whole_state(moments) for index, moments in state["state"].items()}}


def load_optimiser(optimiser: torch.optim.Optimizer, state: dict, name: str) -> None:
    """Moments belong to parameters by position, so another set of trained parameters starts with fresh ones."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    fits = all(
        parameters[i].shape == moments["exp_avg"].shape for i, moments in state["state"].items() if i < len(parameters)
    )
    if not fits or len(parameters) != sum(len(group["params"]) for group in state["param_groups"]):
        print(f"{name}: the checkpoint trained other parameters; the optimiser starts afresh")
        return
    for index, moments in state["state"].items():
        # The step count is a scalar, which nothing shards.
        sharded = {k: like(tensor, parameters[index]) if tensor.dim() else tensor for k, tensor in moments.items()}
        optimiser.state[parameters[index]] = sharded


def restore_frozen(name: str, parts: nn.Module, frozen: tuple[str, ...], directory: Path) -> dict[str, Tensor]:
    """Gives frozen parts the averaged weights of the finished run, on which later stages were trained, and returns
    these weights.

    Raises FileNotFoundError where no run has finished."""
    path = directory / f"{name}.pt"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: parts can be frozen only after a whole run")
    kept = {key: tensor for key, tensor in load_state(path).items() if key.startswith(frozen)}
    parts.load_state_dict(kept, strict=False)
    return kept
