"""A graph that computes in half precision, for cards: products of matrices, convolutions and attention read and give
float16; all between them stays float32.

The products hold nearly all weights and work, and cards add their terms up in float32. What stays can overflow in
float16 or loses digits there: the sums of residuals, norms, the squares and sums of response norms, time embeddings,
the quotient of v2's heads.

ONNX Runtime has no such products for processors. It computes them in float32, with the same weights, and leaves out
the roundings between. So a processor runs the graph like one of float16 weights; what a card makes of it is emulated.
"""

import numpy as np
import onnx_ir as ir

# Splits a float32 after the 11 bits that float16 has (Veltkamp): t = 8193 x, rounded = t - (t - x).
SPLITTER, HALF_MAX = 8193.0, 65504.0
PRODUCTS = ("MatMul", "Gemm", "Conv", "ConvTranspose", "MultiHeadAttention")


def compute_in_half(model: ir.Model) -> None:
    """Inputs and outputs of the graph stay what they are. Weights that only products read become float16 themselves;
    a value of them beyond float16's range becomes infinite, which the check of the graph finds.
    """
    graph, halves = model.graph, dict[ir.Value, ir.Value]()
    for node in list(graph):
        if node.op_type not in PRODUCTS:
            continue
        for index, value in enumerate(node.inputs):
            if value is not None and value.dtype == ir.DataType.FLOAT:
                node.replace_input_with(index, halves.get(value) or halves.setdefault(value, _half(graph, value, node)))
        product = node.outputs[0]
        halves[_as_float(graph, product, node)] = product
    for name, value in list(graph.initializers.items()):
        if value in halves and not value.uses():
            graph.initializers.pop(name)


def _half(graph: ir.Graph, value: ir.Value, reader: ir.Node) -> ir.Value:
    """The value as float16: a weight of its own, or a Cast before its first reader."""
    if value.const_value is not None and value.name in graph.initializers:
        return _half_weight(graph, value, value.const_value)
    cast = _cast(value, ir.DataType.FLOAT16)
    cast.outputs[0].name = f"{value.name}.half"
    graph.insert_before(reader, cast)
    return cast.outputs[0]


def _half_weight(graph: ir.Graph, value: ir.Value, tensor: ir.TensorProtocol) -> ir.Value:
    def convert() -> ir.TensorProtocol:
        with np.errstate(over="ignore"):
            return ir.tensor(tensor.numpy().astype(np.float16))

    # Converted one by one, as they are saved.
    half = ir.LazyTensor(convert, ir.DataType.FLOAT16, tensor.shape)
    stored = ir.Value(
        name=f"{value.name}.half", shape=value.shape, type=ir.TensorType(ir.DataType.FLOAT16), const_value=half
    )
    graph.initializers[f"{value.name}.half"] = stored
    return stored


def _as_float(graph: ir.Graph, product: ir.Value, node: ir.Node) -> ir.Value:
    """Has every reader of a product read it as float32, under the name that it had."""
    name, readers = product.name, list(product.uses())
    cast = _cast(product, ir.DataType.FLOAT)
    result = cast.outputs[0]
    for reader, index in readers:
        reader.replace_input_with(index, result)
    for index, output in enumerate(graph.outputs):
        if output is product:
            graph.outputs[index] = result
    product.name, result.name = f"{name}.half", name
    product.type = ir.TensorType(ir.DataType.FLOAT16)
    graph.insert_after(node, cast)
    return result


def _cast(value: ir.Value, to: ir.DataType) -> ir.Node:
    cast = ir.node("Cast", [value], {"to": ir.AttrInt64("to", to.value)})
    cast.outputs[0].type = ir.TensorType(to)
    cast.outputs[0].shape = value.shape
    return cast


def emulate_half(model: ir.Model) -> None:
    """Makes a graph of `compute_in_half` one that a processor can tell the roundings of: float32 throughout, with every
    number rounded to 11 bits that a card would hold as float16, and what is beyond its range not a number.
    """
    graph = model.graph
    for value in list(graph.initializers.values()):
        if value.dtype == ir.DataType.FLOAT16 and all(reader.op_type in PRODUCTS for reader, _ in value.uses()):
            _widen(value)
    for node in list(graph):
        if node.op_type in PRODUCTS:
            node.outputs[0].type = ir.TensorType(ir.DataType.FLOAT)
        elif node.op_type == "Cast" and (source := node.inputs[0]) is not None and source.const_value is None:
            _replace_by_rounding(graph, node, source)


def _widen(value: ir.Value) -> None:
    stored = value.const_value
    assert stored is not None
    value.type = ir.TensorType(ir.DataType.FLOAT)
    value.const_value = ir.LazyTensor(
        lambda: ir.tensor(stored.numpy().astype(np.float32)), ir.DataType.FLOAT, stored.shape
    )


def _replace_by_rounding(graph: ir.Graph, cast: ir.Node, source: ir.Value) -> None:
    """To float16 or back: the first rounds an operand, the second what a product gives."""
    result = cast.outputs[0]
    if ir.DataType.FLOAT16 not in (result.dtype, source.dtype) and not _is_product(source):
        return
    constants = [_constant(graph, number) for number in (SPLITTER, HALF_MAX, float("nan"))]
    splitter, largest, invalid = constants
    product = ir.node("Mul", [source, splitter])
    rest = ir.node("Sub", [product.outputs[0], source])
    rounded = ir.node("Sub", [product.outputs[0], rest.outputs[0]])
    size = ir.node("Abs", [rounded.outputs[0]])
    beyond = ir.node("Greater", [size.outputs[0], largest])
    chosen = ir.node("Where", [beyond.outputs[0], invalid, rounded.outputs[0]])
    chosen.outputs[0].type, chosen.outputs[0].shape = ir.TensorType(ir.DataType.FLOAT), result.shape
    graph.insert_before(cast, [product, rest, rounded, size, beyond, chosen])
    name = result.name
    for reader, index in list(result.uses()):
        reader.replace_input_with(index, chosen.outputs[0])
    for index, output in enumerate(graph.outputs):
        if output is result:
            graph.outputs[index] = chosen.outputs[0]
    graph.remove(cast, safe=True)
    chosen.outputs[0].name = name


def _is_product(value: ir.Value) -> bool:
    producer = value.producer()
    return producer is not None and producer.op_type in PRODUCTS


def _constant(graph: ir.Graph, number: float) -> ir.Value:
    name = f"emulation.{number}"
    if name not in graph.initializers:
        tensor = ir.tensor(np.array(number, np.float32), name=name)
        graph.initializers[name] = ir.Value(
            name=name, shape=tensor.shape, type=ir.TensorType(ir.DataType.FLOAT), const_value=tensor
        )
    return graph.initializers[name]
