"""A published model on disk: its components in the layout of `diffusers`, each checked before anything heavy starts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wuerstchen.published.bundle.architectures import network_of
from wuerstchen.published.bundle.checkpoint_error import CheckpointError, at
from wuerstchen.published.bundle.picture_graphs import STAGE_B_CELLS
from wuerstchen.published.bundle.settings import read_pipelines, read_schedule
from wuerstchen.published.bundle.tokenizer import Tokenizer, read_tokenizer
from wuerstchen.published.bundle.weight_files import (
    Weights,
    find_weights,
    read_shapes,
    read_tensors,
    require_files,
    require_variant,
    variants_of,
)
from wuerstchen.published.clip_text import ClipText
from wuerstchen.published.compressor import Compressor
from wuerstchen.published.configs import CompressorConfig, PreviewerConfig
from wuerstchen.published.previewer import Previewer
from wuerstchen.published.stage_c import Prior
from wuerstchen.published.state_dicts import load_published

# What Stage C's class tells of the rest: the class of each component.
CLASSES = {
    "wuerstchen-v2": {
        "text_encoder": "CLIPTextModel",
        "stage_c": "WuerstchenPrior",
        "text_encoder_b": "CLIPTextModel",
        "stage_b": "WuerstchenDiffNeXt",
        "stage_a": "PaellaVQModel",
    },
    "stable-cascade": {
        "text_encoder": "CLIPTextModelWithProjection",
        "stage_c": "StableCascadeUNet",
        "text_encoder_b": "CLIPTextModelWithProjection",
        "stage_b": "StableCascadeUNet",
        "stage_a": "PaellaVQModel",
    },
}
# Beside the folders in Stable Cascade's repository: (file, network, configuration).
EXTRAS = {
    "compressor": ("effnet_encoder.safetensors", Compressor, CompressorConfig(16, affine=False)),
    "previewer": ("previewer.safetensors", Previewer, PreviewerConfig(16, 512)),
}


@dataclass(frozen=True)
class Component:
    """One network: what it is, and where its weights are."""

    name: str
    kind: type[nn.Module]
    config: Any
    weights: Weights

    def empty(self) -> nn.Module:
        """On `meta`: shapes without memory."""
        with torch.device("meta"):
            return self.kind(self.config)

    def load(self) -> nn.Module:
        """With its weights in the type they are stored in, mapped from their files."""
        return self._filled(read_tensors)

    def check(self) -> None:
        """Raises CheckpointError naming the file where tensors are missing, unknown, of another shape, or cut off."""
        self._filled(read_shapes)

    def _filled(self, read: Callable[[Weights], dict[str, Tensor]]) -> nn.Module:
        network, tensors = self.empty(), read(self.weights)
        try:
            load_published(network, _clip_names(tensors) if self.kind is ClipText else tensors)
        except ValueError as problem:
            raise at(self.weights.index or self.weights.files[0], str(problem)) from None
        return network


@dataclass(frozen=True)
class Checkpoint:
    """Both halves of a published model. `tokenizer_b` and `text_encoder_b` make Stage B's empty prompt."""

    family: str
    roots: dict[str, Path]
    text_encoder: Component
    stage_c: Component
    text_encoder_b: Component
    stage_b: Component
    stage_a: Component
    extras: dict[str, Component]
    tokenizer: Tokenizer
    tokenizer_b: Tokenizer
    schedule_s: float
    plain_files: tuple[Path, ...]

    @property
    def components(self) -> tuple[Component, ...]:
        return (self.text_encoder, self.stage_c, self.text_encoder_b, self.stage_b, self.stage_a, *self.extras.values())

    def sources(self) -> dict[str, Path]:
        """Every file that is read, by its place below "decoder" or "prior"."""
        files = [*self.plain_files, *(path for component in self.components for path in component.weights.sources)]
        return dict(sorted((self._place(path), path) for path in files))

    def _place(self, path: Path) -> str:
        # The decoder's folder holds both halves where there is one folder only.
        label = next(label for label, root in reversed(self.roots.items()) if path.is_relative_to(root))
        return f"{label}/{path.relative_to(self.roots[label]).as_posix()}"


@dataclass(frozen=True)
class Choice:
    """Which of a repository's weights: the variant ("bf16", None for the plain files), and "lite" for the smaller
    stages.
    """

    variant: str | None = None
    stage_b: str = "large"
    stage_c: str = "large"


def component_folders(choice: Choice, combined: bool) -> dict[str, tuple[str, str]]:
    """Each component's root and folder. `combined`: both halves were saved as one pipeline, the prior's parts by a
    prefix.
    """
    prefix, lite = "prior_" if combined else "", {"large": "", "lite": "_lite"}
    return {
        "text_encoder": ("prior", f"{prefix}text_encoder"),
        "stage_c": ("prior", f"{prefix}prior{lite[choice.stage_c]}"),
        "text_encoder_b": ("decoder", "text_encoder"),
        "stage_b": ("decoder", f"decoder{lite[choice.stage_b]}"),
        "stage_a": ("decoder", "vqgan"),
        "tokenizer": ("prior", f"{prefix}tokenizer"),
        "tokenizer_b": ("decoder", "tokenizer"),
        "scheduler": ("prior", f"{prefix}scheduler"),
        "scheduler_b": ("decoder", "scheduler"),
    }


