"""A module's parameters in an exported graph: read back, and replaced.

The exporter keeps a parameter's name on its initialiser, with one exception: the weight of a Linear that reads sequences is folded with
its transpose into a nameless matrix. The bias added to that product still has its name, and so tells whose weight the matrix is.
"""

from dataclasses import dataclass

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

# The module is the `owner` of the method that was exported, see graphs.py.
PREFIX = "owner."


@dataclass(frozen=True)
class Slot:
    """The value of a graph that holds a parameter, perhaps transposed."""

    value: str
    transposed: bool


def read_parameters(model: onnx.ModelProto) -> dict[str, Tensor]:
    """Every parameter that the graph uses, float32, by its name in the module."""
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    return {name: torch.from_numpy(_read(tensors, slot)) for name, slot in _slots(model.graph).items()}


def replace_parameters(model: onnx.ModelProto, state: dict[str, Tensor]) -> None:
    """Writes those parameters of `state` that the graph uses, stored as before. Raises ValueError for one that is stored as int8."""
    places = {tensor.name: index for index, tensor in enumerate(model.graph.initializer)}
    for name, slot in _slots(model.graph).items():
        stored = slot.value if slot.value in places else f"{slot.value}.stored"
        old = model.graph.initializer[places[stored]]
        kind = numpy_helper.to_array(old).dtype
        if kind == np.int8:
            raise ValueError(f"{name} is stored as int8: export the module again")
        values = state[name].detach().cpu().numpy()
        values = np.ascontiguousarray(values.T if slot.transposed else values)
        old.CopyFrom(numpy_helper.from_array(values.astype(kind), stored))


def _slots(graph: onnx.GraphProto) -> dict[str, Slot]:
    values = {tensor.name.removesuffix(".stored") for tensor in graph.initializer if not tensor.name.endswith(".scale")}
    slots = {value.removeprefix(PREFIX): Slot(value, False) for value in values if value.startswith(PREFIX)}
    products = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "MatMul" and node.input[1] in values}
    for node in graph.node:
        if node.op_type == "Add":
            for product, bias in (tuple(node.input), tuple(reversed(node.input))):
                if product in products and bias.startswith(PREFIX) and bias.endswith(".bias"):
                    weight = f"{bias.removesuffix('.bias')}.weight"
                    slots.setdefault(weight.removeprefix(PREFIX), Slot(products[product], True))
    return slots


def _read(tensors: dict[str, onnx.TensorProto], slot: Slot) -> np.ndarray:
    stored = tensors.get(slot.value) or tensors[f"{slot.value}.stored"]
    values = numpy_helper.to_array(stored).astype(np.float32)
    if (scale := tensors.get(f"{slot.value}.scale")) is not None:
        values = values * numpy_helper.to_array(scale)
    return np.array(values.T if slot.transposed else values, order="C")
