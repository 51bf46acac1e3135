"""Every file that a command writes is whole or as it was, and after a full disk the same command succeeds when
there is room.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from full_disk import room_for
from raw_pictures import SQUARE, folder_of
from tiny_bundle import TINY, TRAINING

from wuerstchen.evaluation.report import write_report
from wuerstchen.evaluation.results import Kpi, PartResult
from wuerstchen.evaluation.sheets import write_sheet
from wuerstchen.export.manifest import write_manifest
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.tuned_bundle import About, write_tuned_bundle
from wuerstchen.languages.extension import save_rows
from wuerstchen.models.blocks import AttentionBlock
from wuerstchen.models.lora import add_lora, save_lora
from wuerstchen.pictures.prepare import prepare
from wuerstchen.training.checkpoint import save_atomically
from wuerstchen.training.contact_sheet import write_grid
from wuerstchen.whole_file import whole_folder

ROOM = 2048


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def report(out: Path) -> None:
    kpis = tuple(Kpi(f"k{number}", "a figure", 1.0, "", "its meaning") for number in range(50))
    write_report(out, "title", "facts", [PartResult("part", "title", "intro", kpis)])


def adapters(out: Path) -> None:
    model = torch.nn.Sequential(AttentionBlock(64, 2, 64))
    add_lora(model, 2, 2)
    save_lora(model, out / "lora.safetensors", {"base": "x"})


def manifest(out: Path) -> None:
    files = {f"{number}.onnx": {"sha256": "0" * 64, "bytes": 1} for number in range(60)} | {"tokenizer.json": {}}
    graphs = {name: {"file": name} for name in files if name.endswith("onnx")}
    write_manifest({"graphs": graphs, "sampler": {}}, out, files)


WRITERS = {
    "a report": report,
    "a sheet of the report": lambda out: write_sheet(
        out, "sheet", None, noise(4, 64, 64, 3), ["a"] * 4, "title", "meaning"
    ),
    "a contact sheet": lambda out: write_grid(out / "sheet.png", torch.rand(4, 3, 64, 64), 2),
    "adapters": adapters,
    "the rows of a language": lambda out: save_rows(out, "ja", torch.rand(100, 32)),
    "a manifest": manifest,
    "weights": lambda out: save_atomically({"w": torch.rand(4000)}, out / "w.pt"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_after_a_full_disk_what_was_there_is_whole_and_the_same_call_succeeds(tmp_path: Path, name: str) -> None:
    write: Callable[[Path], None] = WRITERS[name]
    with room_for(ROOM), pytest.raises(OSError):
        write(tmp_path)
    assert not any(path.name.endswith(".part") for path in tmp_path.iterdir())
    write(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert before
    with room_for(ROOM), pytest.raises(OSError):
        write(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_prepare_succeeds_after_a_full_disk(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    with room_for(ROOM), pytest.raises(OSError):
        prepare(folder, tmp_path / "set", SQUARE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["from"]
    assert prepare(folder, tmp_path / "set", SQUARE)["pictures"]["all"] == 6


def test_a_tuned_bundle_is_written_after_a_full_disk_into_the_same_folder(bundle: Bundle, tmp_path: Path) -> None:
    about = About("2026-11-26", "tuned", (), TRAINING / "configs" / "tiny.toml")
    with room_for(20_000), pytest.raises(OSError):
        write_tuned_bundle(bundle, bundle.stage_c(TINY), tmp_path / "mine", about)
    assert list(tmp_path.iterdir()) == []
    write_tuned_bundle(bundle, bundle.stage_c(TINY), tmp_path / "mine", about)
    assert Bundle(tmp_path / "mine").manifest["id"] == "mine"


def test_what_a_kill_left_of_a_folder_is_gone_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / ".mine.part").mkdir()
    (tmp_path / ".mine.part" / "half").write_text("")
    with whole_folder(tmp_path / "mine") as part:
        (part / "whole").write_text("")
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "whole"]
    with pytest.raises(FileExistsError, match="is not empty"), whole_folder(tmp_path / "mine"):
        pass
