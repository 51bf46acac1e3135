"""Writes a model bundle. Every graph is run against PyTorch at three shapes; a difference stops the export."""

import argparse
import json
import logging
import math
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from wuerstchen.config import Config, load_config
from wuerstchen.export.bundle_language import take_language
from wuerstchen.export.compress_weights import compress_weights
from wuerstchen.export.graphs import Exported, Graph, Stages, bundle_graphs, dynamic_shapes, example_inputs
from wuerstchen.export.manifest import bundle_manifest, kebab, port_json, write_manifest
from wuerstchen.export.weights import WEIGHTS_FILE, read_weights, runs_weights, unpack_weights, write_weights
from wuerstchen.languages.extension import load_text_encoder, tokenizer_file
from wuerstchen.marking.training import load_marked
from wuerstchen.models.build import load_compressor, load_part, load_stage_a, new_previewer, new_stage_b, new_stage_c
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import ends_when_stopped
from wuerstchen.whole_file import whole_file, write_whole

OPSET = 23
# (batch, latent side, text positions)
Shape = tuple[int, int, int]
CHECKED_SHAPES: tuple[Shape, ...] = ((1, 8, 12), (3, 4, 16), (2, 12, 7))
# Relative to the largest value of the output: graphs must say what PyTorch says up to the order of float32 additions.
GRAPH_TOLERANCE = 1e-4
# Rounded weights may move an output; the figure of each graph goes into the manifest's card.
STORED_PSNR_DB_MIN = {"int8": 30.0, "float16": 40.0, "float32": 60.0}


def export_graph(graph: Graph, path: Path) -> float:
    """Writes one graph and returns the PSNR in dB of its stored weights against float32. Raises ArithmeticError on
    a mismatch.
    """
    exact = exact_model(graph)
    stored = compress_weights(exact, graph.weights)
    save_graph(stored, path)
    for shape in CHECKED_SHAPES:
        check_against_pytorch(graph, exact, shape)
    decibels = stored_psnr(graph, stored)
    if decibels < STORED_PSNR_DB_MIN[graph.weights]:
        raise ArithmeticError(f"{graph.key}: {graph.weights} weights give {decibels:.1f} dB")
    return decibels


def save_graph(model: onnx.ModelProto, path: Path) -> None:
    with whole_file(path) as file:
        file.write(model.SerializeToString())


