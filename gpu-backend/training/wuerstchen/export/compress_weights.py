"""Small files: weights are stored as float16 or int8.

float16 is turned back by Cast nodes, which ONNX Runtime folds when it loads the graph, so a run costs what it did. int8
is symmetric. Of matrix products and tables it stays in memory: a product rounds its inputs to bytes as well, with a
scale for each block of each row (MatMulNBits), so a row's result does not depend on the others. Other int8 weights are
turned back, one scale for each output channel.
"""

from collections import Counter

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from wuerstchen.export.rounding import to_blocks
from wuerstchen.export.stored_parameters import BESIDE

SMALL_ELEMENTS_MAX = 1024
CONTRIB = "com.microsoft"
INPUTS_AS_INT8 = 4  # accuracy_level of MatMulNBits


def compress_weights(model: onnx.ModelProto, storage: str) -> onnx.ModelProto:
    """A copy whose large float32 initialisers are stored as `storage`, "float16" or "int8"; with "float32" they stay.
    Inputs and outputs stay as they are.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    if storage == "float32":
        return result
    if storage == "int8":
        _keep_integers(result)
    axes = _summed_axes(result.graph)
    kept, nodes = [], []
    for tensor in result.graph.initializer:
        if (
            tensor.data_type != TensorProto.FLOAT
            or np.prod(tensor.dims) <= SMALL_ELEMENTS_MAX
            or tensor.name.endswith(BESIDE)
        ):
            kept.append(tensor)
            continue
        values = numpy_helper.to_array(tensor)
        if storage == "int8":
            kept += _quantise(tensor.name, values, axes.get(tensor.name, tuple(range(1, values.ndim))), nodes)
        else:
            kept.append(numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.stored"))
            nodes.append(helper.make_node("Cast", [f"{tensor.name}.stored"], [tensor.name], to=TensorProto.FLOAT))
    body = list(result.graph.node)
    del result.graph.initializer[:], result.graph.node[:]
    result.graph.initializer.extend(kept)
    result.graph.node.extend([*nodes, *body])
    return result


def _keep_integers(model: onnx.ModelProto) -> None:
    """Weights of products and rows of tables stay integers in memory too: a quarter of what float32 takes."""
    tensors = {tensor.name: tensor for tensor in model.graph.initializer if np.prod(tensor.dims) > SMALL_ELEMENTS_MAX}
    body = list(model.graph.node)
    readers = Counter(value for node in body for value in node.input)
    del model.graph.node[:]
    for node in body:
        place = {"MatMul": 1, "Gather": 0}.get(node.op_type)
        tensor = None if place is None or readers[node.input[place]] > 1 else tensors.get(node.input[place])
        if tensor is None or tensor.data_type != TensorProto.FLOAT or len(tensor.dims) != 2:
            model.graph.node.append(node)
            continue
        values = numpy_helper.to_array(tensor)
        model.graph.initializer.remove(tensor)
        stored, new = _block_product(node, values) if place == 1 else _rows_of_table(node, values)
        model.graph.initializer.extend(stored)
        model.graph.node.extend(new)
    if any(node.domain == CONTRIB for node in model.graph.node):
        model.opset_import.append(helper.make_opsetid(CONTRIB, 1))


def _block_product(node: onnx.NodeProto, values: np.ndarray) -> tuple[list[TensorProto], list[onnx.NodeProto]]:
    name, (blocks, scale) = node.input[1], to_blocks(values)
    sizes = {"K": values.shape[0], "N": values.shape[1], "bits": 8, "block_size": blocks.shape[2]}
    inputs = [node.input[0], f"{name}.stored", f"{name}.scale"]
    product = helper.make_node(
        "MatMulNBits", inputs, list(node.output), domain=CONTRIB, accuracy_level=INPUTS_AS_INT8, **sizes
    )
    return [numpy_helper.from_array(blocks, inputs[1]), numpy_helper.from_array(scale, inputs[2])], [product]


def _rows_of_table(node: onnx.NodeProto, values: np.ndarray) -> tuple[list[TensorProto], list[onnx.NodeProto]]:
    name, picked = node.input[0], node.output[0]
    scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-12).astype(np.float32) / 127
    stored = [numpy_helper.from_array(np.rint(values / scale).astype(np.int8), f"{name}.stored")]
    nodes = [
        helper.make_node("Gather", [f"{name}.stored", node.input[1]], [f"{picked}.stored"]),
        helper.make_node("Gather", [f"{name}.scale", node.input[1]], [f"{picked}.scale"]),
        helper.make_node("Cast", [f"{picked}.stored"], [f"{picked}.wide"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{picked}.wide", f"{picked}.scale"], [picked]),
    ]
    return [*stored, numpy_helper.from_array(scale, f"{name}.scale")], nodes


def _summed_axes(graph: onnx.GraphProto) -> dict[str, int]:
    """The axis each matrix weight is summed over: 0 for the right side of MatMul and Gemm, 1 where Gemm transposes
    it.
    """
    axes = {}
    for node in graph.node:
        if node.op_type == "MatMul":
            axes[node.input[1]] = 0
        elif node.op_type == "Gemm":
            axes[node.input[1]] = 1 if any(a.name == "transB" and a.i == 1 for a in node.attribute) else 0
    return axes


def _quantise(
    name: str, values: np.ndarray, axis: int | tuple[int, ...], nodes: list[onnx.NodeProto]
) -> list[TensorProto]:
    scale = np.maximum(np.abs(values).max(axis=axis, keepdims=True), 1e-12).astype(np.float32) / 127
    stored = np.rint(values / scale).astype(np.int8)
    nodes.append(helper.make_node("Cast", [f"{name}.stored"], [f"{name}.wide"], to=TensorProto.FLOAT))
    nodes.append(helper.make_node("Mul", [f"{name}.wide", f"{name}.scale"], [name]))
    return [numpy_helper.from_array(stored, f"{name}.stored"), numpy_helper.from_array(scale, f"{name}.scale")]
