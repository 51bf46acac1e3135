"""Resizes of the Stage C latent as products with matrices, which every runtime computes alike.

ONNX's Resize knows no bicubic with PyTorch's combination of antialiasing and aligned corners: it differs by up to the
latent's own size. A resize is separable, so one matrix a side says it exactly.
"""

from collections.abc import Callable

import torch
from torch import Tensor

CUBIC_A = -0.5  # PyTorch's choice where it antialiases


def linear_weights(size: int, target: int) -> Tensor:
    """(target, size) of `interpolate(mode="bilinear", align_corners=True)`."""
    centres = torch.arange(target).float() * _scale(size, target)
    return (1 - (torch.arange(size).float() - centres[:, None]).abs()).clamp(min=0)


def cubic_weights(size: int, target: int) -> Tensor:
    """(target, size) of `interpolate(mode="bicubic", antialias=True, align_corners=True)`."""
    scale = _scale(size, target)
    stretch = torch.clamp(scale, min=1)  # the kernel grows where the picture shrinks
    centres = (torch.arange(target).float() + 0.5) * scale
    weights = _cubic(((torch.arange(size).float() + 0.5 - centres[:, None]) / stretch).abs())
    return weights / weights.sum(dim=1, keepdim=True)


def resize(x: Tensor, weights: Callable[[int, int], Tensor], height: int, width: int) -> Tensor:
    """(b, c, h, w) to (b, c, height, width), float32."""
    return weights(x.shape[2], height) @ x @ weights(x.shape[3], width).T


def _scale(size: int, target: int) -> Tensor:
    """Input cells between two output cells, as a tensor: a graph learns the sizes when it runs."""
    return (torch.ones(size).sum() - 1) / (torch.ones(target).sum() - 1)


def _cubic(distance: Tensor) -> Tensor:
    """Keys 1981."""
    near = ((CUBIC_A + 2) * distance - (CUBIC_A + 3)) * distance * distance + 1
    far = ((distance - 5) * distance + 8) * distance * CUBIC_A - 4 * CUBIC_A
    return torch.where(distance < 1, near, torch.where(distance < 2, far, torch.zeros_like(distance)))
