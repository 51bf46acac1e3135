"""Integer products, in the tiny Stage B as it is exported."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from wuerstchen.config import load_config
from wuerstchen.export.bundle import exact_model
from wuerstchen.export.compress_weights import compress_weights
from wuerstchen.export.graphs import bundle_graphs, example_inputs
from wuerstchen.export.integer import INTEGER_PARAMETERS, STAGE_C, input_ranges, picture_psnr, write_integer_bundle
from wuerstchen.export.integer_products import find_products, to_integer_products
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.stored_parameters import read_parameters, replace_parameters
from wuerstchen.export.tiny import tiny_stages

TRAINING = Path(__file__).parent.parent
TINY = load_config(TRAINING / "configs" / "tiny.toml")
GRAPHS = {graph.key: graph for graph in bundle_graphs(TINY, tiny_stages(TINY))}
PARAMETERS = INTEGER_PARAMETERS["stageB"]
Feed = dict[str, np.ndarray]


def feed(batch: int, seed: int) -> Feed:
    graph = GRAPHS["stageB"]
    return {
        port.name: tensor.numpy()
        for port, tensor in zip(graph.inputs, example_inputs(graph, batch, 8, 5, seed), strict=True)
    }


@pytest.fixture(scope="module")
def float_model() -> onnx.ModelProto:
    return compress_weights(exact_model(GRAPHS["stageB"]), "float16")


@pytest.fixture(scope="module")
def integer_model(float_model: onnx.ModelProto) -> onnx.ModelProto:
    reads = [product.read for product in find_products(float_model.graph, PARAMETERS)]
    return to_integer_products(
        float_model, PARAMETERS, input_ranges(float_model, reads, [feed(4, seed) for seed in range(4)])
    )


def run(model: onnx.ModelProto, given: Feed) -> np.ndarray:
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, given)[0]


def test_pictures_stay_what_they_were(float_model: onnx.ModelProto, integer_model: onnx.ModelProto) -> None:
    exact, rounded = run(float_model, feed(2, 9)), run(integer_model, feed(2, 9))
    assert 0 < np.square(rounded - exact).mean() < np.abs(exact).max() ** 2 * 1e-4  # 40 dB


def test_a_row_is_the_same_in_every_batch(integer_model: onnx.ModelProto) -> None:
    together = feed(8, 9)
    rows = run(integer_model, together)
    for count in range(1, 9):
        assert np.array_equal(
            run(integer_model, {name: values[:count] for name, values in together.items()}), rows[:count]
        )


def test_the_runtime_computes_all_of_them_in_integers(integer_model: onnx.ModelProto, tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    onnxruntime.InferenceSession(integer_model.SerializeToString(), options)
    operators = [node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node]
    assert operators.count("MatMulIntegerToFloat") == len(find_products(integer_model.graph, PARAMETERS)) == 8


def test_the_features_that_stage_b_starts_from_are_integers_too_where_they_are_a_direct_decoders() -> None:
    config, key = load_config(TRAINING / "configs" / "tiny-alpha.toml"), "stageBConditioner"
    graph = next(graph for graph in bundle_graphs(config, tiny_stages(config)) if graph.key == key)
    exact = compress_weights(exact_model(graph), "float16")
    products = find_products(exact.graph, INTEGER_PARAMETERS[key])
    assert len(products) == 2 * sum(config.compressor.decoder_blocks)
    feeds = [{"stage_c_latent": example_inputs(graph, 4, 8, 5, seed)[0].numpy()} for seed in range(5)]
    ranges = input_ranges(exact, [product.read for product in products], feeds[:4])
    expected, rounded = (
        run(model, feeds[4]) for model in (exact, to_integer_products(exact, INTEGER_PARAMETERS[key], ranges))
    )
    assert 0 < np.square(rounded - expected).mean() < np.abs(expected).max() ** 2 * 1e-4  # 40 dB


def test_what_inputs_are_divided_by_is_folded_into_the_norm_or_the_map_before(integer_model: onnx.ModelProto) -> None:
    folded = [tensor.name for tensor in integer_model.graph.initializer if tensor.name.endswith(".factors")]
    norms = [
        node for node in integer_model.graph.node if node.op_type == "LayerNormalization" and node.input[1] in folded
    ]
    maps = [node for node in integer_model.graph.node if node.op_type == "Mul" and node.input[1] in folded]
    assert len(norms) == 3  # of four blocks: the input of the one with a skip is joined after its norm
    assert len(maps) == 2 * 4  # a scale and a shift, each of the size of one place


def test_weights_are_read_back_within_half_a_step_and_can_be_replaced(
    float_model: onnx.ModelProto, integer_model: onnx.ModelProto
) -> None:
    exact, rounded = read_parameters(float_model), read_parameters(integer_model)
    assert exact.keys() == rounded.keys()
    for name, values in exact.items():
        assert torch.allclose(rounded[name], values, atol=float(values.abs().max()) / 20), name
    model = onnx.ModelProto()
    model.CopyFrom(integer_model)
    replace_parameters(model, {name: values * 2 for name, values in exact.items()})
    assert all(
        torch.allclose(values, 2 * rounded[name], rtol=1e-2, atol=1e-3)
        for name, values in read_parameters(model).items()
    )


def test_no_weight_is_so_large_that_two_products_overflow_16_bits(integer_model: onnx.ModelProto) -> None:
    stored = [
        onnx.numpy_helper.to_array(tensor)
        for tensor in integer_model.graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8
    ]
    assert len(stored) == 8
    assert max(np.abs(values.astype(int)).max() for values in stored) == 63


def test_stage_c_stays_float_unless_a_part_of_it_or_all_shall_be_integers(tmp_path: Path) -> None:
    base = TRAINING.parent.parent / "test/support/models/tiny"

    def rounded(stage_c: str) -> int:
        write_integer_bundle(base, TINY, ["red apple"], tmp_path / stage_c, stage_c)
        graph = onnx.load(tmp_path / stage_c / "stage-c.onnx").graph
        return sum(tensor.data_type == onnx.TensorProto.INT8 for tensor in graph.initializer)

    blocks = TINY.stage_c.depth
    # "part" leaves out the two that end each block: reduce and out.
    assert {kind: rounded(kind) for kind in STAGE_C} == {"float": 0, "part": 4 * blocks, "whole": 6 * blocks}


def test_a_copy_of_a_bundle_draws_nearly_the_same_pictures(tmp_path: Path) -> None:
    base, copy, prompts = (
        TRAINING.parent.parent / "test/support/models/tiny",
        tmp_path / "tiny",
        ["red apple", "a dog", "blue heart, flat"],
    )
    write_integer_bundle(base, TINY, prompts, copy)
    ours, theirs = Bundle(copy).manifest, Bundle(base).manifest
    assert ours["revision"] != theirs["revision"]
    assert {**ours, "revision": "", "files": {}} == {**theirs, "revision": "", "files": {}}
    assert min(picture_psnr(base, copy, TINY, prompts)) > 20  # random networks amplify what is rounded
    with pytest.raises(FileExistsError, match="is not empty"):
        write_integer_bundle(base, TINY, prompts, copy)
