"""A checkpoint of single files: the authors' own, ComfyUI's, or `.pt` with sections. Each network's class and sizes
follow from its tensors.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from wuerstchen.published.bundle.checkpoint import Checkpoint, Choice
from wuerstchen.published.bundle.checkpoint_error import CheckpointError, at
from wuerstchen.published.bundle.component import Component, image_names
from wuerstchen.published.bundle.fit import checked
from wuerstchen.published.bundle.image_prompts import NAME, ImagePrompts, find_image_prompts, released_colours
from wuerstchen.published.bundle.loose_files import Found, networks_below, networks_in
from wuerstchen.published.bundle.loose_text import Places, Text, find_text
from wuerstchen.published.bundle.settings import S_DEFAULT
from wuerstchen.published.bundle.shapes import config_from_shapes
from wuerstchen.published.bundle.weight_files import read_shapes, require_variant
from wuerstchen.published.cascade import CascadeUNet
from wuerstchen.published.clip_image import ClipImage
from wuerstchen.published.compressor import Compressor
from wuerstchen.published.previewer import Previewer
from wuerstchen.published.stage_a import PaellaVQ
from wuerstchen.published.stage_b import DiffNeXt
from wuerstchen.published.stage_c import Prior

KINDS: dict[str, type[nn.Module]] = {
    kind.__name__: kind for kind in (CascadeUNet, ClipImage, Compressor, DiffNeXt, PaellaVQ, Previewer, Prior)
}
# Class of Stage C → family, and the class of its Stage B.
FAMILIES = {"CascadeUNet": ("stable-cascade", "CascadeUNet"), "Prior": ("wuerstchen-v2", "DiffNeXt")}
STAGES = {"stage_a": "Stage A", "stage_b": "Stage B", "stage_c": "Stage C"}
TYPES = re.compile(r"(?:^|[_.-])(bf16|bfloat16|fp16|float16|fp32|float32)(?=$|[_.-])")


@dataclass(frozen=True)
class LooseFiles:
    """`named`: files that count before all others in `folder`. `text`, `decoder_text`: a folder or a file with the text
    encoder of Stage C and of Stage B, and its tokenizer.
    """

    folder: Path
    named: tuple[Path, ...] = ()
    text: Path | None = None
    decoder_text: Path | None = None


@dataclass(frozen=True)
class _Candidates:
    """The networks of the named files, and of the others in the folder."""

    folder: Path
    choice: Choice
    named: tuple[Found, ...]
    others: tuple[Found, ...]

    def of(self, role: str) -> tuple[list[Found], list[Found]]:
        named, others = ([each for each in part if each.role == role] for part in (self.named, self.others))
        return named, others

    def stage(self, role: str, kind: str | None = None) -> Found:
        """A named one before the others; of these that of the size and of the type that was asked for."""
        for group in self.of(role):
            fits = [each for each in group if kind is None or each.kind == kind]
            found = sorted(fits, key=_inside_others)[:1] if role == "stage_a" else self._narrowed(role, fits)
            if len(found) > 1:
                files = ", ".join(each.file.name for each in found)
                raise CheckpointError(f"{self.folder} has {STAGES[role]} more than once ({files}): name the file meant")
            if found:
                return found[0]
        raise CheckpointError(f"{self.folder} has no {STAGES[role]} of this family: name its file beside the others")

    def _narrowed(self, role: str, found: list[Found]) -> list[Found]:
        lite = (self.choice.stage_b if role == "stage_b" else self.choice.stage_c) == "lite"
        found = [each for each in found if ("lite" in each.file.stem.lower()) == lite] or found
        for wanted in (self.choice.variant, None):
            if of_type := [each for each in found if _type(each) == wanted]:
                return of_type
        return found

    def require_variant(self) -> None:
        """Raises CheckpointError where no stage is of the type that was asked for."""
        found = [each for role in ("stage_b", "stage_c") for group in self.of(role) for each in group]
        types = sorted({kind for each in found if (kind := _type(each)) is not None})
        require_variant(self.choice.variant, types, self.folder)


def open_loose(source: LooseFiles, choice: Choice) -> Checkpoint:
    """Raises CheckpointError naming what is missing, what there is twice, and what is damaged."""
    named = tuple(found for file in source.named for found in networks_in(file))
    others = tuple(found for found in networks_below(source.folder) if found.file not in source.named)
    candidates = _Candidates(source.folder, choice, named, others)
    candidates.require_variant()
    stage_c = candidates.stage("stage_c")
    family, kind_b = FAMILIES[stage_c.kind]
    stages = {
        "stage_c": _component("stage_c", stage_c),
        "stage_b": _component("stage_b", candidates.stage("stage_b", kind_b)),
        "stage_a": _component("stage_a", candidates.stage("stage_a")),
    }
    texts = _texts(source, candidates, family)
    extras = _extras(candidates, family)
    parts = stages | {name: text.encoder for name, text in texts.items()}
    tokenizers = {"tokenizer": texts["text_encoder"], "tokenizer_b": texts["text_encoder_b"]}
    return checked(
        Checkpoint(
            family,
            {name: part.weights.folder for name, part in (parts | extras).items()}
            | {name: text.folder for name, text in tokenizers.items()}
            | {"files": source.folder},
            **parts,
            **{name: text.tokenizer for name, text in tokenizers.items()},
            extras=extras,
            schedule_s=S_DEFAULT,
            plain_files=tuple(file for text in texts.values() for file in text.files),
            images=_images(candidates, stages["stage_c"]),
        )
    )


def _texts(source: LooseFiles, candidates: _Candidates, family: str) -> dict[str, Text]:
    """Of Stages C and B. Stable Cascade's read one encoder, unless another is named."""
    own, others = candidates.of("text_encoder")
    variant, beside = candidates.choice.variant, ("prior_text_encoder", "text_encoder")
    text = find_text("text_encoder", family, Places(source.text, source.folder, (*own, *others), beside, variant))
    if source.decoder_text is None and family == "stable-cascade":
        return {"text_encoder": text, "text_encoder_b": _for_stage_b(text)}
    places = Places(source.decoder_text, source.folder, variant=variant)
    return {"text_encoder": text, "text_encoder_b": find_text("text_encoder_b", family, places)}


