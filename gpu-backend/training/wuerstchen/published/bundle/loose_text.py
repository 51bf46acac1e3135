"""The text encoder and the tokenizer of a checkpoint of single files: in a file, in a folder beside it, or named."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wuerstchen.published.bundle.architectures import network_of
from wuerstchen.published.bundle.checkpoint_error import CheckpointError, at
from wuerstchen.published.bundle.component import Component, clip_names
from wuerstchen.published.bundle.loose_files import Found, networks_in
from wuerstchen.published.bundle.shapes import config_from_shapes
from wuerstchen.published.bundle.tokenizer import Tokenizer, read_tokenizer
from wuerstchen.published.bundle.weight_files import Weights, choose_weights, find_weights, read_shapes
from wuerstchen.published.clip_text import ClipText, ClipTextConfig

TEXT_CLASSES = ("CLIPTextModel", "CLIPTextModelWithProjection")
HINTS = {
    "stable-cascade": "--text stabilityai/stable-cascade-prior",
    "wuerstchen-v2": "--text warp-ai/wuerstchen-prior --decoder-text warp-ai/wuerstchen",
}


@dataclass(frozen=True)
class Places:
    """Where to look. `named`: a folder or a file that the operator names. Without it: `inside`, encoders that the
    model's files hold, then `beside`, folders.
    """

    named: Path | None
    folder: Path
    inside: tuple[Found, ...] = ()
    beside: tuple[str, ...] = ("text_encoder",)
    variant: str | None = None


@dataclass(frozen=True)
class Text:
    """`files`: what was read beside weights; `folder`: the tokenizer's."""

    encoder: Component
    tokenizer: Tokenizer
    folder: Path
    files: tuple[Path, ...]


def find_text(name: str, family: str, places: Places) -> Text:
    """Raises CheckpointError where there is none, saying how to name one."""
    found = _encoder(places)
    homes = [home for place in (places.named, places.folder) if place is not None for home in _homes(place)]
    folder = _first(homes, _has_tokenizer)
    if found is None or folder is None:
        missing = "text encoder" if found is None else "tokenizer"
        raise CheckpointError(
            f"{places.named or places.folder} has no {missing}: name a folder or a hub id, such as {HINTS[family]}"
        )
    weights, config = found
    tokenizer = read_tokenizer(folder)
    described = _described(weights, config, tokenizer)
    if family == "wuerstchen-v2":  # whose pipelines read the states alone
        described = replace(described, projection=0)
    files = tokenizer.files if config is None else (config, *tokenizer.files)
    return Text(Component(name, ClipText, described, weights), tokenizer, folder, files)


def _encoder(places: Places) -> tuple[Weights, Path | None] | None:
    """Weights, and the config.json beside them where there is one that describes them."""
    named = places.named
    if named is not None and named.is_file():
        return next(((each.weights, None) for each in networks_in(named) if each.role == "text_encoder"), None)
    home = None if named is None else _first(_homes(named), lambda folder: _has_weights(folder, places.variant))
    if home is None and places.inside:  # a named folder may hold a tokenizer alone
        return places.inside[0].weights, None
    beside = [places.folder / name for name in places.beside]
    home = home or _first(beside, lambda folder: _has_weights(folder, places.variant))
    if home is None:
        return None
    config = home / "config.json"
    return find_weights(home, places.variant), config if _describes(config) else None


def _homes(place: Path) -> list[Path]:
    """Folders in which a model's parts may lie: those of `diffusers` first, then the place itself."""
    home = place.parent if place.is_file() else place
    return [home / "text_encoder", home / "tokenizer", home]


def _described(weights: Weights, config: Path | None, tokenizer: Tokenizer) -> ClipTextConfig:
    if config is not None:
        return network_of(config, TEXT_CLASSES)[1]
    try:
        described = config_from_shapes("ClipText", clip_names(read_shapes(weights), projects=True))
    except ValueError as problem:
        raise at(weights.files[0], str(problem)) from None
    return replace(described, end_token=tokenizer.end)


def _describes(config: Path) -> bool:
    """Whether there is one of a text model alone; one of a whole CLIP model leaves most to defaults."""
    return config.is_file() and any(f'"{name}"' in config.read_text(encoding="utf-8") for name in TEXT_CLASSES)


def _first(places: Sequence[Path], fits: Callable[[Path], bool]) -> Path | None:
    return next((place for place in places if place.is_dir() and fits(place)), None)


def _has_tokenizer(folder: Path) -> bool:
    return (folder / "tokenizer.json").is_file() or (folder / "vocab.json").is_file()


def _has_weights(folder: Path, variant: str | None) -> bool:
    return choose_weights({path.name for path in folder.iterdir()}, variant) is not None
