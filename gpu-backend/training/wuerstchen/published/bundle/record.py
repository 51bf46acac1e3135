"""import.json: what a bundle was made from and which of its graphs are finished. It lets an import go on where it
ended.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from wuerstchen.published.bundle.architectures import read_json
from wuerstchen.published.bundle.checkpoint_error import CheckpointError, at
from wuerstchen.published.bundle.weight_files import sha256_of
from wuerstchen.whole_file import write_whole

FORMAT = "wuerstchen-edge/import@1"
NAME = "import.json"


@dataclass(frozen=True)
class FileFacts:
    sha256: str
    bytes: int


@dataclass
class Record:
    """`graphs`: the manifest's entry, the PSNR of its weights in dB, and its files, by key."""

    options: dict[str, str]
    sources: dict[str, FileFacts]
    graphs: dict[str, dict] = field(default_factory=dict)


def describe_file(path: Path, report: Callable[[int], None] = lambda _: None) -> FileFacts:
    return FileFacts(sha256_of(path, report), path.stat().st_size)


def open_record(directory: Path, options: dict[str, str], sources: dict[str, FileFacts]) -> Record:
    """The folder's record, or a new one. Raises CheckpointError where the folder's import began with something else."""
    path = directory / NAME
    if not path.exists():
        if directory.exists() and any(child for child in directory.iterdir() if not child.name.startswith(".")):
            raise CheckpointError(f"{directory} holds something else than an import; name another folder with --out")
        return Record(options, sources)
    stored = read_json(path)
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise at(path, f"is not of the form {FORMAT}; --restart begins again")
    if stored["options"] != options:
        raise at(
            path, f"this import began with {_said(stored['options'])}, not {_said(options)}; --restart begins again"
        )
    before = {name: FileFacts(**facts) for name, facts in stored["sources"].items()}
    if before != sources:
        changed = min(name for name in before.keys() | sources.keys() if before.get(name) != sources.get(name))
        raise CheckpointError(f"{changed} is not what it was when this import began ({path}); --restart begins again")
    return Record(options, sources, stored["graphs"])


def save_record(record: Record, directory: Path) -> None:
    content = {"format": FORMAT, "options": record.options, "sources": _plain(record.sources), "graphs": record.graphs}
    write_whole(directory / NAME, json.dumps(content, indent=2) + "\n")


def finished(record: Record, key: str, directory: Path) -> bool:
    """Whether a graph's files are all there and unchanged."""
    files = {name: FileFacts(**facts) for name, facts in record.graphs.get(key, {}).get("files", {}).items()}
    return bool(files) and all(_unchanged(directory / name, facts) for name, facts in files.items())


def _unchanged(path: Path, facts: FileFacts) -> bool:
    return path.is_file() and path.stat().st_size == facts.bytes and sha256_of(path) == facts.sha256


def _plain(facts: Mapping[str, FileFacts]) -> dict[str, dict]:
    return {name: asdict(each) for name, each in facts.items()}


def _said(options: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in options.items())
