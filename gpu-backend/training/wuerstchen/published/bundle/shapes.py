"""A network's configuration from the shapes of its tensors: the authors' own files come without one.

What shapes cannot say is the same in every release: heads of 64 channels, patches, and Stage A's scale.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from wuerstchen.published.clip_image import ClipImageConfig
from wuerstchen.published.clip_text import ClipTextConfig
from wuerstchen.published.configs import (
    PAELLA_VQ,
    CascadeConfig,
    CompressorConfig,
    DiffNeXtConfig,
    PaellaVQConfig,
    PreviewerConfig,
    PriorConfig,
)

Shapes = Mapping[str, Tensor]
HEAD_WIDTH = 64
STAGE_B_PATCH = 2
TIME_CONDITIONS = ("sca", "crp")  # in the order of their embeddings
# A block by the name of one of its tensors.
BLOCKS = {"depthwise.weight": "C", "mapper.weight": "T", "kv_mapper.1.weight": "A"}


def prior(shapes: Shapes) -> PriorConfig:
    channels, latent = shapes["projection.weight"].shape[:2]
    kinds, depth = _repeated(_kinds(shapes, "blocks"))
    if kinds != "CTA":
        raise ValueError(f"blocks repeat {kinds}; only CTA is supported")
    widths = shapes["cond_mapper.0.weight"].shape[1], shapes["blocks.1.mapper.weight"].shape[1]
    return PriorConfig(latent, channels, depth, _heads(channels), *widths, 0.0)


def diffnext(shapes: Shapes) -> DiffNeXtConfig:
    levels = [_repeated(_kinds(shapes, f"down_blocks.{level}")) for level in range(_count(shapes, "down_blocks"))]
    channels = tuple(_width(shapes, f"down_blocks.{level}") for level in range(len(levels)))
    condition, text = shapes["clip_mapper.weight"].shape
    injects = tuple(f"effnet_mappers.{level}.weight" in shapes for level in range(len(levels)))
    mapper = shapes[f"effnet_mappers.{injects.index(True)}.weight"]
    return DiffNeXtConfig(
        latent_channels=shapes["embedding.1.weight"].shape[1] // STAGE_B_PATCH**2,
        channels=channels,
        heads=_level_heads(channels, levels),
        blocks=tuple(count for _, count in levels),
        kinds=tuple(kinds for kinds, _ in levels),
        injects=injects,
        condition_channels=condition,
        text_channels=text,
        stage_c_channels=mapper.shape[1],
        patch=STAGE_B_PATCH,
        timestep_width=_timestep_width(shapes, "down_blocks"),
        dropout=0.0,
    )


def cascade(shapes: Shapes) -> CascadeConfig:
    down = [_repeated(_kinds(shapes, f"down_blocks.{level}")) for level in range(_count(shapes, "down_blocks"))]
    up = [_repeated(_kinds(shapes, f"up_blocks.{level}")) for level in range(len(down))]
    channels = tuple(_width(shapes, f"down_blocks.{level}") for level in range(len(down)))
    pooled = shapes["clip_mapper.weight" if "clip_mapper.weight" in shapes else "clip_txt_pooled_mapper.weight"]
    patch = STAGE_B_PATCH if "effnet_mapper.0.weight" in shapes else 1
    return CascadeConfig(
        latent_channels=shapes["embedding.1.weight"].shape[1] // patch**2,
        channels=channels,
        heads=_level_heads(channels, down),
        down_layers=tuple(count for _, count in down),
        up_layers=tuple(count for _, count in up),
        up_repeats=tuple(1 + _count(shapes, f"up_repeat_mappers.{level}") for level in range(len(up))),
        kinds=tuple(kinds for kinds, _ in down),
        resamples="down_downscalers.1.1.blocks.0.weight" not in shapes,
        patch=patch,
        condition_channels=pooled.shape[0] // 4,
        text_channels=_input(shapes, "clip_txt_mapper.weight"),
        pooled_channels=pooled.shape[1],
        image_channels=_input(shapes, "clip_img_mapper.weight"),
        stage_c_channels=_input(shapes, "effnet_mapper.0.weight"),
        pixels_channels=_input(shapes, "pixels_mapper.0.weight"),
        timestep_conditions=tuple(
            name for name in TIME_CONDITIONS if f"down_blocks.0.1.mapper_{name}.weight" in shapes
        ),
        timestep_width=_timestep_width(shapes, "down_blocks"),
        dropout=(0.0,) * len(down),
    )


def paella_vq(shapes: Shapes) -> PaellaVQConfig:
    blocks = sum(bool(re.fullmatch(r"up_blocks\.\d+\.gammas", name)) for name in shapes)
    book = next(shapes[f"vquantizer.{name}.weight"] for name in ("codebook", "embedding") if _has_book(shapes, name))
    channels = 2 * shapes["in_block.1.weight"].shape[0]
    return PaellaVQConfig(channels, blocks - 1, book.shape[1], book.shape[0], PAELLA_VQ.scale_factor)


def clip_text(shapes: Shapes) -> ClipTextConfig:
    """By names without prefix. `end_token` is 0: only the tokenizer knows it."""
    vocabulary, width = shapes["embeddings.token_embedding.weight"].shape
    projection = shapes.get("text_projection.weight")
    return ClipTextConfig(
        vocabulary=vocabulary,
        width=width,
        inner_width=shapes["encoder.layers.0.mlp.fc1.weight"].shape[0],
        layers=_count(shapes, "encoder.layers"),
        heads=_heads(width),
        positions=shapes["embeddings.position_embedding.weight"].shape[0],
        projection=0 if projection is None else projection.shape[0],
        activation="gelu",
        norm_epsilon=1e-5,
        end_token=0,
    )


def clip_image(shapes: Shapes) -> ClipImageConfig:
    """By names without prefix. Every release has ViT-L's activation."""
    width, _, patch, _ = shapes["embeddings.patch_embedding.weight"].shape
    squares = shapes["embeddings.position_embedding.weight"].shape[0] - 1
    return ClipImageConfig(
        width=width,
        inner_width=shapes["encoder.layers.0.mlp.fc1.weight"].shape[0],
        layers=_count(shapes, "encoder.layers"),
        heads=_heads(width),
        side=math.isqrt(squares) * patch,
        patch=patch,
        projection=shapes["visual_projection.weight"].shape[0],
        activation="quick_gelu",
        norm_epsilon=1e-5,
    )


