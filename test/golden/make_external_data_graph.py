"""Writes external-data.onnx and external-data.onnx.data beside this file: sum = input + weights, the weights in a file of their own.

Run by hand:  python test/golden/make_external_data_graph.py
The committed files came from onnx 1.23.2.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTH = 8

weights = numpy_helper.from_array(np.arange(WIDTH, dtype=np.float32) / 4, "weights")
ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ("b", WIDTH)) for name in ("input", "sum")]
graph = helper.make_graph([helper.make_node("Add", ["input", "weights"], ["sum"])], "external-data", ports[:1], ports[1:], [weights])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
path = Path(__file__).parent / "external-data.onnx"
data = path.with_name(f"{path.name}.data")
data.unlink(missing_ok=True)
onnx.save(model, path, save_as_external_data=True, location=data.name, size_threshold=0)
