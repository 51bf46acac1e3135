"""A component's weight files: which they are, whether they are whole, and their tensors, read only where they are
used.
"""

import hashlib
import json
import re
import struct
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from wuerstchen.published.bundle.architectures import read_json
from wuerstchen.published.bundle.checkpoint_error import CheckpointError, at
from wuerstchen.published.bundle.file_kinds import kind_of, refuse_stand_in

# As diffusers and transformers name them.
STEMS = ("diffusion_pytorch_model", "model", "pytorch_model")
HASHED_AT_ONCE = 8 * 1024**2


# Sections of a `.pt` checkpoint in the order in which they count: averaged weights before those of the last step.
SECTIONS = ("ema_state_dict", "state_dict")

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Part:
    """Where in a file a network lies: in a section of a `.pt` checkpoint, under names with a prefix."""

    section: str | None = None
    prefix: str = ""


@dataclass(frozen=True)
class Weights:
    """One component's weights: a single file or a part of it, or shards with the index that says which tensor is
    where.
    """

    folder: Path
    index: Path | None
    files: tuple[Path, ...]
    part: Part = Part()

    @property
    def sources(self) -> tuple[Path, ...]:
        return self.files if self.index is None else (self.index, *self.files)


def choose_weights(names: Collection[str], variant: str | None) -> str | None:
    """Of a folder's file names the weights or their index: safetensors first, the variant ("bf16") before the plain
    ones.
    """
    for part in (f".{variant}", "") if variant else ("",):
        for stem in STEMS:
            for kind in ("safetensors", "bin"):
                for name in (f"{stem}{part}.{kind}", f"{stem}.{kind}.index{part}.json"):
                    if name in names:
                        return name
    return None


def variants_of(names: Iterable[str]) -> tuple[str, ...]:
    """The variants among a folder's file names, sorted."""
    kinds = r"(?:\.safetensors|\.bin)?(?:\.index)?\.(\w+)(?:-\d+-of-\d+)?\.(?:safetensors|bin|json)"
    pattern = re.compile(rf"(?:{'|'.join(STEMS)}){kinds}")
    return tuple(sorted({match[1] for name in names if (match := pattern.fullmatch(name))} - {"index"}))


def require_variant(variant: str | None, there: Collection[str], source: object) -> None:
    """Raises CheckpointError where a source has no weights of the variant, naming those that there are: a component
    without it is read plain, so a slip would pass in silence.
    """
    if variant is not None and variant not in there:
        others = f"there are {', '.join(there)}" if there else "there is none"
        raise CheckpointError(f"--variant: {source} has no weights of variant {variant!r}; {others}")


def find_weights(folder: Path, variant: str | None, complete: bool = True) -> Weights:
    """As `choose_weights`, on disk. Raises CheckpointError where there is none or, if `complete`, where an index
    names a missing file.
    """
    there = {path.name for path in folder.iterdir()}
    chosen = choose_weights(there, variant)
    if chosen is None:
        wanted = f"with variant {variant!r} or without" if variant else "without a variant (is --variant meant?)"
        raise at(
            folder,
            f"has no weights {wanted}, such as {STEMS[0]}.safetensors; there are "
            f"{', '.join(sorted(there)) or 'no files'}",
        )
    if not chosen.endswith(".json"):
        return Weights(folder, None, (folder / chosen,))
    return Weights(folder, folder / chosen, _shards(folder / chosen, complete))


def _shards(index: Path, complete: bool) -> tuple[Path, ...]:
    places = read_json(index)
    if not isinstance(places, dict) or not isinstance(places.get("weight_map"), dict):
        raise at(index, "has no weight_map")
    names = sorted(set(places["weight_map"].values()))
    for name in names:
        if Path(name).name != name:
            raise at(index, f"names {name!r}, which is not a file beside it")
        if complete and not (index.parent / name).is_file():
            raise at(index.parent / name, f"is missing, but {index.name} names it")
    return tuple(index.parent / name for name in names)


def read_shapes(weights: Weights) -> Tensors:
    """Every tensor as one on `meta`, at once and without reading values. Raises CheckpointError for a file that is
    cut off or damaged.
    """
    return _merged(weights, "meta")


