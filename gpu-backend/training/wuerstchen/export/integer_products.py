"""Matrix products in integer arithmetic: inputs as bytes, weights as integers of 7 bits, both with scales that are
fixed here.

A CPU with byte dot products computes them two to three times as fast as float32. Integers are added exactly, and
nothing is found out in a run, so what a product gives depends neither on its company in a batch nor on the processor.
Every input channel has a range of its own; part of what a wide channel has too much is given to its weights
(SmoothQuant, Xiao et al. 2022). What one channel is divided by is folded into the norm or the affine map before it
where there is one, so it costs nothing.

Standard QuantizeLinear and DequantizeLinear nodes say all this, so a runtime without integer products still computes
the graph.
"""

import re
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper, numpy_helper

from wuerstchen.export.rounding import to_columns
from wuerstchen.export.stored_parameters import INTEGER_INPUT, read_values, weight_slots

INPUT_MAX = 127  # around a zero point of 128
# Inputs may be this much larger than any that was seen.
MARGIN = 1.1
# Share of a channel's range that stays with the inputs; 0.75 gave the best pictures of 0.5, 0.75 and 1.
SMOOTHNESS = 0.75


@dataclass(frozen=True)
class Product:
    """Products that read one input: `node` is the first of them, `weights` the values they multiply it with."""

    read: str
    nodes: tuple[onnx.NodeProto, ...]
    weights: tuple[str, ...]


def find_products(graph: onnx.GraphProto, parameters: str) -> list[Product]:
    """The products whose weight is a parameter that the regular expression finds, by the input that they share."""
    chosen = {slot.value for name, slot in weight_slots(graph).items() if re.search(parameters, name)}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in chosen:
            readers.setdefault(node.input[0], []).append(node)
    return [Product(read, tuple(nodes), tuple(node.input[1] for node in nodes)) for read, nodes in readers.items()]


def to_integer_products(model: onnx.ModelProto, parameters: str, ranges: dict[str, np.ndarray]) -> onnx.ModelProto:
    """A copy in which the chosen products are integer ones. `ranges`: the largest size of each channel of every
    product's input.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    for product in find_products(result.graph, parameters):
        _convert(result.graph, product, np.maximum(ranges[product.read] * MARGIN, 1e-6).astype(np.float32))
    return result


def _convert(graph: onnx.GraphProto, product: Product, largest: np.ndarray) -> None:
    weights = {name: read_values(graph, name) for name in product.weights}
    read, steps = product.read, _smooth_steps(largest, list(weights.values()))
    step = np.float32(1)
    if not _fold(graph, product, 1 / steps):
        step, steps = np.float32(largest.max() / INPUT_MAX), np.ones_like(steps)
    scale, zero = _add(graph, f"{read}.step", step), _add(graph, f"{read}.zero", np.uint8(128))
    new = [
        helper.make_node("QuantizeLinear", [product.nodes[0].input[0], scale, zero], [f"{read}.bytes"]),
        helper.make_node("DequantizeLinear", [f"{read}.bytes", scale, zero], [f"{read}{INTEGER_INPUT}"]),
    ]
    for name, values in weights.items():
        _remove(graph, name)
        integers, scales = to_columns(values, steps)
        stored = [_add(graph, f"{name}.stored", integers), _add(graph, f"{name}.scale", scales)]
        new.append(helper.make_node("DequantizeLinear", stored, [name], axis=1))
    _insert_before(graph, product.nodes[0], new)
    for node in product.nodes:
        node.input[0] = f"{read}{INTEGER_INPUT}"


def _smooth_steps(largest: np.ndarray, weights: list[np.ndarray]) -> np.ndarray:
    """(k,) what one unit of each input channel stands for: with it, no channel leaves ±INPUT_MAX."""
    heaviest = np.max([np.abs(values).max(axis=1) for values in weights], axis=0)
    shares = largest**SMOOTHNESS / np.maximum(heaviest, 1e-6) ** (1 - SMOOTHNESS)
    return (shares * (largest / shares).max() / INPUT_MAX).astype(np.float32)


def _fold(graph: onnx.GraphProto, product: Product, factors: np.ndarray) -> bool:
    """Multiplies the product's input by `factors`, one a channel, on its way there. False where that would take a
    pass of its own.
    """
    makers = {output: node for node in graph.node for output in node.output}
    name, maker = f"{product.read}.factors", makers.get(product.read)
    if not _all_read_by(graph, product.read, product.nodes):
        return False
    if maker is not None and maker.op_type == "Reshape" and _all_read_by(graph, maker.input[0], (maker,)):
        maker = makers.get(maker.input[0])
    if maker is None:
        return False
    if maker.op_type == "LayerNormalization" and _is_ones(graph, maker.input[1]) and len(maker.input) == 2:
        maker.input[1] = _add(graph, name, factors)
        return True
    affine = makers.get(maker.input[0]) if maker.op_type == "Add" else None
    if affine is None or affine.op_type != "Mul" or not _is_constant(graph, maker.input[1]):
        return False
    if not _all_read_by(graph, affine.output[0], (maker,)):
        return False
    _add(graph, name, factors)
    for node, place in ((affine, 1), (maker, 1)):
        scaled = f"{product.read}.{node.op_type.lower()}"
        _insert_before(graph, affine, [helper.make_node("Mul", [node.input[place], name], [scaled])])
        node.input[place] = scaled
    return True


def _all_read_by(graph: onnx.GraphProto, value: str, nodes: tuple[onnx.NodeProto, ...]) -> bool:
    outputs = {node.output[0] for node in nodes}
    return all(node.output[0] in outputs for node in graph.node if value in node.input)


def _is_constant(graph: onnx.GraphProto, name: str) -> bool:
    stored = {tensor.name for tensor in graph.initializer}
    return name in stored or any(
        name in node.output and node.input[0] in stored for node in graph.node if node.op_type == "Cast"
    )


def _is_ones(graph: onnx.GraphProto, name: str) -> bool:
    return any(tensor.name == name and bool(np.all(numpy_helper.to_array(tensor) == 1)) for tensor in graph.initializer)


def _add(graph: onnx.GraphProto, name: str, values: np.ndarray) -> str:
    graph.initializer.append(numpy_helper.from_array(np.asarray(values), name))
    return name


def _remove(graph: onnx.GraphProto, value: str) -> None:
    """The stored form of a weight and the nodes that made it float32."""
    for node in [node for node in graph.node if value in node.output]:
        graph.node.remove(node)
    for tensor in [
        tensor for tensor in graph.initializer if tensor.name in (value, f"{value}.stored", f"{value}.scale")
    ]:
        graph.initializer.remove(tensor)


def _insert_before(graph: onnx.GraphProto, node: onnx.NodeProto, new: list[onnx.NodeProto]) -> None:
    index = next(i for i, other in enumerate(graph.node) if other.output[0] == node.output[0])
    for offset, other in enumerate(new):
        graph.node.insert(index + offset, other)
