"""A copy of a bundle in which Stage C, or the decoder, has other weights. Stage C's graphs stay as they are, so nothing
has to be exported and checked again; the decoder's are exported anew."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import onnx

from wuerstchen.config import Config
from wuerstchen.config_values import BUNDLE_ID, MODEL_ID
from wuerstchen.export.bundle import export_graph, save_graph
from wuerstchen.export.graphs import decoder_graphs
from wuerstchen.export.manifest import write_manifest
from wuerstchen.export.open_bundle import KPI_FILE, STAGE_C_GRAPHS, TRAINING_CONFIG, Bundle
from wuerstchen.export.stored_parameters import replace_parameters
from wuerstchen.export.weights import WEIGHTS_FILE, read_weights, runs_weights, write_weights
from wuerstchen.models.build import load_part, load_stage_a, new_stage_b
from wuerstchen.models.stage_c import StageC
from wuerstchen.whole_file import whole_folder


def check_target(directory: Path, model_id: str | None = None) -> None:
    """Raises ValueError where a server would not take the id, by default the folder's name, FileExistsError where it
    holds files.
    """
    if model_id is not None and not BUNDLE_ID.fullmatch(model_id):
        raise ValueError(
            f"model id {model_id!r}: MODEL or MODEL+ADAPTER:STRENGTH, from 0.05 to 1.5 in steps of 0.05; 1 is left out"
        )
    if model_id is None and not MODEL_ID.fullmatch(directory.name):
        raise ValueError(f"model id {directory.name!r}: 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first")
    if directory.exists() and any(directory.iterdir()):
        raise FileExistsError(f"{directory} is not empty: name another folder for the new bundle")


@dataclass(frozen=True)
class About:
    """What a tuned bundle says of itself: date, how it was trained, further sizes ("160x96") that it offers, its
    model's configuration, its id where that is not the folder's name.
    """

    created: str
    how: str
    sizes: Iterable[str]
    config_file: Path
    id: str | None = None


def write_tuned_bundle(base: Bundle, stage_c: StageC, directory: Path, about: About) -> None:
    """Writes the bundle `directory`, whose name becomes the model's id unless `about` has one. A kill or a full disk
    leaves no part of it.

    Raises as `check_target`."""
    state = stage_c.state_dict()

    def change(folder: Path) -> None:
        for key in STAGE_C_GRAPHS:
            model = onnx.load(base.path(key))
            replace_parameters(model, state)
            save_graph(model, folder / base.path(key).name)
        if (folder / WEIGHTS_FILE).exists():
            tuned = {f"stage-c/stage_c.{name}": tensor for name, tensor in state.items()}
            write_weights({**read_weights(folder), **tuned}, folder / WEIGHTS_FILE)

    _write_copy(base, base.manifest, directory, about, "Only Stage C differs.", change)


def write_decoder_bundle(base: Bundle, config: Config, runs: Path, directory: Path, about: About) -> None:
    """As `write_tuned_bundle`, with Stages A and B of RUNS. Such a decoder marks nothing, and the bundle
    says so.
    """
    stage_a, stage_b = load_stage_a(config, runs), load_part(runs, "stage-b", "stage_b", new_stage_b(config))

    def change(folder: Path) -> None:
        for graph in decoder_graphs(config, stage_a, stage_b):
            export_graph(graph, folder / base.path(graph.key).name)
        weights = {name: tensor for name, tensor in runs_weights(runs).items() if not name.startswith("mark/")}
        write_weights(weights, folder / WEIGHTS_FILE)
        if "mark" in base.manifest["graphs"]:
            (folder / base.path("mark").name).unlink()

    entries = {key: entry for key, entry in base.manifest["graphs"].items() if key != "mark"}
    stored = {
        graph.key: {**entries[graph.key], "weights": graph.weights}
        for graph in decoder_graphs(config, stage_a, stage_b)
    }
    kept = {key: value for key, value in base.manifest.items() if key != "mark"}
    manifest = {**kept, "graphs": {**entries, **stored}}
    _write_copy(base, manifest, directory, about, "Only Stages A and B differ.", change)


def _write_copy(
    base: Bundle, manifest: dict, directory: Path, about: About, differs: str, change: Callable[[Path], None]
) -> None:
    check_target(directory, about.id)
    name = about.id or directory.name
    with whole_folder(directory) as folder:
        # The figures are those of the base.
        shutil.copytree(base.directory, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(KPI_FILE))
        change(folder)
        write_manifest(_manifest(manifest, name, about), folder)
        shutil.copyfile(about.config_file, folder / TRAINING_CONFIG)
        card = folder / "MODEL_CARD.md"
        card.write_text(_card(base.manifest, name, about, differs, card), encoding="utf-8")


def _manifest(old: dict, name: str, about: About) -> dict:
    offered = [*old["image"]["sizes"], *sorted(set(about.sizes) - set(old["image"]["sizes"]))]
    licence = f"{old['licence'].partition(';')[0]}; trained on further pictures: see MODEL_CARD.md"
    changed = {"id": name, "name": name, "created": about.created, "licence": licence}
    return {
        **old,
        **changed,
        "description": f"{old['description']}; {about.how}",
        "image": {**old["image"], "sizes": offered},
    }


def _card(old: dict, name: str, about: About, differs: str, before: Path) -> str:
    below = before.read_text(encoding="utf-8") if before.exists() else ""
    head = f"# {name}\n\n{old['name']} (`{old['id']}`, revision {old['revision']}), {about.how}. {differs}\n"
    return f"{head}\n{below}".rstrip() + "\n"
