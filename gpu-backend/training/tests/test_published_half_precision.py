"""Graphs in half precision: what is float16 in them, and what a card makes of them, by emulation."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx_ir as ir
import onnxruntime
import published_checkpoints
import pytest
import torch
from published_bundle_runner import BundleRunner
from test_published_import import BUNDLES, cheap_export, decoded, golden, opened, order, quiet
from torch import nn

from wuerstchen.published.bundle.export_graph import Target, export_graph
from wuerstchen.published.bundle.half_precision import PRODUCTS, emulate_half
from wuerstchen.published.bundle.memory import need_of
from wuerstchen.published.bundle.network_graphs import plan_graphs
from wuerstchen.published.import_bundle import Order, import_bundle

# A graph of one pass, by its largest value; and a whole picture, whose steps amplify each other's roundings.
GRAPH_PSNR_DB_MIN, PICTURE_PSNR_DB_MIN = 60, 40


def psnr(got: np.ndarray, wanted: np.ndarray, peak: float) -> float:
    return 10 * math.log10(peak**2 / float(np.square(got.astype(np.float64) - wanted).mean()))


def half_graph(folders: tuple[Path, Path], key: str, directory: Path) -> tuple[ir.Model, float]:
    """The written graph, and its PSNR against the network."""
    plan = next(plan for plan in plan_graphs(opened(folders)) if plan.key == key)
    written = export_graph(plan.build(), Target(directory, key, precision="half"))
    assert (written.weights, written.precision) == ("float16", "half")
    return ir.load(directory / written.files[0]), written.psnr_db


@pytest.mark.parametrize("family", published_checkpoints.FAMILIES)
def test_products_alone_compute_in_float16_and_lose_little(family: str, saved: Callable, tmp_path: Path) -> None:
    model, decibels = half_graph(saved(family), "stageC", tmp_path)
    assert GRAPH_PSNR_DB_MIN < decibels < 120  # 140 and more would be float32, and emulate nothing
    products = [node for node in model.graph if node.op_type in PRODUCTS]
    assert len(products) > 10
    half = {value.name for value in model.graph.initializers.values() if value.dtype == ir.DataType.FLOAT16}
    for node in model.graph:
        if node.op_type in PRODUCTS:
            half.add(node.outputs[0].name)
            assert {value.name for value in node.inputs if value is not None} <= half, node.op_type
        elif node.op_type == "Cast":
            if node.attributes["to"].as_int() == ir.DataType.FLOAT16.value:
                half.add(node.outputs[0].name)
        else:
            assert not {value.name for value in node.inputs if value is not None} & half, node.op_type
    kinds = {node.op_type for node in model.graph} - set(PRODUCTS)
    assert {"LayerNormalization", "ReduceMean", "Sqrt", "Add"} <= kinds
    large = [value.const_value for value in model.graph.initializers.values() if value.const_value.size > 1024]
    assert sum(each.nbytes for each in large) < 2.1 * sum(each.size for each in large)
    # A processor turns the weights into float32 once, when it loads the graph.
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath, options.log_severity_level = str(tmp_path / "optimised.onnx"), 4
    onnxruntime.InferenceSession(tmp_path / "stageC.onnx", options, providers=["CPUExecutionProvider"])
    optimised = ir.load(tmp_path / "optimised.onnx")
    assert "Cast" not in {node.op_type for node in optimised.graph}


def test_a_picture_in_half_precision_is_near_that_in_float32(saved: Callable, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(BUNDLES / "tiny-v2", tmp_path / "bundle"))
    for key, name in (("stageC", "stage-c"), ("stageB", "stage-b")):
        model, _ = half_graph(saved("v2"), key, tmp_path)
        emulate_half(model)
        ir.save(model, bundle / f"{name}.onnx")
    runner, case = BundleRunner(bundle), golden("v2")["cases"][0]
    latent = runner.latent(case)
    expected = decoded(case, "latentBase64", "<f4").reshape(latent.shape)
    assert 120 > psnr(latent, expected, np.abs(expected).max()) > PICTURE_PSNR_DB_MIN
    _, image = runner.paint(torch.from_numpy(latent), case["seed"])
    pixels = np.rint(image[0].permute(1, 2, 0).numpy() * 255)
    wanted = decoded(case, "pixelsBase64", "u1").reshape(pixels.shape)
    assert psnr(pixels, wanted, 255) > PICTURE_PSNR_DB_MIN


def test_what_overflows_in_float16_is_refused(saved: Callable, tmp_path: Path) -> None:
    graph = next(plan for plan in plan_graphs(opened(saved("v2"))) if plan.key == "stageA").build()
    module = graph.exported()
    convolutions = [part for part in module.modules() if isinstance(part, nn.Conv2d)]
    convolutions[0].weight.data *= 6e4 / convolutions[0].weight.abs().max()
    with pytest.raises(ArithmeticError, match="half precision gives nan dB"):
        export_graph(graph, Target(tmp_path, "stage-a", precision="half"))


def test_half_precision_has_a_revision_of_its_own_and_halves_the_disk(
    saved: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wuerstchen.published.import_bundle.export_graph", cheap_export)
    manifests = {}
    for name, precision in (("plain", "float32"), ("half", "half")):
        asked = order(tmp_path / name)
        import_bundle(
            *saved("v2"), Order(asked.choice, asked.about, asked.directory, "float16", 1000, precision), quiet()
        )
        manifests[name] = json.loads((tmp_path / name / "model.json").read_text())
    assert manifests["half"]["revision"] != manifests["plain"]["revision"]
    assert manifests["half"]["graphs"]["stageC"]["precision"] == "half"
    assert "precision" not in manifests["plain"]["graphs"]["stageC"]
    card = (tmp_path / "half" / "MODEL_CARD.md").read_text()
    assert "A card computes products in float16" in card
    checkpoint = opened(saved("v2"))
    needs = [need_of(checkpoint, "float32"), need_of(checkpoint, "float32", "half")]
    emulated = 4 * needs[0].largest[1]
    assert needs[1].disk == needs[0].disk / 2 + emulated
