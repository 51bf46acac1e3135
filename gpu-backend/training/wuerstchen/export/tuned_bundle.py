"""A copy of a bundle in which Stage C has other weights. Graphs stay as they are, so nothing has to be exported and checked again."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import onnx

from wuerstchen.export.bundle import write_manifest
from wuerstchen.export.open_bundle import STAGE_C_GRAPHS, Bundle
from wuerstchen.export.stored_parameters import replace_parameters
from wuerstchen.models.stage_c import StageC

MODEL_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def check_target(directory: Path) -> None:
    """Raises ValueError where a server would not take the folder's name as an id, FileExistsError where it holds files."""
    if not MODEL_ID.fullmatch(directory.name):
        raise ValueError(f"model id {directory.name!r}: 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first")
    if directory.exists() and any(directory.iterdir()):
        raise FileExistsError(f"{directory} is not empty: name another folder for the new bundle")


def write_tuned_bundle(base: Bundle, stage_c: StageC, directory: Path, created: str, how: str, sizes: Iterable[str]) -> None:
    """Writes the bundle `directory`, whose name becomes the model's id. `how` goes into its card; `sizes` ("160x96") it offers as well.

    Raises as `check_target`."""
    check_target(directory)
    shutil.copytree(base.directory, directory, dirs_exist_ok=True)
    state = stage_c.state_dict()
    for key in STAGE_C_GRAPHS:
        model = onnx.load(base.path(key))
        replace_parameters(model, state)
        onnx.save(model, directory / base.path(key).name)
    old = base.manifest
    offered = [*old["image"]["sizes"], *sorted(set(sizes) - set(old["image"]["sizes"]))]
    licence = f"{old['licence'].partition(';')[0]}; trained on further pictures: see MODEL_CARD.md"
    changed = {"id": directory.name, "name": directory.name, "created": created, "licence": licence}
    changed |= {"description": f"{old['description']}; {how}", "image": {**old["image"], "sizes": offered}}
    write_manifest({**old, **changed}, directory)
    card = directory / "MODEL_CARD.md"
    below = card.read_text(encoding="utf-8") if card.exists() else ""
    head = f"# {directory.name}\n\n{old['name']} (`{old['id']}`, revision {old['revision']}), {how}. Only Stage C differs.\n"
    card.write_text(f"{head}\n{below}".rstrip() + "\n", encoding="utf-8")