def _for_stage_b(text: Text) -> Text:
    return replace(text, encoder=replace(text.encoder, name="text_encoder_b"))


def _extras(candidates: _Candidates, family: str) -> dict[str, Component]:
    """v2's compressor is a section of Stage B's checkpoint, and no other family's will do: its latent has a scale and a
    shift of its own. It has no previewer.
    """
    roles = ("compressor", "previewer") if family == "stable-cascade" else ("compressor",)
    found = {role: [each for part in candidates.of(role) for each in part if _is_of(each, family)] for role in roles}
    return {role: _component(role, min(each, key=_inside_others)) for role, each in found.items() if each}


def _images(candidates: _Candidates, stage_c: Component) -> ImagePrompts | None:
    """Of a folder `image_encoder` beside the files, or inside one of them as ComfyUI has it. None where Stage C can
    read none of them.
    """
    reads = getattr(stage_c.config, "image_channels", 0)
    if reads == 0:
        return None
    if found := find_image_prompts(candidates.folder, "", candidates.choice.variant):
        return found
    encoders = [_component(NAME, each) for part in candidates.of("image_encoder") for each in part]
    fits = [each for each in encoders if each.config.projection == reads]
    return released_colours(fits[0]) if fits else None


def compressor_in(file: Path, family: str) -> Component:
    """The compressor that a file holds, alone or as a section. Raises CheckpointError where it holds none of this
    family's.
    """
    for found in networks_in(file):
        if found.role == "compressor" and _is_of(found, family):
            return _component("compressor", found)
    raise at(file, f"holds no compressor of {family}")


def _is_of(found: Found, family: str) -> bool:
    scales = "mapper.1.weight" in read_shapes(found.weights)
    return found.role != "compressor" or scales == (family == "wuerstchen-v2")


def _component(name: str, found: Found) -> Component:
    shapes = read_shapes(found.weights)
    try:
        config = config_from_shapes(found.kind, image_names(shapes) if found.kind == "ClipImage" else shapes)
    except ValueError as problem:
        raise at(found.file, str(problem)) from None
    return Component(name, KINDS[found.kind], config, found.weights)


def _type(found: Found) -> str | None:
    match = TYPES.search(found.file.stem)
    return match[1] if match else None


def _inside_others(found: Found) -> tuple[bool, Path]:
    """Files of their own before parts of larger ones, then by name."""
    return found.weights.part.prefix != "", found.file
