"""Gradients and parameters over several processes: DDP copies the parameters, FSDP shards them. One process needs
neither.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from wuerstchen.models.blocks import AttentionBlock, ResBlock
from wuerstchen.models.stage_a import MixBlock
from wuerstchen.training.distributed import processes, training_device

Parallel = Literal["ddp", "fsdp"]
SHARDED_BLOCKS = (ResBlock, AttentionBlock, MixBlock)


class Calls(nn.Module):
    """Runs a function in its forward: DDP and FSDP work by hooks on a module's forward, and a loss is a function of
    several modules.
    """

    def __init__(self, parts: nn.ModuleDict) -> None:
        super().__init__()
        self.parts = parts

    def forward(self, function: object, *arguments: object) -> object:
        return function(*arguments)


def wrap(parts: nn.ModuleDict, parallel: Parallel) -> nn.Module:
    """A module that runs functions of `parts` with their gradients averaged over the processes; with one process, plain
    `Calls`.

    BatchNorm sees the whole batch on GPUs; on CPUs, for which PyTorch has no such layer, each process normalises by its
    own share.
    """
    if processes() == 1:
        return Calls(parts)
    if training_device().type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(parts)
    if parallel == "fsdp":
        return _shard(parts)
    # Unused parameters: a step that shows Stage B no latent leaves the compressor out.
    return DistributedDataParallel(Calls(parts), find_unused_parameters=True)


def _shard(parts: nn.ModuleDict) -> nn.Module:
    mesh = init_device_mesh(training_device().type, (processes(),))
    for parameter in parts.parameters():
        parameter.data = parameter.data.contiguous()  # a shard is rows of the plain layout, not of channels_last
    for module in [m for m in parts.modules() if isinstance(m, SHARDED_BLOCKS)]:
        fully_shard(module, mesh=mesh)
        if isinstance(module, AttentionBlock):
            register_fsdp_forward_method(module, "text_keys_values")
    return fully_shard(Calls(parts), mesh=mesh)


@contextmanager
def gradients_averaged(calls: nn.Module, now: bool) -> Iterator[None]:
    """`now` False: gradients of this micro-batch stay in the process until the last one's backward."""
    if isinstance(calls, FSDPModule):
        calls.set_requires_gradient_sync(now)
    if isinstance(calls, DistributedDataParallel) and not now:
        with calls.no_sync():
            yield
    else:
        yield


def call_without_gradients(calls: nn.Module, function: object, *arguments: object) -> object:
    """For evaluation, by all processes: parameters are whole while `function` runs, and sharded again after it."""
    with torch.no_grad():
        result = (calls.module if isinstance(calls, DistributedDataParallel) else calls)(function, *arguments)
    for module in calls.modules():
        if isinstance(module, FSDPModule):
            module.reshard()
    return result


def whole(tensor: Tensor) -> Tensor:
    """The tensor itself, or all shards of it put together (which every process must ask for)."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def like(tensor: Tensor, reference: Tensor) -> Tensor:
    """A whole tensor, which every process holds, on the device and in the sharding of `reference`."""
    if not isinstance(reference, DTensor):
        return tensor.to(reference.device)
    # No source rank: each process cuts its shard from its own copy, nothing is sent.
    return distribute_tensor(
        tensor.to(reference.device), reference.device_mesh, reference.placements, src_data_rank=None
    )


@torch.no_grad()
def assign(target: Tensor, tensor: Tensor) -> None:
    """Writes a whole tensor into a parameter or buffer, sharded or not."""
    target.copy_(like(tensor, target))