def read_tensors(weights: Weights) -> Tensors:
    """Every tensor as stored, mapped from its file: what is not used is never read."""
    return _merged(weights, "cpu")


def read_sections(file: Path, device: str = "meta") -> dict[str | None, Tensors]:
    """A file's state dicts by section; None for one that is the whole file. No code in it is run."""
    kind = kind_of(file)
    if kind == "safetensors":
        return {None: _safetensors_header(file) if device == "meta" else _safetensors(file)}
    content = _unpickled(file, device, mapped=kind == "zip")
    if _is_state(content):
        return {None: content}
    sections = {name: part for name, part in content.items() if _is_state(part)} if isinstance(content, dict) else {}
    if not sections:
        raise at(file, "is not a plain state dict, and no section of it is one")
    return sections


def _is_state(content: object) -> bool:
    return isinstance(content, dict) and bool(content) and all(isinstance(value, Tensor) for value in content.values())


def _merged(weights: Weights, device: str) -> Tensors:
    merged: Tensors = {}
    for file in weights.files:
        merged |= _section(file, weights.part.section, device)
    if weights.index is not None and (lost := set(read_json(weights.index)["weight_map"]) - set(merged)):
        raise at(weights.index, f"places {len(lost)} tensors in files that do not hold them, {min(lost)} among them")
    prefix = weights.part.prefix
    return {name.removeprefix(prefix): tensor for name, tensor in merged.items() if name.startswith(prefix)}


def _section(file: Path, section: str | None, device: str) -> Tensors:
    sections = read_sections(file, device)
    wanted = (section, None, *SECTIONS) if section is None else (section,)
    return next(sections[name] for name in wanted if name in sections)


def _safetensors_header(file: Path) -> Tensors:
    """Shapes from the header, after its offsets were held against the file's length."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if 8 + length > size:
            raise at(file, f"is cut off or no safetensors file: it has {size} bytes, not even all of its header")
        try:
            header = json.loads(stream.read(length))
            entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
            end = 8 + length + max((entry["data_offsets"][1] for entry in entries.values()), default=0)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise at(file, "is no safetensors file: its header cannot be read") from None
    if size < end:
        raise at(file, f"is cut off: it has {size} bytes of {end}")
    with _opened(file) as opened:
        return {name: torch.empty(opened.get_slice(name).get_shape(), device="meta") for name in opened.keys()}  # noqa: SIM118


def _safetensors(file: Path) -> Tensors:
    with _opened(file) as opened:
        return {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118


def _opened(file: Path) -> safe_open:
    try:
        return safe_open(file, framework="pt")
    except (SafetensorError, OSError) as problem:
        raise at(file, f"is no whole safetensors file ({problem})") from None


def _unpickled(file: Path, device: str, mapped: bool) -> Any:
    """Only tensors and plain values are unpickled. `mapped`: the older form of `torch.save` cannot be mapped."""
    try:
        if mapped and file.suffix != ".safetensors":  # a name by which torch would choose another reader
            return torch.load(file, map_location=device, weights_only=True, mmap=True)
        with file.open("rb") as stream:
            return torch.load(stream, map_location=device, weights_only=True)
    except Exception as problem:
        if found := re.search(r"GLOBAL ([\w.]+)", str(problem)):
            raise at(
                file,
                f"holds {found[1]} beside tensors, and no code of a checkpoint is run; "
                "save it as safetensors where you trust it",
            ) from None
        raise at(file, f"is cut off or no checkpoint of tensors alone ({str(problem).splitlines()[0]})") from None


def sha256_of(path: Path, report: Callable[[int], None] = lambda _: None) -> str:
    """In hexadecimal; `report` is told the bytes of each part that was read."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while part := stream.read(HASHED_AT_ONCE):
            digest.update(part)
            report(len(part))
    return digest.hexdigest()


def require_files(folder: Path, names: Iterable[str]) -> None:
    """Raises CheckpointError naming what a folder lacks."""
    missing = [name for name in names if not (folder / name).exists()]
    for name in missing:
        if (folder / name).is_symlink():
            refuse_stand_in(folder / name)
    if missing:
        raise CheckpointError(f"{folder} has no {', '.join(missing)}")
