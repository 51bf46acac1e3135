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

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from wuerstchen.published.bundle.architectures import read_json
from wuerstchen.published.bundle.checkpoint_error import CheckpointError, at

# As diffusers and transformers name them.
STEMS = ("diffusion_pytorch_model", "model", "pytorch_model")
HASHED_AT_ONCE = 8 * 1024**2


@dataclass(frozen=True)
class Weights:
    """One component's weights: a single file, or shards with the index that says which tensor is where."""

    folder: Path
    index: Path | None
    files: tuple[Path, ...]

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


def read_shapes(weights: Weights) -> dict[str, Tensor]:
    """Every tensor as one on `meta`, at once and without reading values. Raises CheckpointError for a file that is
    cut off or damaged.
    """
    return _merged(
        weights, lambda file: _safetensors_header(file) if file.suffix == ".safetensors" else _checkpoint(file, "meta")
    )


def read_tensors(weights: Weights) -> dict[str, Tensor]:
    """Every tensor as stored, mapped from its file: what is not used is never read."""
    return _merged(
        weights, lambda file: _safetensors(file) if file.suffix == ".safetensors" else _checkpoint(file, "cpu")
    )


def _merged(weights: Weights, read: Callable[[Path], dict[str, Tensor]]) -> dict[str, Tensor]:
    merged: dict[str, Tensor] = {}
    for file in weights.files:
        merged |= read(file)
    if weights.index is not None and (lost := set(read_json(weights.index)["weight_map"]) - set(merged)):
        raise at(weights.index, f"places {len(lost)} tensors in files that do not hold them, {min(lost)} among them")
    return merged


def _safetensors_header(file: Path) -> dict[str, Tensor]:
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


def _safetensors(file: Path) -> dict[str, Tensor]:
    with _opened(file) as opened:
        return {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118


def _opened(file: Path) -> safe_open:
    try:
        return safe_open(file, framework="pt")
    except (SafetensorError, OSError) as problem:
        raise at(file, f"is no whole safetensors file ({problem})") from None


def _checkpoint(file: Path, device: str) -> dict[str, Tensor]:
    try:
        # Only tensors are unpickled, no code.
        state = torch.load(file, map_location=device, weights_only=True, mmap=True)
    except Exception as problem:
        raise at(file, f"is cut off or no checkpoint of tensors alone ({str(problem).splitlines()[0]})") from None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise at(file, "is not a plain state dict")
    return state


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
    if missing := [name for name in names if not (folder / name).exists()]:
        raise CheckpointError(f"{folder} has no {', '.join(missing)}")
