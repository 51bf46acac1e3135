"""Where a checkpoint's two halves are: folders, or ids on the hub, of which only the needed files are fetched.

Downloads are `huggingface_hub`'s: they resume, lie in its cache, and follow HF_ENDPOINT, HF_HUB_CACHE and HF_TOKEN.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import list_repo_files, snapshot_download

from wuerstchen.published.bundle.checkpoint import Choice
from wuerstchen.published.bundle.checkpoint_error import CheckpointError
from wuerstchen.published.bundle.diffusers_folders import EXTRAS, component_folders, is_combined
from wuerstchen.published.bundle.image_prompts import FOLDER, SETTINGS_FOLDER
from wuerstchen.published.bundle.weight_files import choose_weights, find_weights, require_variant, variants_of

# Of a prior that reads pictures; Würstchen v2's has none.
IMAGE_FOLDERS = (FOLDER, SETTINGS_FOLDER)
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def find_roots(source: str, prior: str | None, choice: Choice, revision: str | None) -> tuple[Path, Path]:
    """Folders of the decoder and of the prior. Raises CheckpointError where there is no such folder or repository."""
    decoder = _root(source, "decoder", choice, revision)
    if prior is not None:
        return decoder, _root(prior, "prior", choice, revision)
    if not Path(source).is_dir():
        return decoder, _root(f"{source}-prior", "prior", choice, revision)
    if (own := prior_beside(decoder)) is None:
        raise CheckpointError(f"{decoder} holds no prior, and there is no {_sibling(decoder)}; name it with --prior")
    return decoder, own


def prior_beside(decoder: Path) -> Path | None:
    """The folder of the prior that belongs to the decoder's: itself, or its neighbour NAME-prior."""
    if is_combined(decoder) or (decoder / "prior").is_dir():
        return decoder
    beside = _sibling(decoder)
    return snapshot(beside) if beside.is_dir() else None


def _sibling(decoder: Path) -> Path:
    home = decoder.resolve()
    if home.parent.name == "snapshots":  # of the hub's cache: models--NAME/snapshots/COMMIT
        home = home.parent.parent
    return home.with_name(f"{home.name}-prior")


def snapshot(folder: Path) -> Path:
    """The folder itself, or what the hub's cache keeps in it: the snapshot of its main branch, or the only one.

    Raises CheckpointError where there are several others, or none.
    """
    if not (folder / "snapshots").is_dir():
        return folder
    main, snapshots = folder / "refs" / "main", sorted(path.name for path in (folder / "snapshots").iterdir())
    if main.is_file() and (commit := main.read_text(encoding="utf-8").strip()) in snapshots:
        return folder / "snapshots" / commit
    if len(snapshots) != 1:
        listed = ", ".join(snapshots) or "none"
        raise CheckpointError(f"{folder} is the hub's cache with several snapshots or none ({listed}): name one")
    return folder / "snapshots" / snapshots[0]


def _root(source: str, root: str, choice: Choice, revision: str | None) -> Path:
    if (folder := Path(source)).is_dir():
        return snapshot(folder)
    require_hub_id(source)
    with _hub(source):
        return fetch(source, root, choice, revision)


def require_hub_id(source: str) -> None:
    if HUB_ID.fullmatch(source) is None:
        raise CheckpointError(
            f"{source} is neither a file nor a folder nor an id on the hub, such as warp-ai/wuerstchen"
        )


@contextmanager
def _hub(source: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as problem:  # what huggingface_hub raises, HTTP's answers among them
        raise CheckpointError(f"{source} cannot be fetched from the hub: {problem}") from problem


def find_text_source(source: str | None, variant: str | None) -> Path | None:
    """A file or folder as it stands, or the text encoder and the tokenizer of an id on the hub."""
    if source is None or Path(source).exists():
        return None if source is None else snapshot(Path(source))
    require_hub_id(source)
    with _hub(source):
        small = [f"{folder}{kind}" for folder in ("", "text_encoder/", "tokenizer/") for kind in ("*.json", "*.txt")]
        home = Path(snapshot_download(source, allow_patterns=small))
        names = list_repo_files(source, revision=home.name)
        wanted = next(
            (found for folder in ("text_encoder", ".") if (found := _weights(names, home, folder, variant))), []
        )
        return Path(snapshot_download(source, revision=home.name, allow_patterns=[*small, *wanted]))


def fetch(repository: str, root: str, choice: Choice, revision: str | None) -> Path:
    """One half from the hub: configurations first, then the weights that they and `choice` name."""
    folders = [folder for place, folder in component_folders(choice, combined=False).values() if place == root]
    folders += IMAGE_FOLDERS if root == "prior" else ()
    small = ["model_index.json", *(f"{folder}/*{kind}" for folder in folders for kind in (".json", ".txt"))]
    home = Path(snapshot_download(repository, revision=revision, allow_patterns=small))
    commit = home.name
    names = list_repo_files(repository, revision=commit)
    variants = variants_of(name.rpartition("/")[2] for name in names if name.rpartition("/")[0] in folders)
    if variants:  # one half may have plain weights alone
        require_variant(choice.variant, variants, repository)
    wanted = [name for folder in folders for name in _weights(names, home, folder, choice.variant)]
    if root == "decoder":
        wanted += [file for file, *_ in EXTRAS.values() if file in names]
    return Path(snapshot_download(repository, revision=commit, allow_patterns=[*small, *wanted]))


def _weights(names: list[str], home: Path, folder: str, variant: str | None) -> list[str]:
    """The weight files of a component's folder; none where it has none, as a tokenizer's."""
    prefix = "" if folder == "." else f"{folder}/"
    inside = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    chosen = choose_weights(inside, variant)
    if chosen is None:
        return []
    if not chosen.endswith(".json"):
        return [f"{prefix}{chosen}"]
    return [f"{prefix}{file.name}" for file in find_weights(home / folder, variant, complete=False).files]