def compressor(shapes: Shapes) -> CompressorConfig:
    return CompressorConfig(shapes["mapper.0.weight"].shape[0], affine="mapper.1.weight" in shapes)


def previewer(shapes: Shapes) -> PreviewerConfig:
    channels, latent = shapes["blocks.0.weight"].shape[:2]
    return PreviewerConfig(latent, channels)


READERS: dict[str, Callable[[Shapes], Any]] = {
    "Prior": prior,
    "DiffNeXt": diffnext,
    "CascadeUNet": cascade,
    "PaellaVQ": paella_vq,
    "ClipText": clip_text,
    "ClipImage": clip_image,
    "Compressor": compressor,
    "Previewer": previewer,
}


def config_from_shapes(kind: str, shapes: Shapes) -> Any:
    """The configuration of a network of this class. Raises ValueError where the tensors are those of no release."""
    try:
        return READERS[kind](shapes)
    except (KeyError, IndexError, StopIteration) as problem:
        raise ValueError(f"these tensors describe no {kind}: {type(problem).__name__} {problem}") from None


def _count(shapes: Shapes, prefix: str) -> int:
    """How many numbered children there are."""
    found = {name.removeprefix(f"{prefix}.").split(".")[0] for name in shapes if name.startswith(f"{prefix}.")}
    return 1 + max((int(number) for number in found), default=-1)


def _kinds(shapes: Shapes, prefix: str) -> str:
    """The blocks of a level in turn."""
    return "".join(
        kind
        for index in range(_count(shapes, prefix))
        for tensor, kind in BLOCKS.items()
        if f"{prefix}.{index}.{tensor}" in shapes
    )


def _repeated(kinds: str) -> tuple[str, int]:
    """ "CTCT" is "CT" twice."""
    for length in range(1, len(kinds) + 1):
        if kinds[:length] * (len(kinds) // length) == kinds:
            return kinds[:length], len(kinds) // length
    raise ValueError("a level has no blocks")


def _width(shapes: Shapes, prefix: str) -> int:
    names = (f"{prefix}.{index}.depthwise.weight" for index in range(_count(shapes, prefix)))
    return next(shapes[name].shape[0] for name in names if name in shapes)


def _timestep_width(shapes: Shapes, prefix: str) -> int:
    pattern = re.compile(rf"{re.escape(prefix)}\.0\.\d+\.mapper\.weight")
    return next(tensor.shape[1] for name, tensor in shapes.items() if pattern.fullmatch(name))


def _input(shapes: Shapes, name: str) -> int:
    return shapes[name].shape[1] if name in shapes else 0


def _has_book(shapes: Shapes, name: str) -> bool:
    return f"vquantizer.{name}.weight" in shapes


def _heads(channels: int) -> int:
    if channels % HEAD_WIDTH:
        raise ValueError(f"{channels} channels are no multiple of {HEAD_WIDTH}, the width of a head in every release")
    return channels // HEAD_WIDTH


def _level_heads(channels: tuple[int, ...], levels: list[tuple[str, int]]) -> tuple[int, ...]:
    return tuple(_heads(width) if "A" in kinds else 0 for width, (kinds, _) in zip(channels, levels, strict=True))
