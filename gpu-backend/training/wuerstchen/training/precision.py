"""bfloat16 where it is safe and fast, and memory traded for time."""

import functools
import platform
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Literal

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from wuerstchen.config import Config
from wuerstchen.models.blocks import AttentionBlock, ResBlock

Precision = Literal["float32", "bfloat16"]
CHECKPOINTED_BLOCKS = (ResBlock, AttentionBlock)
# Aspect buckets of a data set are about a dozen.
COMPILED_SHAPES_MAX = 64


def maybe_compile(module: nn.Module, config: Config, recompute_views: bool = False) -> Callable[..., Tensor]:
    """`torch.compile` where the configuration asks for it: about a third faster on a CPU, a minute of compiling at
    the start.

    `recompute_views` is for Stage A, whose training step takes half the time with it: ReLU's slope is read from its
    output, where otherwise a mask is kept and its axes are turned. Other stages are a third slower with it.
    """
    if not config.compile:
        return module
    # Every shape has code of its own; past the limit, which counts training and evaluation apart, PyTorch would
    # silently stop compiling.
    torch._dynamo.config.recompile_limit = COMPILED_SHAPES_MAX
    compiled = torch.compile(module, dynamic=False)
    return torch._functorch.config.patch(recompute_views=True)(compiled) if recompute_views else compiled


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager:
    """Matrix products and convolutions in bfloat16, where the device has such products; weights, gradients, sums and
    the noising stay float32.

    Weights kept in bfloat16 would hardly train: its 8 bits round most Adam updates to nothing."""
    return torch.autocast(device.type, torch.bfloat16, enabled=computes_in(precision, device) == "bfloat16")


def computes_in(precision: Precision, device: torch.device) -> Precision:
    """The precision that training takes on `device` where `precision` is asked for."""
    return precision if multiplies_bfloat16(device.type) else "float32"


@functools.cache
def multiplies_bfloat16(device_type: str) -> bool:
    """Whether a kind of device multiplies bfloat16 itself. Emulated, a product took 33 times as long as in float32, on
    an AMD EPYC with AVX2 alone.
    """
    if device_type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if platform.machine().lower() in ("x86_64", "amd64"):
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def full_precision(device: torch.device) -> AbstractContextManager:
    """Float32 inside an autocast region, for the nearest code, whose distances differ by less than bfloat16 tells
    apart.
    """
    return torch.autocast(device.type, enabled=False)


def checkpoint_activations(parts: nn.Module) -> None:
    """Every block of Stages B and C keeps its input alone and computes its activations again in the backward pass.

    A third more arithmetic; activation memory falls by the ratio of what a block stores (about 20 maps) to one map."""
    for block in parts.modules():
        if isinstance(block, CHECKPOINTED_BLOCKS):
            block.forward = functools.partial(checkpoint, block.forward, use_reentrant=False)
