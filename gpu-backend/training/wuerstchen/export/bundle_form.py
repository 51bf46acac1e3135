"""Whether a folder is a whole bundle: a manifest with all that is read of it, and every file that it lists."""

import json
from pathlib import Path

from wuerstchen.git_lfs import IS_POINTER, POINTER

# The kind of each value that is read. A list holds the form of each of its entries.
PORT = {"name": str}
GRAPH = {"file": str, "inputs": [PORT]}
FILE = {"bytes": int}
MANIFEST = {
    **dict.fromkeys(("id", "name", "description", "revision", "licence"), str),
    "image": {"sizes": list},
    "text": {"tokenizer": str, "tokensMax": int},
    "sampler": {"stageB": dict, "stageC": dict},
    "graphs": dict,
    "files": dict,
}
AGAIN = "copy the bundle again from where it was made"


def read_manifest(directory: Path) -> dict:
    """Of the bundle in `directory`. Raises FileNotFoundError where a file is missing, ValueError where one is not
    whole, or model.json is no manifest."""
    path = directory / "model.json"
    if not path.exists():
        raise FileNotFoundError(f"{directory} is no model bundle: it has no model.json")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON ({error}): {AGAIN}") from error
    if problem := _problem_of(manifest):
        raise ValueError(f"{path} is no bundle's manifest: {problem}. {AGAIN.capitalize()}")
    for name, size in _files(manifest).items():
        _require_whole(directory / name, size)
    return manifest


def _problem_of(manifest: object) -> str | None:
    if not isinstance(manifest, dict):
        return "it is no object"
    form: dict[str, object] = dict(MANIFEST)
    for key, of in (("graphs", GRAPH), ("files", FILE)):
        entries = manifest.get(key)
        if isinstance(entries, dict):
            form[key] = dict.fromkeys(entries, of)
    return _difference(manifest, form, "")


def _difference(value: object, form: object, name: str) -> str | None:
    """The first place in which `value` is not of the `form`; None where there is none."""
    if not isinstance(value, form if isinstance(form, type) else type(form)):
        return f"{name} is of another kind"
    if isinstance(form, type):
        return None
    forms = form if isinstance(form, dict) else dict.fromkeys(range(len(value)), form[0])
    for key, of in forms.items():
        place = f"{name}.{key}" if name else str(key)
        if isinstance(form, dict) and key not in value:
            return f"{place} is missing"
        if problem := _difference(value[key], of, place):
            return problem
    return None


def _files(manifest: dict) -> dict[str, int | None]:
    """Bytes by name; None where the manifest does not tell them."""
    names = [*(graph["file"] for graph in manifest["graphs"].values()), manifest["text"]["tokenizer"]]
    return {**dict.fromkeys(names), **{name: file["bytes"] for name, file in manifest["files"].items()}}


def _require_whole(path: Path, size: int | None) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: {AGAIN}")
    with path.open("rb") as file:
        if file.read(len(POINTER)) == POINTER:
            raise ValueError(f"{path} {IS_POINTER}")
    if size is not None and path.stat().st_size != size:
        raise ValueError(f"{path} has {path.stat().st_size:,} bytes, not {size:,}: {AGAIN}")
