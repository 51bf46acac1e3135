"""A folder that is no whole bundle is refused where it is opened, with the file that is wrong and what to do."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_bundle import TRAINING

from wuerstchen import evaluate, finetune, poc
from wuerstchen.export.open_bundle import Bundle

MODELS = TRAINING.parent.parent / "test" / "support" / "models"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1462493\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODELS / "tiny", tmp_path / "copy"))


def without(*keys: str) -> Callable[[dict], None]:
    def change(manifest: dict) -> None:
        for key in keys[:-1]:
            manifest = manifest[key]
        del manifest[keys[-1]]

    return change


@pytest.mark.parametrize("name", ["tiny", "tiny-alpha", "tiny-cascade", "tiny-v2"])
def test_a_whole_bundle_is_opened(name: str) -> None:
    assert Bundle(MODELS / name).manifest["id"] == name


@pytest.mark.parametrize("text", ["[]", "null", '"tiny"', "3"])
def test_a_manifest_that_is_no_object_is_refused(copy: Path, text: str) -> None:
    (copy / "model.json").write_text(text)
    with pytest.raises(ValueError, match=r"copy/model\.json is no bundle's manifest: it is no object. Copy the bundle"):
        Bundle(copy)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("id",), "id is missing"),
        (("revision",), "revision is missing"),
        (("graphs",), "graphs is missing"),
        (("files",), "files is missing"),
        (("graphs", "stageC", "file"), r"graphs\.stageC\.file is missing"),
        (("graphs", "stageC", "inputs"), r"graphs\.stageC\.inputs is missing"),
        (("graphs", "stageC", "inputs", 0, "name"), r"graphs\.stageC\.inputs\.0\.name is missing"),
        (("text", "tokenizer"), r"text\.tokenizer is missing"),
        (("sampler", "stageB"), r"sampler\.stageB is missing"),
        (("image", "sizes"), r"image\.sizes is missing"),
    ],
)
def test_a_manifest_without_what_is_read_is_refused(copy: Path, keys: tuple, message: str) -> None:
    manifest = json.loads((copy / "model.json").read_text())
    without(*keys)(manifest)
    (copy / "model.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match=rf"copy/model\.json is no bundle's manifest: {message}"):
        Bundle(copy)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"graphs": []}, "graphs is of another kind"),
        ({"id": 3}, "id is of another kind"),
        ({"graphs": {"stageC": "stage-c.onnx"}}, r"graphs\.stageC is of another kind"),
        ({"files": []}, "files is of another kind"),
        ({"files": {"stage-c.onnx": {"bytes": "many"}}}, r"files\.stage-c\.onnx\.bytes is of another kind"),
    ],
)
def test_a_manifest_of_other_kinds_of_values_is_refused(copy: Path, changed: dict, message: str) -> None:
    manifest = json.loads((copy / "model.json").read_text())
    (copy / "model.json").write_text(json.dumps({**manifest, **changed}))
    with pytest.raises(ValueError, match=message):
        Bundle(copy)


@pytest.mark.parametrize("file", ["stage-c.onnx", "compressor.onnx", "tokenizer.json"])
def test_a_file_that_was_not_copied_whole_is_named(copy: Path, file: str) -> None:
    whole = (copy / file).read_bytes()
    (copy / file).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=rf"{file} has {len(whole) // 2:,} bytes, not {len(whole):,}: copy the bundle"):
        Bundle(copy)
    (copy / file).write_text(POINTER)
    with pytest.raises(ValueError, match=rf"{file} is a git-lfs pointer, not the file itself: run `git lfs pull`"):
        Bundle(copy)
    (copy / file).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{file} is missing: copy the bundle again"):
        Bundle(copy)


@pytest.mark.parametrize("command", [evaluate, finetune, poc])
@pytest.mark.parametrize("damage", ["{}", "[]", "no graph"])
def test_commands_end_with_one_sentence(
    copy: Path, pictures_directory: Path, command: object, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if damage == "no graph":
        (copy / "stage-c.onnx").unlink()
    else:
        (copy / "model.json").write_text(damage)
    data, place = ["--data", str(pictures_directory)], str(copy.parent / "out")
    options = {
        evaluate: [*data, "--out", place],
        finetune: [*data, "--runs", place],
        poc: ["--from", str(copy), "--out", place],
    }
    monkeypatch.setattr(sys, "argv", ["command", "--bundle", str(copy), *options[command]])
    with pytest.raises(SystemExit) as end:
        command.main()
    said = str(end.value.code)
    assert ("stage-c.onnx is missing" if damage == "no graph" else "is no bundle's manifest") in said
    assert "\n" not in said
