"""Which networks a file holds, told from the names of its tensors: the authors' own files, ComfyUI's single files with
text encoder and VAE inside, and `.pt` checkpoints with sections.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from wuerstchen.published.bundle.checkpoint_error import CheckpointError, at
from wuerstchen.published.bundle.weight_files import SECTIONS, Part, Weights, read_sections

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin")
# Before a network's own names: left by data-parallel training, or by ComfyUI for each part of a file.
PREFIXES = (
    "",
    "module.",
    "model.diffusion_model.",
    "diffusion_model.",
    "vae.",
    "vae.encoder.",
    "vae.previewer.",
    "encoder.",
    "previewer.",
    "text_encoder.clip_g.",
    "clip_l_vision.",
)
# A part of a model by tensors that only it has: (role, class, names).
SIGNATURES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("stage_c", "CascadeUNet", ("clip_txt_mapper.weight", "clip_txt_pooled_mapper.weight")),
    ("stage_b", "CascadeUNet", ("effnet_mapper.0.weight", "embedding.1.weight")),
    ("stage_c", "Prior", ("projection.weight", "cond_mapper.0.weight")),
    ("stage_b", "DiffNeXt", ("clip_mapper.weight", "down_blocks.1.0.1.weight", "embedding.1.weight")),
    ("stage_a", "PaellaVQ", ("up_blocks.0.0.weight", "out_block.0.weight", "in_block.1.weight")),
    ("compressor", "Compressor", ("backbone.0.0.weight", "mapper.0.weight")),
    ("previewer", "Previewer", ("blocks.0.weight", "blocks.2.running_mean", "blocks.24.weight")),
    ("text_encoder", "ClipText", ("text_model.embeddings.token_embedding.weight",)),
    ("text_encoder", "ClipText", ("transformer.text_model.embeddings.token_embedding.weight",)),
    ("image_encoder", "ClipImage", ("vision_model.embeddings.class_embedding", "visual_projection.weight")),
)
ADAPTER = re.compile(r"lora_(?:up|down|A|B)\b|\.lora\.|^(?:lora|lycoris)_|\.(?:hada|lokr|oft)_")
# Files whose names say that they belong to a model, so that a fault in them is shown and not passed over.
NAMED = re.compile(r"stage_[abc]|cascade|wuerstchen|w[uü]rstchen|effnet|previewer|vqgan", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """A network in a file. `kind`: the class's name."""

    role: str
    kind: str
    weights: Weights

    @property
    def file(self) -> Path:
        return self.weights.files[0]


def networks_in(file: Path) -> list[Found]:
    """Raises CheckpointError for a file that is damaged, or that holds something else than a model: it is named."""
    sections = read_sections(file)
    found: dict[tuple[str, str], Found] = {}
    for section in sorted(sections, key=_rank):
        for prefix in PREFIXES:
            names = {name.removeprefix(prefix) for name in sections[section] if name.startswith(prefix)}
            for role, kind in _matches(names):
                weights = Weights(file.parent, None, (file,), Part(section, prefix))
                found.setdefault((role, kind), Found(role, kind, weights))
    if not found:
        raise at(file, _what_else(next(iter(sections.values()))))
    return list(found.values())


def networks_below(folder: Path) -> list[Found]:
    """Of the files directly in a folder, by name. What is no model's is passed over, unless its name says otherwise."""
    found: list[Found] = []
    for file in weight_files(folder):
        try:
            found += networks_in(file)
        except CheckpointError:
            if NAMED.search(file.stem) and not is_adapter(file):
                raise
    return found


def weight_files(folder: Path) -> list[Path]:
    """Those directly in a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and not path.is_dir())


def holds_stage(folder: Path, role: str) -> bool:
    return any(found.role == role for found in networks_below(folder))


def is_adapter(file: Path) -> bool:
    """Whether a file holds low-rank weights, or another kind of adapter; False for what cannot be read."""
    try:
        return any(ADAPTER.search(name) for state in read_sections(file).values() for name in state)
    except CheckpointError:
        return False


def _rank(section: str | None) -> int:
    return SECTIONS.index(section) if section in SECTIONS else len(SECTIONS)


def _matches(names: set[str]) -> list[tuple[str, str]]:
    return [(role, kind) for role, kind, needed in SIGNATURES if names.issuperset(needed)]


def _what_else(state: Mapping[str, Tensor]) -> str:
    if any(ADAPTER.search(name) for name in state):
        return "is a LoRA, not a model: name it with --adapter beside the model that it was trained on"
    if any(name.startswith("projections.") for name in state):
        return "is a ControlNet of Stable Cascade, which no bundle can hold"
    listed = ", ".join(sorted(state)[:3])
    return f"holds no network of Würstchen v2 or Stable Cascade: its {len(state)} tensors begin with {listed}"
