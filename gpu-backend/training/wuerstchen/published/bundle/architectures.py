"""A checkpoint's config.json to the network it describes. What these networks cannot be is refused by name."""

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from torch import nn

from wuerstchen.published.bundle.checkpoint_error import at
from wuerstchen.published.bundle.file_kinds import refuse_stand_in
from wuerstchen.published.cascade import CascadeUNet
from wuerstchen.published.clip_image import ClipImage, ClipImageConfig
from wuerstchen.published.clip_text import ClipText, ClipTextConfig
from wuerstchen.published.configs import CascadeConfig, DiffNeXtConfig, PaellaVQConfig, PriorConfig
from wuerstchen.published.stage_a import PaellaVQ
from wuerstchen.published.stage_b import DiffNeXt
from wuerstchen.published.stage_c import Prior

BLOCK_LETTERS = {"SDCascadeResBlock": "C", "SDCascadeTimestepBlock": "T", "SDCascadeAttnBlock": "A"}
# What every released network has in common, so that it is no field of the configurations.
FIXED = {
    "WuerstchenPrior": {},
    "WuerstchenDiffNeXt": {"kernel_size": 3},
    "PaellaVQModel": {"in_channels": 3, "out_channels": 3, "levels": 2, "up_down_scale_factor": 2},
    "StableCascadeUNet": {"kernel_size": 3, "clip_seq": 4, "self_attn": True},
    "CLIPTextModel": {},
    "CLIPTextModelWithProjection": {},
    "CLIPVisionModelWithProjection": {"num_channels": 3},
}


def read_json(path: Path) -> Any:
    try:
        refuse_stand_in(path)
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise at(path, "is missing") from None
    except (ValueError, OSError) as problem:
        raise at(path, f"is not JSON ({problem})") from None


def network_of(path: Path, expected: tuple[str, ...]) -> tuple[type[nn.Module], Any]:
    """The class and the configuration that a component's config.json describes. `expected`: the classes that fit
    its place.
    """
    config = read_json(path)
    named = (
        config.get("_class_name") or (config.get("architectures") or ["none"])[0]
        if isinstance(config, dict)
        else "none"
    )
    if named not in expected:
        raise at(path, f"describes {named!r}; supported here: {' or '.join(expected)}")
    for name, value in FIXED[named].items():
        if config.get(name, value) != value:
            raise at(path, f"{name} is {config[name]}; only {value} is supported")
    read, network = _READERS[named]
    try:
        described = read(config)
    except (KeyError, TypeError, IndexError, AttributeError) as problem:
        raise at(path, f"does not describe a {named}: {type(problem).__name__} {problem}") from None
    except ValueError as problem:
        raise at(path, str(problem)) from None
    return network, described


def _prior(config: dict) -> PriorConfig:
    return PriorConfig(
        config["c_in"], config["c"], config["depth"], config["nhead"], config["c_cond"], config["c_r"], 0.0
    )


def _diffnext(config: dict) -> DiffNeXtConfig:
    if config["c_in"] != config["c_out"]:
        raise ValueError(f"c_in is {config['c_in']} and c_out {config['c_out']}; only one number for both is supported")
    return DiffNeXtConfig(
        latent_channels=config["c_in"],
        channels=tuple(config["c_hidden"]),
        heads=tuple(max(0, heads) for heads in config["nhead"]),
        blocks=tuple(config["blocks"]),
        kinds=tuple("".join(kinds) for kinds in config["level_config"]),
        injects=tuple(config["inject_effnet"]),
        condition_channels=config["c_cond"],
        text_channels=config["clip_embd"],
        stage_c_channels=config["effnet_embd"],
        patch=config["patch_size"],
        timestep_width=config["c_r"],
        dropout=0.0,
    )


def _paella_vq(config: dict) -> PaellaVQConfig:
    names = ("embed_dim", "bottleneck_blocks", "latent_channels", "num_vq_embeddings", "scale_factor")
    return PaellaVQConfig(*(config[name] for name in names))


