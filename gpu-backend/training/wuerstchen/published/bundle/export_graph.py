"""Writes one graph, its weights beside it where they are large, and holds it against the released network at two
shapes.
"""

import logging
import math
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx_ir as ir
import onnxruntime
import torch
from torch import Tensor, nn
from torch.export import Dim

from wuerstchen.export.graphs import Port
from wuerstchen.models.blocks import timestep_embedding
from wuerstchen.published.bundle.graphs import HEADS, Graph, Outputs
from wuerstchen.published.bundle.half_precision import compute_in_half, emulate_half

OPSET = 20
# Letters of the ports: b batch, h and w sides in a graph's own units, p pictures among the conditions, t tokens.
EXPORTED_SIZES = {"b": 2, "h": 3, "w": 5, "p": 4, "t": 11}
CHECKED_SIZES = ({"b": 1, "h": 2, "w": 3, "p": 1, "t": 9}, {"b": 3, "h": 4, "w": 2, "p": 3, "t": 13})
# Relative to the largest value of an output: a graph says what PyTorch says up to the order of float32 additions.
TOLERANCE = 1e-4
# In half precision the small biases that a product reads are rounded too.
HALF_TOLERANCE = 1e-3
FLOAT16_PSNR_DB_MIN = 40.0
SMALL_ELEMENTS_MAX = 1024
# A protocol buffer holds 2 GiB at most; well below it, so that a file can still be opened by every tool.
INLINE_BYTES_MAX = 256 * 1024**2

Report = Callable[[int], None]  # bytes of weights written


@dataclass(frozen=True)
class Target:
    """`directory`/`name`.onnx, and `name`.onnx.data beside it where the weights have more than `inline_bytes_max`
    bytes. `precision` "half": products compute in float16, and weights are stored so.
    """

    directory: Path
    name: str
    weights: str = "float32"
    inline_bytes_max: int = INLINE_BYTES_MAX
    report: Report = lambda _: None
    precision: str = "float32"


@dataclass(frozen=True)
class Written:
    """`files` lie in the target's folder; PSNR of what the graph gives against the released network, peak = its
    largest value: of the first output, or of v2's heads.
    """

    files: tuple[str, ...]
    weights: str
    psnr_db: float
    precision: str = "float32"


@torch.no_grad()
def export_graph(graph: Graph, target: Target) -> Written:
    """Raises ArithmeticError where the graph differs from the network, or where float16 cannot hold its weights
    well enough.
    """
    examples = [example_inputs(graph, sizes, seed) for seed, sizes in enumerate(CHECKED_SIZES)]
    released = [_tuple(graph.expected(*inputs)) for inputs in examples]
    module = graph.exported().eval()
    precision = target.precision if graph.compressible else "float32"
    stored = "float16" if precision == "half" else target.weights if graph.compressible else "float32"
    expected = released
    if stored == "float16":
        round_parameters(module, graph.key)
        expected = [_tuple(module(*inputs)) for inputs in examples]
    model = _trace(graph, module)
    if precision == "half":
        compute_in_half(model)
    if stored == "float16":
        store_as_float16(model)
    files = _save(model, target)
    del module
    emulated = _run_emulated(graph, model, target, examples) if precision == "half" else None
    del model
    if emulated is not None:
        _require_psnr(graph.key, "half precision", _decibels(graph, emulated, released))
    ran = _run(graph, target.directory / files[0], examples)
    for inputs, given, wanted in zip(examples, ran, expected, strict=True):
        _compare(graph, inputs, given, wanted, HALF_TOLERANCE if precision == "half" else TOLERANCE)
    decibels = _decibels(graph, ran if emulated is None else emulated, released)
    if stored == "float16":
        _require_psnr(graph.key, "float16 weights", decibels)
    return Written(files, stored, round(decibels, 1), precision)


