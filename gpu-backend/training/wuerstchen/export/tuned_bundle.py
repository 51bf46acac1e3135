"""A copy of a bundle in which Stage C has other weights. Graphs stay as they are, so nothing has to be exported and checked again."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import onnx

from wuerstchen.config_values import MODEL_ID
from wuerstchen.export.bundle import save_graph, write_manifest
from wuerstchen.export.open_bundle import STAGE_C_GRAPHS, TRAINING_CONFIG, Bundle
from wuerstchen.export.stored_parameters import replace_parameters
from wuerstchen.models.stage_c import StageC
from wuerstchen.whole_file import whole_folder


def check_target(directory: Path) -> None:
    """Raises ValueError where a server would not take the folder's name as an id, FileExistsError where it holds files."""
    if not MODEL_ID.fullmatch(directory.name):
        raise ValueError(f"model id {directory.name!r}: 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first")
    if directory.exists() and any(directory.iterdir()):
        raise FileExistsError(f"{directory} is not empty: name another folder for the new bundle")


@dataclass(frozen=True)
class About:
    """What a tuned bundle says of itself: date, how it was trained, further sizes ("160x96") that it offers, its model's configuration."""

    created: str
    how: str
    sizes: Iterable[str]
    config_file: Path


def write_tuned_bundle(base: Bundle, stage_c: StageC, directory: Path, about: About) -> None:
    """Writes the bundle `directory`, whose name becomes the model's id. A kill or a full disk leaves no part of it.

    Raises as `check_target`."""
    check_target(directory)
    with whole_folder(directory) as folder:
        shutil.copytree(base.directory, folder, dirs_exist_ok=True)
        state = stage_c.state_dict()
        for key in STAGE_C_GRAPHS:
            model = onnx.load(base.path(key))
            replace_parameters(model, state)
            save_graph(model, folder / base.path(key).name)
        write_manifest(_manifest(base.manifest, directory.name, about), folder)
        shutil.copyfile(about.config_file, folder / TRAINING_CONFIG)
        card = folder / "MODEL_CARD.md"
        card.write_text(_card(base.manifest, directory.name, about, card), encoding="utf-8")


def _manifest(old: dict, name: str, about: About) -> dict:
    offered = [*old["image"]["sizes"], *sorted(set(about.sizes) - set(old["image"]["sizes"]))]
    licence = f"{old['licence'].partition(';')[0]}; trained on further pictures: see MODEL_CARD.md"
    changed = {"id": name, "name": name, "created": about.created, "licence": licence}
    return {**old, **changed, "description": f"{old['description']}; {about.how}", "image": {**old["image"], "sizes": offered}}


def _card(old: dict, name: str, about: About, before: Path) -> str:
    below = before.read_text(encoding="utf-8") if before.exists() else ""
    head = f"# {name}\n\n{old['name']} (`{old['id']}`, revision {old['revision']}), {about.how}. Only Stage C differs.\n"
    return f"{head}\n{below}".rstrip() + "\n"