def _cascade(config: dict) -> CascadeConfig:
    switches = config.get("switch_level")
    if switches is not None and any(switches):
        raise ValueError(f"switch_level is {switches}; only null or false is supported")
    if config["in_channels"] != config["out_channels"]:
        raise ValueError(
            f"in_channels is {config['in_channels']} and out_channels {config['out_channels']}; they must be equal"
        )
    if any(repeats != 1 for repeats in config.get("down_blocks_repeat_mappers") or ()):
        raise ValueError(f"down_blocks_repeat_mappers is {config['down_blocks_repeat_mappers']}; only 1 is supported")
    levels = len(config["block_out_channels"])
    described = CascadeConfig(
        latent_channels=config["in_channels"],
        channels=tuple(config["block_out_channels"]),
        heads=tuple(max(0, heads) for heads in config["num_attention_heads"]),
        down_layers=tuple(config["down_num_layers_per_block"]),
        up_layers=tuple(config["up_num_layers_per_block"]),
        up_repeats=tuple(config.get("up_blocks_repeat_mappers") or (1,) * levels),
        kinds=tuple("".join(BLOCK_LETTERS[kind] for kind in kinds) for kinds in config["block_types_per_layer"]),
        resamples=switches is None,
        patch=config["patch_size"],
        condition_channels=config["conditioning_dim"],
        text_channels=config.get("clip_text_in_channels") or 0,
        pooled_channels=config["clip_text_pooled_in_channels"],
        image_channels=config.get("clip_image_in_channels") or 0,
        stage_c_channels=config.get("effnet_in_channels") or 0,
        pixels_channels=config.get("pixel_mapper_in_channels") or 0,
        timestep_conditions=tuple(config.get("timestep_conditioning_type") or ()),
        timestep_width=config["timestep_ratio_embedding_dim"],
        dropout=(0.0,) * levels,
    )
    lists = {
        field.name: getattr(described, field.name) for field in fields(described) if field.name != "timestep_conditions"
    }
    for name, value in lists.items():
        if isinstance(value, tuple) and len(value) != levels:
            raise ValueError(f"{name} has {len(value)} entries for {levels} levels")
    return described


def _activation(config: dict) -> str:
    activation = config.get("hidden_act", "quick_gelu")
    if activation not in ("gelu", "quick_gelu"):
        raise ValueError(f"hidden_act is {activation!r}; supported are 'gelu' and 'quick_gelu'")
    return activation


def _clip_image(config: dict) -> ClipImageConfig:
    return ClipImageConfig(
        width=config["hidden_size"],
        inner_width=config["intermediate_size"],
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        side=config.get("image_size", 224),
        patch=config.get("patch_size", 32),
        projection=config.get("projection_dim", 512),
        activation=_activation(config),
        norm_epsilon=config.get("layer_norm_eps", 1e-5),
    )


def _clip(projects: bool) -> Callable[[dict], ClipTextConfig]:
    def read(config: dict) -> ClipTextConfig:
        return ClipTextConfig(
            vocabulary=config["vocab_size"],
            width=config["hidden_size"],
            inner_width=config["intermediate_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            positions=config.get("max_position_embeddings", 77),
            projection=config.get("projection_dim", 512) if projects else 0,
            activation=_activation(config),
            norm_epsilon=config.get("layer_norm_eps", 1e-5),
            end_token=config.get("eos_token_id", 49407),
        )

    return read


_READERS: dict[str, tuple[Callable[[dict], Any], type[nn.Module]]] = {
    "WuerstchenPrior": (_prior, Prior),
    "WuerstchenDiffNeXt": (_diffnext, DiffNeXt),
    "PaellaVQModel": (_paella_vq, PaellaVQ),
    "StableCascadeUNet": (_cascade, CascadeUNet),
    "CLIPTextModel": (_clip(projects=False), ClipText),
    "CLIPTextModelWithProjection": (_clip(projects=True), ClipText),
    "CLIPVisionModelWithProjection": (_clip_image, ClipImage),
}
