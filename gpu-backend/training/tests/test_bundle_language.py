"""What a released bundle reads beside English is not lost when training goes on from it."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
from conftest import CONFIGS
from onnx import numpy_helper

from wuerstchen.config import load_config
from wuerstchen.export.bundle_language import take_language
from wuerstchen.export.manifest import write_manifest
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.languages.extension import load_text_encoder
from wuerstchen.models.text_encoder import TextEncoder
from wuerstchen.train import train_stage
from wuerstchen.training.budget import in_steps
from wuerstchen.training.data import PictureSet
from wuerstchen.training.sources import text_encoder_directory

EMBEDDED = Path(__file__).parents[2] / "models/emoji-128"


def test_the_embedded_model_s_japanese_comes_back_as_its_bundle_stores_it(tmp_path: Path) -> None:
    english = len(TextEncoder.load(text_encoder_directory()).words.weight)
    assert take_language(EMBEDDED, tmp_path) == 4_918
    encoder = load_text_encoder(tmp_path)
    ids = encoder.tokenizer.encode("赤いリンゴ").ids
    assert max(ids) >= english
    table = json.loads((EMBEDDED / "tokenizer.json").read_text())
    assert encoder.tokenizer.get_vocab_size() == len(table["model"]["vocab"])

    graph = onnx.load(EMBEDDED / "text-encoder.onnx").graph
    stored = {t.name: numpy_helper.to_array(t) for t in graph.initializer if "words.weight" in t.name}
    rows, scale = stored["owner.words.weight.stored"][english:], stored["owner.words.weight.scale"][english:]
    taken = encoder.words.weight[english:].numpy()
    # Rounded anew to int8, by the greatest of each row: the same bytes. (220 letters that nothing taught are zeros.)
    anew = np.maximum(np.abs(taken).max(axis=1, keepdims=True), 1e-12).astype(np.float32) / 127
    assert np.array_equal(anew, scale)
    assert np.array_equal(np.rint(taken / anew).astype(np.int8), rows)


def test_a_training_that_begins_from_a_bundle_takes_its_language(
    bundle: Bundle, rehearsed: tuple[PictureSet, Path], fresh_runs: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(bundle.directory, tmp_path / "japanese"))
    for name in ("text-encoder.onnx", "tokenizer.json"):
        shutil.copy(EMBEDDED / name, copy)
    write_manifest(bundle.manifest, copy)
    (fresh_runs / "stage-c.checkpoint.pt").unlink(missing_ok=True)
    config = in_steps(load_config(CONFIGS / "tiny.toml"), "c", 1)
    train_stage("c", config, rehearsed[0], fresh_runs, start_from=copy)
    assert len(load_text_encoder(fresh_runs).words.weight) == 30_522 + 4_918


def test_a_folder_that_holds_a_language_keeps_it(tmp_path: Path) -> None:
    take_language(EMBEDDED, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert take_language(EMBEDDED, tmp_path) == 0
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_bundle_that_reads_english_alone_gives_none(bundle: Bundle, tmp_path: Path) -> None:
    assert take_language(bundle.directory, tmp_path) == 0
    assert not any(tmp_path.iterdir())
