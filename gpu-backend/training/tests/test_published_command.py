"""The importer's command on whole folders of `diffusers`: a kill costs no finished graph, and the committed bundles
come out.
"""

import base64
import contextlib
import hashlib
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import published_checkpoints
import pytest
import torch
from published_bundle_runner import BundleRunner
from test_published_import import quiet

from wuerstchen.published.bundle.checkpoint import Choice
from wuerstchen.published.bundle.describe_bundle import About
from wuerstchen.published.bundle.export_graph import Target, Written, export_graph
from wuerstchen.published.bundle.graphs import Graph
from wuerstchen.published.import_bundle import Order, import_bundle

TRAINING = Path(__file__).resolve().parents[1]
REPOSITORY = TRAINING.parents[1]
COMMITTED = REPOSITORY / "test" / "support" / "models"
# As committed, where the numbers come from another machine: as many steps, each amplified by the first.
LATENT_TOLERANCE = 1e-3
SIZES = "128x128,256x128,128x256,256x256"


def command(source: Path, out: Path) -> list[str]:
    """An import as the committed bundles' golden script orders it."""
    options = ["--out", str(out), "--weights", "float16", "--sizes", SIZES, "--licence", "MIT"]
    return [sys.executable, "-m", "wuerstchen.published.import_bundle", str(source), *options]


def finished_graphs(directory: Path) -> list[str]:
    record = directory / "import.json"
    return list(json.loads(record.read_text())["graphs"]) if record.exists() else []


def kill_after(graphs: int, source: Path, directory: Path) -> None:
    """Starts an import and ends it by SIGKILL once so many graphs are finished."""
    with subprocess.Popen(command(source, directory), cwd=TRAINING, stderr=subprocess.DEVNULL) as process:
        while len(finished_graphs(directory)) < graphs:
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"the import ended by itself with {process.wait(timeout=0.02)}")
        process.kill()
    assert process.returncode == -signal.SIGKILL


def run_import(source: Path, directory: Path, *more: str) -> dict:
    """The manifest. Every file is what it says."""
    subprocess.run([*command(source, directory), *more], cwd=TRAINING, check=True, stderr=subprocess.DEVNULL)
    manifest = json.loads((directory / "model.json").read_text())
    for name, facts in manifest["files"].items():
        assert hashlib.sha256((directory / name).read_bytes()).hexdigest() == facts["sha256"], name
        assert (directory / name).stat().st_size == facts["bytes"] > 0
    assert not (directory / ".partial").exists()
    return manifest


def comparable(manifest: dict, without: tuple[str, ...] = ()) -> dict:
    """Without the day, the source's name and what follows from the files' bytes, nor the graphs `without`."""
    kept = {name: value for name, value in manifest.items() if name not in ("revision", "created", "description")}
    kept["graphs"] = {key: graph for key, graph in manifest["graphs"].items() if key not in without}
    return kept | {"files": sorted(manifest["files"].keys() - {manifest["graphs"][key]["file"] for key in without})}


def committed(family: str) -> dict:
    return json.loads((COMMITTED / f"tiny-{family}" / "model.json").read_text())


def assert_makes_the_golden_latent(directory: Path, family: str) -> None:
    case = json.loads((REPOSITORY / "test" / "golden" / f"published-{family}.json").read_text())["cases"][0]
    expected = np.frombuffer(base64.b64decode(case["latentBase64"]), "<f4")
    assert np.abs(BundleRunner(directory).latent(case).ravel() - expected).max() < LATENT_TOLERANCE


def test_a_killed_import_goes_on_where_it_ended_and_makes_the_committed_bundle(tmp_path: Path) -> None:
    source, directory = published_checkpoints.save("v2", tmp_path)[0], tmp_path / "tiny-v2"
    kill_after(2, source, directory)
    assert finished_graphs(directory) == ["textEncoder", "textConditioner"]
    assert not (directory / "model.json").exists()
    kept = (directory / "text-encoder.onnx").stat().st_mtime_ns
    (directory / "text-conditioner.onnx").write_bytes(b"damaged since")
    (directory / ".partial").mkdir(exist_ok=True)
    (directory / ".partial" / "stage-c.onnx").write_bytes(b"half")
    manifest = run_import(source, directory)
    assert (directory / "text-encoder.onnx").stat().st_mtime_ns == kept
    assert comparable(manifest) == comparable(committed("v2"))
    assert_makes_the_golden_latent(directory, "v2")


def test_stable_cascades_compressor_and_previewer_join_the_committed_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder, prior = published_checkpoints.save("cascade", tmp_path)
    directory, extras = tmp_path / "tiny-cascade", published_checkpoints.save_extras(decoder)

    made = {*extras, "textConditioner", "stageC"}

    def export(graph: Graph, target: Target) -> Written:
        """Anew what is asked about here; the others are made anew by other tests, and are the committed ones."""
        if graph.key in made:
            return export_graph(graph, target)
        name = f"{target.name}.onnx"
        shutil.copyfile(COMMITTED / "tiny-cascade" / name, target.directory / name)
        return Written((name,), target.weights, 99.0)

    monkeypatch.setattr("wuerstchen.published.import_bundle.export_graph", export)
    about = About("tiny-cascade", "2026-11-23", "random weights", tuple(SIZES.split(",")), licence="MIT")
    import_bundle(decoder, prior, Order(Choice(), about, directory, "float16"), quiet())
    manifest = json.loads((directory / "model.json").read_text())
    assert comparable(manifest, without=tuple(extras)) == comparable(committed("cascade"))
    assert_makes_the_golden_latent(directory, "cascade")
    ports = {
        key: {port["name"]: port["shape"] for side in ("inputs", "outputs") for port in manifest["graphs"][key][side]}
        for key in extras
    }
    assert ports == {
        "compressor": {"image": ["b", 3, "32*h", "32*w"], "stage_c_latent": ["b", 16, "h", "w"]},
        "previewer": {"stage_c_latent": ["b", 16, "h", "w"], "image": ["b", 3, "8*h", "8*w"]},
    }
    sources = json.loads((directory / "import.json").read_text())["sources"]
    assert {"decoder/effnet_encoder.safetensors", "decoder/previewer.safetensors"} <= sources.keys()
    runner, image = BundleRunner(directory), torch.rand(1, 3, 96, 160, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        latent = extras["compressor"](image)
        picture = extras["previewer"](latent).clamp(0, 1)
    assert latent.shape == (1, 16, 3, 5)
    assert (runner.run("compressor", image) - latent).abs().max() < 1e-4 * latent.abs().max()
    assert (runner.run("previewer", latent) - picture).abs().max() < 1e-4
