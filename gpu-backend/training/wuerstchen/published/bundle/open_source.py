"""What an operator names, opened: files, a folder in any layout, the hub's cache, or an id on the hub."""

from dataclasses import dataclass
from pathlib import Path

from wuerstchen.published.bundle.checkpoint import Checkpoint, Choice
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.diffusers_folders import open_checkpoint
from wuerstchen.published.bundle.hub import find_roots, find_text_source, prior_beside, snapshot
from wuerstchen.published.bundle.loose_checkpoint import LooseFiles, open_loose
from wuerstchen.published.bundle.loose_files import holds_stage, is_adapter, weight_files

# Folders of `diffusers` of which a half has at least one.
FOLDERS = ("vqgan", "decoder", "prior", "prior_prior", "decoder_lite", "prior_lite")


@dataclass(frozen=True)
class Source:
    """As on the command line: `names` are one folder or hub id, or files."""

    names: tuple[str, ...]
    prior: str | None = None
    text: str | None = None
    decoder_text: str | None = None
    revision: str | None = None


def open_source(source: Source, choice: Choice) -> Checkpoint:
    """Raises CheckpointError saying what is wrong with what was named."""
    first = Path(source.names[0])
    if first.is_file() or len(source.names) > 1:
        return _open_files(source, choice)
    if first.is_dir():
        folder = snapshot(first)
        if _is_loose(folder, source.prior):
            return open_loose(_loose(folder, source, choice), choice)
    if source.text or source.decoder_text:
        raise CheckpointError("--text and --decoder-text are for single files: this layout names its text encoders")
    return open_checkpoint(*find_roots(source.names[0], source.prior, choice, source.revision), choice)


def _open_files(source: Source, choice: Choice) -> Checkpoint:
    files = tuple(Path(name) for name in (*source.names, *([source.prior] if source.prior else [])))
    if missing := [file for file in files if not file.is_file()]:
        raise CheckpointError(f"{missing[0]} is no file; several sources are all files of one model")
    return open_loose(_loose(files[0].parent, source, choice, files), choice)


def _loose(folder: Path, source: Source, choice: Choice, files: tuple[Path, ...] = ()) -> LooseFiles:
    texts = (find_text_source(name, choice.variant) for name in (source.text, source.decoder_text))
    return LooseFiles(folder, files, *texts)


def _is_loose(folder: Path, prior: str | None) -> bool:
    """Whether single files are meant. A folder may hold them beside one half in the layout of `diffusers`."""
    if not any((folder / name).is_dir() for name in FOLDERS):
        return True
    return prior is None and prior_beside(folder) is None and holds_stage(folder, "stage_c")


def unused_adapters(source: Source, checkpoint: Checkpoint) -> list[Path]:
    """The LoRAs beside a model that no option names."""
    folders = dict.fromkeys([*checkpoint.roots.values(), *(Path(name) for name in source.names)])
    used = {adapter.file.resolve() for adapter in checkpoint.adapters}
    files = [file for folder in folders if folder.is_dir() for file in weight_files(folder)]
    return [file for file in dict.fromkeys(files) if file.resolve() not in used and is_adapter(file)]