def exact_model(graph: Graph) -> onnx.ModelProto:
    """The graph with float32 weights, without the exporter's notes on where each node came from."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of operators that nothing here uses
    program = torch.onnx.export(
        Exported(graph).eval(),
        example_inputs(graph, 2, 8, 9, seed=0),
        dynamo=True,
        opset_version=OPSET,
        dynamic_shapes=(dynamic_shapes(graph),),
        input_names=[port.name for port in graph.inputs],
        output_names=[port.name for port in graph.outputs],
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    del model.metadata_props[:]
    del model.graph.metadata_props[:]  # the ranges of the axes, in the order of a set
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    return model


def check_against_pytorch(graph: Graph, model: onnx.ModelProto, shape: Shape) -> None:
    """Raises ArithmeticError where an output differs from PyTorch's by more than the tolerance, relative to its
    largest value.
    """
    for port, got, expected in zip(graph.outputs, *_both(graph, model, shape), strict=True):
        difference = float(np.abs(got - expected).max() / np.abs(expected).max())
        if difference > GRAPH_TOLERANCE:
            raise ArithmeticError(
                f"{graph.key}: {port.name} differs from PyTorch by {difference:.1e} of its peak at {shape}"
            )


def stored_psnr(graph: Graph, model: onnx.ModelProto) -> float:
    """PSNR in dB of the first output against PyTorch in float32, peak = its largest value; the worst of the checked
    shapes.
    """
    return min(_psnr(got[0], expected[0]) for got, expected in (_both(graph, model, shape) for shape in CHECKED_SHAPES))


def _psnr(got: np.ndarray, expected: np.ndarray) -> float:
    error = float(np.square(got - expected).mean())
    return 99.0 if error == 0 else 10 * math.log10(float(np.abs(expected).max()) ** 2 / error)


def _both(graph: Graph, model: onnx.ModelProto, shape: Shape) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """All outputs for the same inputs: of ONNX Runtime and of PyTorch."""
    batch, side, tokens = shape
    inputs = example_inputs(graph, batch, side, tokens, seed=side)
    with torch.no_grad():
        expected = graph.compute(*inputs)
    outputs = expected if isinstance(expected, tuple) else (expected,)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feed = {port.name: tensor.numpy() for port, tensor in zip(graph.inputs, inputs, strict=True)}
    return session.run(None, feed), [output.numpy() for output in outputs]


def write_bundle(
    config: Config, stages: Stages, tokenizer: Path, directory: Path, created: str, weights: str | None = None
) -> dict[str, float]:
    """Writes graphs, tokenizer and model.json; returns each graph's PSNR of stored against float32 weights.

    `weights` stores all graphs alike, instead of each as is best for it."""
    directory.mkdir(parents=True, exist_ok=True)
    figures, entries = {}, {}
    for graph in bundle_graphs(config, stages):
        graph = replace(graph, weights=graph.weights if graph.key == "mark" else weights or graph.weights)
        name = f"{kebab(graph.key)}.onnx"
        figures[graph.key] = export_graph(graph, directory / name)
        entries[graph.key] = {
            "file": name,
            "inputs": [port_json(port) for port in graph.inputs],
            "outputs": [port_json(port) for port in graph.outputs],
            "weights": graph.weights,
        }
    _write_tokenizer(tokenizer, directory / "tokenizer.json")
    write_manifest(bundle_manifest(config, entries, created), directory)
    return figures


def _write_tokenizer(source: Path, target: Path) -> None:
    """Without the padding and truncation of some checkpoints: the manifest says how many tokens fit, and dropped
    ones are counted.
    """
    table = json.loads(source.read_text(encoding="utf-8"))
    write_whole(target, json.dumps({**table, "padding": None, "truncation": None}, ensure_ascii=False))


def trained_stages(config: Config, runs: Path, with_mark: bool = False) -> Stages:
    """The averaged weights of finished runs; the text encoder reads the further language that was learned among them,
    if any.

    Runs in which no previewer was trained make a bundle without one. Raises FileNotFoundError where `with_mark` asks
    for a mark that was not trained.
    """
    stage_a, extractor = load_marked(config, runs) if with_mark else (load_stage_a(config, runs), None)
    return Stages(
        text_encoder=load_text_encoder(runs),
        compressor=load_compressor(config, runs),
        stage_a=stage_a,
        extractor=extractor,
        stage_b=load_part(runs, "stage-b", "stage_b", new_stage_b(config)),
        stage_c=load_part(runs, "stage-c", "stage_c", new_stage_c(config)),
        previewer=load_part(runs, "previewer", "previewer", new_previewer(config))
        if (runs / "previewer.pt").exists()
        else None,
    )


def run(arguments: argparse.Namespace) -> None:
    config = load_config(arguments.config)
    if arguments.weights_of is None:
        return _export(arguments, config, arguments.runs / config.id)
    with tempfile.TemporaryDirectory() as folder:
        unpack_weights(read_weights(arguments.weights_of), Path(folder))
        take_language(arguments.weights_of, Path(folder))
        _export(arguments, config, Path(folder))


def _export(arguments: argparse.Namespace, config: Config, runs: Path) -> None:
    stages = trained_stages(config, runs, arguments.with_mark)
    figures = write_bundle(config, stages, tokenizer_file(runs), arguments.out, arguments.created)
    shutil.copyfile(arguments.config, arguments.out / "training.toml")
    write_weights(runs_weights(runs), arguments.out / WEIGHTS_FILE)
    for key, decibels in figures.items():
        print(f"{key}: stored weights {decibels:.1f} dB against float32")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder that training wrote")
    parser.add_argument(
        "--from",
        dest="weights_of",
        type=Path,
        metavar="BUNDLE",
        help="export from this bundle's weights.safetensors instead of from runs",
    )
    parser.add_argument("--out", type=Path, required=True, help="bundle folder, for example ../models/emoji-128")
    parser.add_argument("--created", required=True, help="date of the training, YYYY-MM-DD")
    parser.add_argument(
        "--with-mark", action="store_true", help="draw the mark that was trained; the weights hold it either way"
    )
    arguments = parser.parse_args()
    with plain_errors("export.bundle"), ends_when_stopped("export.bundle: stopped"):
        run(arguments)


if __name__ == "__main__":
    main()
