"""Small files, float32 arithmetic: weights are stored as float16 or int8 and turned back by Cast and Mul nodes.

ONNX Runtime folds these nodes when it loads the graph, so a run costs what it did. (DequantizeLinear would say the same, but is not
folded.) int8 is symmetric, one scale for each entry of the axis that a matrix product or convolution does not sum over.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SMALL_ELEMENTS_MAX = 1024


def compress_weights(model: onnx.ModelProto, storage: str) -> onnx.ModelProto:
    """A copy whose large float32 initialisers are stored as `storage`, "float16" or "int8". Inputs and outputs stay as they are."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    summed_axis = _summed_axes(result.graph)
    kept, nodes = [], []
    for tensor in result.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) <= SMALL_ELEMENTS_MAX:
            kept.append(tensor)
            continue
        values = numpy_helper.to_array(tensor)
        if storage == "int8":
            kept += _quantise(tensor.name, values, summed_axis.get(tensor.name, tuple(range(1, values.ndim))), nodes)
        else:
            kept.append(numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.stored"))
            nodes.append(helper.make_node("Cast", [f"{tensor.name}.stored"], [tensor.name], to=TensorProto.FLOAT))
    body = list(result.graph.node)
    del result.graph.initializer[:], result.graph.node[:]
    result.graph.initializer.extend(kept)
    result.graph.node.extend([*nodes, *body])
    return result


def _summed_axes(graph: onnx.GraphProto) -> dict[str, int]:
    """The axis each matrix weight is summed over: 0 for the right side of MatMul and Gemm, 1 where Gemm transposes it."""
    axes = {}
    for node in graph.node:
        if node.op_type == "MatMul":
            axes[node.input[1]] = 0
        elif node.op_type == "Gemm":
            axes[node.input[1]] = 1 if any(a.name == "transB" and a.i == 1 for a in node.attribute) else 0
    return axes


def _quantise(name: str, values: np.ndarray, axis: int | tuple[int, ...], nodes: list[onnx.NodeProto]) -> list[TensorProto]:
    scale = np.maximum(np.abs(values).max(axis=axis, keepdims=True), 1e-12).astype(np.float32) / 127
    stored = np.rint(values / scale).astype(np.int8)
    nodes.append(helper.make_node("Cast", [f"{name}.stored"], [f"{name}.wide"], to=TensorProto.FLOAT))
    nodes.append(helper.make_node("Mul", [f"{name}.wide", f"{name}.scale"], [name]))
    return [numpy_helper.from_array(stored, f"{name}.stored"), numpy_helper.from_array(scale, f"{name}.scale")]