def example_inputs(graph: Graph, sizes: dict[str, int], seed: int) -> tuple[Tensor, ...]:
    """Random inputs with b, h and w of `sizes`."""
    generator = torch.Generator().manual_seed(seed)

    def one(port: Port) -> Tensor:
        shape = [_size(dimension, sizes) for dimension in port.shape]
        if port.dtype == "int64":
            real = torch.arange(shape[1]) < torch.arange(3, 3 + shape[0])[:, None] % shape[1]  # another length a row
            return (
                real.long()
                if port.name == "token_mask"
                else torch.where(real & (torch.arange(shape[1]) != 2), 0, graph.end_token)
            )
        if port.name == "timestep_embedding":
            return timestep_embedding(torch.linspace(0.3, 1, shape[0]), shape[1])
        random = torch.randn(shape, generator=generator)
        return random.sigmoid() if port.name == "image" else random

    return tuple(one(port) for port in graph.inputs)


def round_parameters(module: nn.Module, key: str) -> None:
    """Large parameters to what float16 can hold, kept as float32. Raises ArithmeticError for one that is out of its
    range.
    """
    for name, parameter in module.named_parameters():
        if parameter.numel() > SMALL_ELEMENTS_MAX:
            rounded = parameter.detach().half().float()
            if not rounded.isfinite().all():
                raise ArithmeticError(f"{key}: {name} has values beyond float16's range; use float32")
            parameter.data = rounded


def store_as_float16(model: ir.Model) -> None:
    """Large weights that float16 holds exactly become float16 and a Cast each, which ONNX Runtime folds when it loads
    the graph.

    Nothing is lost: parameters were rounded before, and constants that were computed from others stay float32."""
    casts = []
    for name, value in list(model.graph.initializers.items()):
        tensor = value.const_value
        if (
            tensor is None
            or tensor.dtype != ir.DataType.FLOAT
            or tensor.size <= SMALL_ELEMENTS_MAX
            or not _fits_float16(tensor.numpy())
        ):
            continue
        # Converted one by one, as they are saved.
        half = ir.LazyTensor(
            lambda tensor=tensor: ir.tensor(tensor.numpy().astype(np.float16)), ir.DataType.FLOAT16, tensor.shape
        )
        stored = ir.Value(
            name=f"{name}.stored", shape=tensor.shape, type=ir.TensorType(ir.DataType.FLOAT16), const_value=half
        )
        cast = ir.node("Cast", [stored], {"to": ir.AttrInt64("to", ir.DataType.FLOAT.value)})
        model.graph.initializers.pop(name)
        ir.convenience.replace_all_uses_with(value, cast.outputs[0])
        cast.outputs[0].name = name
        model.graph.initializers[f"{name}.stored"] = stored
        casts.append(cast)
    for cast in casts:
        model.graph.insert_before(model.graph[0], cast)


def _fits_float16(values: np.ndarray) -> bool:
    with np.errstate(over="ignore"):
        return bool((values.astype(np.float16) == values).all())