def is_combined(decoder: Path) -> bool:
    return (decoder / "prior_prior").is_dir()


def open_checkpoint(decoder: Path, prior: Path, choice: Choice) -> Checkpoint:
    """Reads every configuration and every weight file's header. Raises CheckpointError naming the first thing that
    is wrong.
    """
    roots = {"decoder": decoder, "prior": prior}
    folders = {
        name: roots[root] / folder for name, (root, folder) in component_folders(choice, is_combined(decoder)).items()
    }
    for name, folder in folders.items():
        if not folder.is_dir():
            raise CheckpointError(f"{folder} is missing: {_half(name, roots)} in the layout of diffusers has it")
    kind, _ = network_of(folders["stage_c"] / "config.json", tuple(classes["stage_c"] for classes in CLASSES.values()))
    family = "wuerstchen-v2" if kind is Prior else "stable-cascade"
    classes = CLASSES[family]
    variants = variants_of(path.name for name in classes for path in folders[name].iterdir())
    require_variant(choice.variant, variants, decoder)
    components = {name: _component(name, folders[name], expected, choice.variant) for name, expected in classes.items()}
    extras = _extras(decoder) if family == "stable-cascade" else {}
    tokenizer, tokenizer_b = (read_tokenizer(folders[name]) for name in ("tokenizer", "tokenizer_b"))
    configs = [folders[name] / "config.json" for name in classes]
    schedulers = [folders[name] / "scheduler_config.json" for name in ("scheduler", "scheduler_b")]
    plain = (*configs, *schedulers, *read_pipelines((prior, decoder)), *tokenizer.files, *tokenizer_b.files)
    checkpoint = Checkpoint(
        family,
        roots,
        **components,
        extras=extras,
        tokenizer=tokenizer,
        tokenizer_b=tokenizer_b,
        schedule_s=read_schedule(*schedulers),
        plain_files=plain,
    )
    for component in checkpoint.components:
        component.check()
    _require_fit(checkpoint)
    return checkpoint


def _half(name: str, roots: dict[str, Path]) -> str:
    root = "prior" if name in ("text_encoder", "stage_c", "tokenizer", "scheduler") else "decoder"
    return f"the folder of the {root} ({roots[root]})"


def _component(name: str, folder: Path, expected: str, variant: str | None) -> Component:
    require_files(folder, ["config.json"])
    kind, config = network_of(folder / "config.json", (expected,))
    return Component(name, kind, config, find_weights(folder, variant))


def _extras(decoder: Path) -> dict[str, Component]:
    present = {
        name: (decoder / file, kind, config)
        for name, (file, kind, config) in EXTRAS.items()
        if (decoder / file).is_file()
    }
    return {
        name: Component(name, kind, config, Weights(decoder, None, (file,)))
        for name, (file, kind, config) in present.items()
    }


def _clip_names(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """`transformers` stores CLIPTextModel with or without a prefix, by its version, and once stored the positions'
    numbers too.
    """
    named = {name.removeprefix("text_model."): tensor for name, tensor in tensors.items()}
    return {name: tensor for name, tensor in named.items() if name != "embeddings.position_ids"}


def _require_fit(checkpoint: Checkpoint) -> None:
    """Raises CheckpointError where two components speak of different widths."""
    text, c, text_b, b, a = (component.config for component in checkpoint.components[:5])
    cascade = checkpoint.family == "stable-cascade"
    pairs = [
        ("the text encoder's states", text.width, "Stage C's text", c.text_channels),
        ("Stage C's latent", c.latent_channels, "Stage B's condition", b.stage_c_channels),
        ("Stage B's latent", b.latent_channels, "Stage A's", a.latent_channels),
        ("Stage C's timestep embedding", c.timestep_width, "Stage B's", b.timestep_width),
        (
            "the text encoder's positions",
            text.positions,
            "the tokenizer's model_max_length",
            checkpoint.tokenizer.length,
        ),
        (
            "the decoder's text encoder's positions",
            text_b.positions,
            "its tokenizer's model_max_length",
            checkpoint.tokenizer_b.length,
        ),
    ]
    if cascade:
        pairs.append(("the text encoder's projection", text.projection, "Stage C's pooled text", c.pooled_channels))
        pairs.append(
            ("the decoder's text encoder's projection", text_b.projection, "Stage B's pooled text", b.pooled_channels)
        )
    else:
        pairs.append(("the decoder's text encoder's states", text_b.width, "Stage B's text", b.text_channels))
    for tokens, encoder in ((checkpoint.tokenizer.tokens, text), (checkpoint.tokenizer_b.tokens, text_b)):
        if tokens > encoder.vocabulary:
            raise CheckpointError(
                f"these parts are not of one model: a tokenizer has {tokens} tokens, "
                f"its text encoder {encoder.vocabulary}"
            )
    for one, left, other, right in pairs:
        if left != right:
            raise CheckpointError(f"these parts are not of one model: {one} has {left}, {other} {right}")
    if STAGE_B_CELLS % (b.patch * 2 ** (len(b.channels) - 1)):
        raise CheckpointError(
            f"Stage B of {len(b.channels)} levels and patches of {b.patch} does not fit pictures of 128 pixels a side"
        )
