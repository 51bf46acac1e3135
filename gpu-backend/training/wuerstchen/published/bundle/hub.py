"""Where a checkpoint's two halves are: folders, or ids on the hub, of which only the needed files are fetched.

Downloads are `huggingface_hub`'s: they resume, lie in its cache, and follow HF_ENDPOINT, HF_HUB_CACHE and HF_TOKEN.
"""

import re
from pathlib import Path

from huggingface_hub import list_repo_files, snapshot_download

from wuerstchen.published.bundle.checkpoint import EXTRAS, Choice, component_folders, is_combined
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.weight_files import choose_weights, find_weights, require_variant, variants_of

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def find_roots(source: str, prior: str | None, choice: Choice, revision: str | None) -> tuple[Path, Path]:
    """Folders of the decoder and of the prior. Raises CheckpointError where there is no such folder or repository."""
    decoder = _root(source, "decoder", choice, revision)
    if prior is not None:
        return decoder, _root(prior, "prior", choice, revision)
    if not Path(source).is_dir():
        return decoder, _root(f"{source}-prior", "prior", choice, revision)
    beside = decoder.resolve().with_name(f"{decoder.resolve().name}-prior")
    if is_combined(decoder) or (decoder / "prior").is_dir():
        return decoder, decoder
    if not beside.is_dir():
        raise CheckpointError(f"{decoder} holds no prior, and there is no {beside}; name it with --prior")
    return decoder, beside


def _root(source: str, root: str, choice: Choice, revision: str | None) -> Path:
    if (folder := Path(source)).is_dir():
        return folder
    if HUB_ID.fullmatch(source) is None:
        raise CheckpointError(f"{source} is neither a folder nor an id on the hub, such as warp-ai/wuerstchen")
    try:
        return fetch(source, root, choice, revision)
    except (OSError, ValueError) as problem:  # what huggingface_hub raises, HTTP's answers among them
        raise CheckpointError(f"{source} cannot be fetched from the hub: {problem}") from problem


def fetch(repository: str, root: str, choice: Choice, revision: str | None) -> Path:
    """One half from the hub: configurations first, then the weights that they and `choice` name."""
    folders = [folder for place, folder in component_folders(choice, combined=False).values() if place == root]
    small = ["model_index.json", *(f"{folder}/*{kind}" for folder in folders for kind in (".json", ".txt"))]
    snapshot = Path(snapshot_download(repository, revision=revision, allow_patterns=small))
    commit = snapshot.name
    names = list_repo_files(repository, revision=commit)
    variants = variants_of(name.rpartition("/")[2] for name in names if name.rpartition("/")[0] in folders)
    if variants:  # one half may have plain weights alone
        require_variant(choice.variant, variants, repository)
    wanted = [name for folder in folders for name in _weights(names, snapshot, folder, choice.variant)]
    if root == "decoder":
        wanted += [file for file, *_ in EXTRAS.values() if file in names]
    return Path(snapshot_download(repository, revision=commit, allow_patterns=[*small, *wanted]))


def _weights(names: list[str], snapshot: Path, folder: str, variant: str | None) -> list[str]:
    """The weight files of a component's folder; none where it has none, as a tokenizer's."""
    inside = {name.removeprefix(f"{folder}/") for name in names if name.startswith(f"{folder}/")}
    chosen = choose_weights(inside, variant)
    if chosen is None:
        return []
    if not chosen.endswith(".json"):
        return [f"{folder}/{chosen}"]
    return [f"{folder}/{file.name}" for file in find_weights(snapshot / folder, variant, complete=False).files]