def _trace(graph: Graph, module: nn.Module) -> ir.Model:
    """The graph with float32 weights, without the exporter's notes on where each node came from."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of operators that nothing here uses
    letters = {letter: Dim(letter, min=1) for letter in EXPORTED_SIZES}
    shapes = tuple(
        {axis: _dim(size, letters) for axis, size in enumerate(port.shape) if isinstance(size, str)}
        for port in graph.inputs
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            example_inputs(graph, EXPORTED_SIZES, seed=0),
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes=(shapes,),
            input_names=[port.name for port in graph.inputs],
            output_names=[port.name for port in graph.outputs],
            verbose=False,
        )
    assert program is not None
    program.model.metadata_props.clear()
    # The ranges of the axes stand here in the order of a set, which differs from run to run.
    program.model.graph.metadata_props.clear()
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()
        node.doc_string = None
    return program.model


def _save(model: ir.Model, target: Target) -> tuple[str, ...]:
    file, size = (
        f"{target.name}.onnx",
        sum(value.const_value.nbytes for value in model.graph.initializers.values() if value.const_value),
    )
    if size <= target.inline_bytes_max:
        ir.save(model, target.directory / file)
        target.report(size)
        return (file,)
    ir.save(
        model,
        target.directory / file,
        external_data=f"{file}.data",
        callback=lambda tensor, _: target.report(tensor.nbytes),
    )
    return file, f"{file}.data"


def _run(graph: Graph, path: Path, examples: list[tuple[Tensor, ...]]) -> list[list[np.ndarray]]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [port.name for port in graph.inputs]
    return [
        session.run(None, {name: tensor.numpy() for name, tensor in zip(names, inputs, strict=True)})
        for inputs in examples
    ]


def _run_emulated(
    graph: Graph, model: ir.Model, target: Target, examples: list[tuple[Tensor, ...]]
) -> list[list[np.ndarray]]:
    """What a card makes of a graph in half precision, which is spoiled. Takes the float32 weights' room on disk for as
    long as it runs.
    """
    emulate_half(model)
    with tempfile.TemporaryDirectory(dir=target.directory) as folder:
        files = _save(model, replace(target, directory=Path(folder), report=lambda _: None))
        return _run(graph, Path(folder) / files[0], examples)


def _compare(
    graph: Graph, inputs: tuple[Tensor, ...], got: list[np.ndarray], expected: tuple[Tensor, ...], tolerance: float
) -> None:
    given = dict(zip([port.name for port in graph.outputs], got, strict=True))
    wanted = dict(zip(given, (tensor.numpy() for tensor in expected), strict=True))
    if tuple(given) == HEADS:
        # Where the deviation is near 0 the quotient says nothing of the network, so the graph's own must be what its
        # heads make.
        x = inputs[0].numpy()
        given["noise"], wanted["noise"] = given["noise"] * given["deviation_head"] + given["clean_head"], x
    for name, value in wanted.items():
        difference = float(np.abs(given[name] - value).max() / np.abs(value).max().clip(1e-6))
        if not difference <= tolerance:  # also where it is not a number
            raise ArithmeticError(
                f"{graph.key}: {name} differs from PyTorch by {difference:.1e} of its peak at {value.shape}"
            )


def _psnr(got: np.ndarray, expected: np.ndarray) -> float:
    error = float(np.square(got.astype(np.float64) - expected).mean())
    return 200.0 if error == 0 else 10 * math.log10(float(np.abs(expected).max()) ** 2 / error)


def _decibels(graph: Graph, got: list[list[np.ndarray]], released: list[tuple[Tensor, ...]]) -> float:
    """Of the first output, or of v2's heads: beside a deviation near 0 their quotient says nothing."""
    heads = tuple(port.name for port in graph.outputs) == HEADS
    chosen = slice(1, None) if heads else slice(0, 1)
    return min(
        _psnr(given, wanted.numpy())
        for outputs, expected in zip(got, released, strict=True)
        for given, wanted in list(zip(outputs, expected, strict=True))[chosen]
    )


def _require_psnr(key: str, what: str, decibels: float) -> None:
    if not decibels >= FLOAT16_PSNR_DB_MIN:  # also where it is not a number
        raise ArithmeticError(f"{key}: {what} gives {decibels:.1f} dB, less than {FLOAT16_PSNR_DB_MIN}; use float32")


def _tuple(outputs: Outputs) -> tuple[Tensor, ...]:
    return outputs if isinstance(outputs, tuple) else (outputs,)


def _size(dimension: int | str, sizes: dict[str, int]) -> int:
    if isinstance(dimension, int):
        return dimension
    factor, _, letter = dimension.rpartition("*")
    return sizes[letter] * int(factor or 1)


def _dim(dimension: str, letters: dict[str, Dim]) -> Dim:
    factor, _, letter = dimension.rpartition("*")
    return letters[letter] * int(factor) if factor else letters[letter]
