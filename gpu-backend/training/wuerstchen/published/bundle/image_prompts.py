"""The picture encoder of Stable Cascade's prior, which people's folders hold and many do without: image prompts.

As `StableCascadePriorPipeline` has it with `images`: each picture becomes four tokens beside the prompt's, in place of
those of no picture.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wuerstchen.export.graphs import Port
from wuerstchen.published.bundle.architectures import network_of, read_json
from wuerstchen.published.bundle.checkpoint_error import CheckpointError, at
from wuerstchen.published.bundle.component import Component
from wuerstchen.published.bundle.graphs import Function, Graph, keep_parts
from wuerstchen.published.bundle.weight_files import choose_weights, find_weights
from wuerstchen.published.cascade import CascadeUNet

NAME = "imageEncoder"
FOLDER, SETTINGS_FOLDER, SETTINGS_FILE = "image_encoder", "feature_extractor", "preprocessor_config.json"
# As `transformers` has them where a file says nothing.
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
# What else a picture goes through, which the server does in its own code.
FIXED = {"do_resize": True, "do_center_crop": True, "do_rescale": True, "do_normalize": True, "resample": 3}


@dataclass(frozen=True)
class ImagePrompts:
    """The encoder, and how a picture's colours are normalised for it. `files`: what was read beside weights."""

    encoder: Component
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    files: tuple[Path, ...]


def find_image_prompts(prior: Path, prefix: str, variant: str | None) -> ImagePrompts | None:
    """Of the prior's folder; None where it has no encoder. Raises CheckpointError for one that is not supported."""
    folder, settings = prior / f"{prefix}{FOLDER}", prior / f"{prefix}{SETTINGS_FOLDER}" / SETTINGS_FILE
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if "config.json" not in names or choose_weights(names, variant) is None:
        return None
    kind, config = network_of(folder / "config.json", ("CLIPVisionModelWithProjection",))
    read = read_json(settings) if settings.is_file() else {}
    mean, deviation = _colours(settings, read, config.side)
    encoder = Component(NAME, kind, config, find_weights(folder, variant))
    return ImagePrompts(encoder, mean, deviation, (folder / "config.json", *([settings] if settings.is_file() else [])))


def released_colours(encoder: Component) -> ImagePrompts:
    """Of an encoder that came without a file that says how pictures are normalised."""
    return ImagePrompts(encoder, MEAN, DEVIATION, ())


def _colours(file: Path, read: dict[str, Any], side: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    sizes = {"size": (side, {"shortest_edge": side}), "crop_size": (side, {"height": side, "width": side})}
    for name, values in {**{name: (value,) for name, value in FIXED.items()}, **sizes}.items():
        if name in read and read[name] not in values:
            raise at(file, f"{name} is {read[name]}; only {values[0]} is supported")
    return tuple(read.get("image_mean", MEAN)), tuple(read.get("image_std", DEVIATION))


def require_fit_of_pictures(images: ImagePrompts, stage_c: Component) -> None:
    """Raises CheckpointError where Stage C reads other numbers than the encoder gives."""
    given, read = images.encoder.config.projection, stage_c.config.image_channels
    if given != read:
        raise CheckpointError(
            f"these parts are not of one model: the image encoder's projection has {given}, Stage C's picture {read}"
        )


def image_encoder(images: ImagePrompts) -> Graph:
    """Pictures in [0, 1]; their colours are normalised in the graph."""
    network = images.encoder.load().float().eval().requires_grad_(False)
    config = network.config
    mean, deviation = (torch.tensor(values)[None, :, None, None] for values in (images.mean, images.deviation))

    def states(picture: Tensor) -> Tensor:
        return network((picture - mean) / deviation)

    inputs = (Port("image", "float32", ("b", 3, config.side, config.side)),)
    outputs = (Port("image_states", "float32", ("b", config.projection)),)
    return Graph(NAME, inputs, outputs, states, lambda: Function(network, states))


def image_text_conditioner(network: CascadeUNet, positions: int) -> Graph:
    """As the text conditioner, with the states of pictures; `positions` as there."""
    keep_parts(network, "clip_txt_pooled_mapper", "clip_txt_mapper", "clip_img_mapper", "clip_norm")
    config = network.config

    def tokens(states: Tensor, pictures: Tensor) -> Tensor:
        pooled, text = states[:, :1, : config.pooled_channels], states[:, 1:, : config.text_channels]
        return network.tokens(pooled, text, pictures)

    inputs = (
        Port("text_states", "float32", ("b", 1 + positions, max(config.text_channels, config.pooled_channels))),
        Port("image_states", "float32", ("b", "p", config.image_channels)),
    )
    outputs = (Port("text_condition", "float32", ("b", "t", config.condition_channels)),)
    return Graph("imageTextConditioner", inputs, outputs, tokens, lambda: Function(network, tokens))
