"""One network of a checkpoint: which class it is, and how its tensors reach it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wuerstchen.published.bundle.adapters import Adapter, merge
from wuerstchen.published.bundle.checkpoint_error import at
from wuerstchen.published.bundle.weight_files import Tensors, Weights, read_shapes, read_tensors
from wuerstchen.published.clip_image import ClipImage
from wuerstchen.published.clip_text import ClipText
from wuerstchen.published.state_dicts import load_published

# Of a whole CLIP model and of ComfyUI's files: what is no part of the text transformer.
NO_IMAGE = ("text_model.", "text_projection.", "logit_scale", "embeddings.position_ids")
NO_TEXT = ("vision_model.", "visual_projection.", "logit_scale", "embeddings.position_ids")


@dataclass(frozen=True)
class Component:
    """One network: what it is, and where its weights are. `adapters` are merged into it in turn."""

    name: str
    kind: type[nn.Module]
    config: Any
    weights: Weights
    adapters: tuple[Adapter, ...] = ()

    @property
    def sources(self) -> tuple[Path, ...]:
        """Every file that its weights come from."""
        return (*self.weights.sources, *(adapter.file for adapter in self.adapters))

    def empty(self) -> nn.Module:
        """On `meta`: shapes without memory."""
        with torch.device("meta"):
            return self.kind(self.config)

    def load(self) -> nn.Module:
        """With its weights in the type they are stored in, mapped from their files; what adapters change is float32."""
        network = self._filled(read_tensors)
        for adapter in self.adapters:
            merge(adapter, network)
        return network

    def check(self) -> None:
        """Raises CheckpointError naming the file where tensors are missing, unknown, of another shape, or cut off."""
        self._filled(read_shapes)

    def _filled(self, read: Callable[[Weights], Tensors]) -> nn.Module:
        network, tensors = self.empty(), read(self.weights)
        try:
            load_published(network, self._named(tensors))
        except ValueError as problem:
            raise at(self.weights.index or self.weights.files[0], str(problem)) from None
        return network

    def _named(self, tensors: Tensors) -> Tensors:
        if self.kind is ClipText:
            return clip_names(tensors, self.config.projection > 0)
        return image_names(tensors) if self.kind is ClipImage else tensors


def image_names(tensors: Tensors) -> Tensors:
    """The names of ClipImage, also of a whole CLIP model."""
    shorter = {name.removeprefix("vision_model."): tensor for name, tensor in tensors.items()}
    return {name: tensor for name, tensor in shorter.items() if not name.startswith(NO_IMAGE)}


def clip_names(tensors: Tensors, projects: bool) -> Tensors:
    """The names of ClipText. `transformers` writes CLIPTextModel with or without a prefix, by its version, and once
    the positions' numbers too; ComfyUI's projection is a bare matrix, transposed. `projects`: whether it is kept.
    """
    named: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        short = name.removeprefix("transformer.").removeprefix("text_model.")
        if short == "text_projection":
            short, tensor = "text_projection.weight", tensor.T.contiguous()
        if not short.startswith(NO_TEXT) and (projects or short != "text_projection.weight"):
            named[short] = tensor
    return named
