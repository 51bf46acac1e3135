"""A checkpoint in the layout of `diffusers`: a folder a component, in one folder for each half or in one for both."""

from pathlib import Path

from wuerstchen.published.bundle.architectures import network_of
from wuerstchen.published.bundle.checkpoint import Checkpoint, Choice
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.component import Component
from wuerstchen.published.bundle.fit import checked
from wuerstchen.published.bundle.image_prompts import find_image_prompts
from wuerstchen.published.bundle.settings import read_pipelines, read_schedule
from wuerstchen.published.bundle.tokenizer import read_tokenizer
from wuerstchen.published.bundle.weight_files import (
    Weights,
    find_weights,
    require_files,
    require_variant,
    variants_of,
)
from wuerstchen.published.compressor import Compressor
from wuerstchen.published.configs import CompressorConfig, PreviewerConfig
from wuerstchen.published.previewer import Previewer
from wuerstchen.published.stage_c import Prior

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


def _prefix(decoder: Path) -> str:
    return "prior_" if is_combined(decoder) else ""


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
        images=find_image_prompts(prior, _prefix(decoder), choice.variant) if family == "stable-cascade" else None,
    )
    return checked(checkpoint)


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
