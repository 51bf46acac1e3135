"""A module's parameters in an exported graph: read back, and replaced.

The exporter keeps a parameter's name on its initialiser, with one exception: the weight of a Linear that reads
sequences is folded with its transpose into a nameless matrix. The bias added to that product still has its name, and so
tells whose weight the matrix is.
"""

from dataclasses import dataclass

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from wuerstchen.export.rounding import from_blocks, from_columns, to_blocks, to_columns

# The module is the `owner` of the method that was exported, see graphs.py.
PREFIX = "owner."
# What an integer product reads, after the name of what it stands for.
INTEGER_INPUT = ".dequantised"
# Initialisers that belong to another.
BESIDE = (".scale", ".factors", ".step", ".zero")


@dataclass(frozen=True)
class Slot:
    """The value of a graph that holds a parameter, perhaps transposed."""

    value: str
    transposed: bool


def read_parameters(model: onnx.ModelProto) -> dict[str, Tensor]:
    """Every parameter that the graph uses, float32, by its name in the module."""
    return {
        name: torch.from_numpy(_turned(read_values(model.graph, slot.value), slot))
        for name, slot in _slots(model.graph).items()
    }


def replace_parameters(model: onnx.ModelProto, state: dict[str, Tensor]) -> None:
    """Writes those parameters of `state` that the graph uses, stored as before: what is rounded to integers is
    rounded anew.
    """
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for name, slot in _slots(model.graph).items():
        values = _turned(state[name].detach().cpu().numpy(), slot)
        for stored, new in _stored(model.graph, slot.value, values).items():
            tensors[stored].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(new), stored))


def weight_slots(graph: onnx.GraphProto) -> dict[str, Slot]:
    """The parameters that are the right side of a product, by their names in the module."""
    products = {node.input[1] for node in graph.node if node.op_type == "MatMul"}
    return {name: slot for name, slot in _slots(graph).items() if slot.value in products}


def read_values(graph: onnx.GraphProto, value: str) -> np.ndarray:
    """A parameter of the graph in float32, as the graph uses it."""
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    if value in tensors:
        return tensors[value].astype(np.float32)
    stored, scale = tensors[f"{value}.stored"], tensors.get(f"{value}.scale")
    if scale is None:
        return stored.astype(np.float32)
    if stored.dtype == np.uint8:
        return from_blocks(stored, scale, _block_inputs(graph, value))
    steps = _input_steps(graph, value)
    return stored.astype(np.float32) * scale if steps is None else from_columns(stored, scale, steps)


def _stored(graph: onnx.GraphProto, value: str, values: np.ndarray) -> dict[str, np.ndarray]:
    """What the initialisers of a parameter hold for the given values, by their names."""
    kinds = {tensor.name: numpy_helper.to_array(tensor).dtype for tensor in graph.initializer}
    if value in kinds:
        return {value: values.astype(kinds[value])}
    stored, scale = f"{value}.stored", f"{value}.scale"
    if kinds[stored] == np.float16:
        return {stored: values.astype(np.float16)}
    if kinds[stored] == np.uint8:
        return dict(zip((stored, scale), to_blocks(values), strict=True))
    steps = _input_steps(graph, value)
    if steps is None:
        raise ValueError(f"{value} is stored as int8: export the module again")
    return dict(zip((stored, scale), to_columns(values, steps), strict=True))


def _block_inputs(graph: onnx.GraphProto, value: str) -> int:
    node = next(node for node in graph.node if f"{value}.stored" in node.input)
    return next(attribute.i for attribute in node.attribute if attribute.name == "K")


def _input_steps(graph: onnx.GraphProto, value: str) -> np.ndarray | None:
    """(k,) what each input of an integer product was divided by; None where the product is none."""
    read = next((node.input[0] for node in graph.node if node.op_type == "MatMul" and node.input[1] == value), "")
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    if not read.endswith(INTEGER_INPUT):
        return None
    read = read.removesuffix(INTEGER_INPUT)
    factors = tensors.get(f"{read}.factors")
    return np.ones(len(tensors[f"{value}.stored"]), np.float32) if factors is None else 1 / factors


def _slots(graph: onnx.GraphProto) -> dict[str, Slot]:
    values = {tensor.name.removesuffix(".stored") for tensor in graph.initializer if not tensor.name.endswith(BESIDE)}
    slots = {value.removeprefix(PREFIX): Slot(value, False) for value in values if value.startswith(PREFIX)}
    products = {node.output[0]: _right_side(node) for node in graph.node if _right_side(node) in values}
    for node in graph.node:
        if node.op_type == "Add":
            for product, bias in (tuple(node.input), tuple(reversed(node.input))):
                if product in products and bias.startswith(PREFIX) and bias.endswith(".bias"):
                    weight = f"{bias.removesuffix('.bias')}.weight"
                    slots.setdefault(weight.removeprefix(PREFIX), Slot(products[product], True))
    return slots


def _right_side(node: onnx.NodeProto) -> str:
    return node.input[1].removesuffix(".stored") if node.op_type in ("MatMul", "MatMulNBits") else ""


def _turned(values: np.ndarray, slot: Slot) -> np.ndarray:
    return np.array(values.T if slot.transposed else values, order="C")
