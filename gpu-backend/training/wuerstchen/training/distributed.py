"""Several processes, one run. torchrun starts them; each takes its share of every batch, and the first alone writes
files.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

Rows = TypeVar("Rows", Tensor, np.ndarray, list)
# The first process may compute latents of a large data set while the others wait.
PATIENCE = timedelta(hours=12)
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Share:
    """Part `index` of `count` of a step's batch, and the device that computes it.

    Every process and micro-batch draws the randomness of the whole batch and takes its rows: so the gradient of a step
    is a function of the seed and the step, not of how many processes or micro-batches shared it."""

    index: int = 0
    count: int = 1
    device: torch.device = CPU

    def take(self, rows: Rows) -> Rows:
        """This share's rows of the whole batch's; tensors move to the device. Raises ValueError where the batch
        does not divide evenly.
        """
        _require_even(len(rows), self.count)
        size = len(rows) // self.count
        return self.place(rows[self.index * size : (self.index + 1) * size])

    def place(self, rows: Rows) -> Rows:
        """Moves a tensor to the device; other rows stay where they are."""
        return rows.to(self.device) if isinstance(rows, Tensor) else rows


def processes() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """0 for the process that writes files and talks."""
    return dist.get_rank() if dist.is_initialized() else 0


def training_device() -> torch.device:
    """This process's GPU where there is one, else the CPU."""
    return (
        torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        if torch.cuda.is_available()
        else torch.device("cpu")
    )


def shares(accumulate: int) -> list[Share]:
    """The micro-batches of this process."""
    return [
        Share(rank() * accumulate + part, processes() * accumulate, training_device()) for part in range(accumulate)
    ]


def require_even_shares(batch: int, accumulate: int) -> None:
    """Raises ValueError where a batch does not divide evenly: better before the first step than at the first batch
    of another size.
    """
    _require_even(batch, processes() * accumulate)


def _require_even(rows: int, count: int) -> None:
    if rows % count:
        raise ValueError(f"a batch of {rows} does not divide into {count} equal shares (processes × accumulate)")


@contextmanager
def connected() -> Iterator[None]:
    """Joins the processes that torchrun started. A program that it did not start is a group of one and needs no
    connection.
    """
    if "WORLD_SIZE" not in os.environ:
        yield
        return
    if training_device().type == "cuda":
        torch.cuda.set_device(training_device())
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
    try:
        yield
    finally:
        dist.destroy_process_group()


def wait_for_all() -> None:
    if dist.is_initialized():
        dist.barrier()


@contextmanager
def first_process_first() -> Iterator[None]:
    """The first process computes and writes what the others then find on disk."""
    if rank() > 0:
        wait_for_all()
    yield
    if rank() == 0:
        wait_for_all()


def mean_over_processes(figures: dict[str, float]) -> dict[str, float]:
    """Every process must hold the same names."""
    if processes() == 1:
        return figures
    sums = torch.tensor(list(figures.values()), dtype=torch.float64)
    dist.all_reduce(sums)
    return dict(zip(figures, (sums / processes()).tolist(), strict=True))


def anywhere(*flags: bool) -> tuple[bool, ...]:
    """Whether any process raised each flag, so that all of them stop or save at the same step."""
    raised = torch.tensor(flags, dtype=torch.uint8)
    if processes() > 1:
        dist.all_reduce(raised, dist.ReduceOp.MAX)
    return tuple(bool(flag) for flag in raised)


def union(flags: Tensor) -> None:
    """In place: true where any process has true."""
    if processes() > 1:
        raised = flags.to(torch.uint8).cpu()
        dist.all_reduce(raised, dist.ReduceOp.MAX)
        flags.copy_(raised.bool())


def from_first(tensor: Tensor) -> Tensor:
    """The first process's values of a tensor that has the same shape in all."""
    if processes() > 1:
        tensor = tensor.clone()
        dist.broadcast(tensor, 0)
    return tensor
