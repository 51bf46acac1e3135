import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from wuerstchen.export.compress_weights import compress_weights
from wuerstchen.export.rounding import from_blocks, to_blocks

RNG = np.random.default_rng(0)
WEIGHT = RNG.normal(size=(64, 48)).astype(np.float32)


def matrix_product() -> onnx.ModelProto:
    """y = x @ WEIGHT."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", 64])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["b", 48])
    node = helper.make_node("MatMul", ["x", "weight"], ["y"])
    graph = helper.make_graph([node], "product", [x], [y], [numpy_helper.from_array(WEIGHT, "weight")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]


@pytest.mark.parametrize(("storage", "share", "error"), [("float16", 0.55, 0.02), ("int8", 0.35, 0.25)])
def test_stored_weights_are_small_and_close(storage: str, share: float, error: float) -> None:
    model, x = matrix_product(), RNG.normal(size=(5, 64)).astype(np.float32)
    stored = compress_weights(model, storage)
    assert stored.ByteSize() < model.ByteSize() * share
    assert np.abs(run(stored, x) - x @ WEIGHT).max() < error


def test_int8_scales_follow_the_blocks_of_a_product() -> None:
    stored = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in compress_weights(matrix_product(), "int8").graph.initializer
    }
    assert np.allclose(stored["weight.scale"], np.abs(WEIGHT).max(axis=0) / 127)  # 64 inputs are one block
    assert (
        np.abs(from_blocks(stored["weight.stored"], stored["weight.scale"], 64) - WEIGHT).max()
        <= stored["weight.scale"].max() / 2 + 1e-7
    )


@pytest.mark.parametrize("inputs", [64, 96, 48, 40])
def test_blocks_hold_products_of_any_number_of_inputs(inputs: int) -> None:
    values = RNG.normal(size=(inputs, 24)).astype(np.float32)
    blocks, scale = to_blocks(values)
    assert np.abs(from_blocks(blocks, scale, inputs) - values).max() <= scale.max() / 2 + 1e-7


def test_a_row_of_an_int8_product_does_not_depend_on_its_company() -> None:
    one_row, rows = RNG.normal(size=(1, 64)).astype(np.float32), RNG.normal(size=(7, 64)).astype(np.float32)
    stored = compress_weights(matrix_product(), "int8")
    together = run(stored, np.concatenate([one_row, rows * 100]))
    assert np.array_equal(together[0], run(stored, one_row)[0])


def test_the_rows_of_an_int8_table_are_picked_before_they_are_turned_back() -> None:
    table = RNG.normal(size=(500, 16)).astype(np.float32)
    ids, y = (
        helper.make_tensor_value_info("x", TensorProto.INT64, ["n"]),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 16]),
    )
    node = helper.make_node("Gather", ["table", "x"], ["y"])
    graph = helper.make_graph([node], "table", [ids], [y], [numpy_helper.from_array(table, "table")])
    model = compress_weights(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), "int8"
    )
    assert [node.op_type for node in model.graph.node] == ["Gather", "Gather", "Cast", "Mul"]
    picked = run(model, np.array([3, 499, 3]))
    assert np.abs(picked - table[[3, 499, 3]]).max() <= np.abs(table).max() / 254 + 1e-6


def test_int8_scales_follow_the_output_channels_of_a_convolution() -> None:
    kernel = RNG.normal(size=(32, 16, 3, 3)).astype(np.float32)
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["b", c, 8, 8]) for n, c in (("x", 16), ("y", 32)))
    node = helper.make_node("Conv", ["x", "kernel"], ["y"], pads=[1, 1, 1, 1])
    graph = helper.make_graph([node], "convolution", [x], [y], [numpy_helper.from_array(kernel, "kernel")])
    model = compress_weights(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), "int8"
    )
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    assert np.allclose(stored["kernel.scale"].ravel(), np.abs(kernel).max(axis=(1, 2, 3)) / 127)
    restored = stored["kernel.stored"] * stored["kernel.scale"]
    assert np.abs(restored - kernel).max() <= stored["kernel.scale"].max() / 2 + 1e-7
