"""A graph that stands in for an image encoder: the mean of each colour of a picture of 28×28 pixels.

Writes image-encoder.onnx beside this file.
    python test/golden/make_image_encoder_graph.py
"""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

HERE = Path(__file__).resolve().parent


def main() -> None:
    picture = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["b", 3, 28, 28])
    states = helper.make_tensor_value_info("image_states", TensorProto.FLOAT, ["b", 3])
    nodes = [helper.make_node("GlobalAveragePool", ["image"], ["mean"]), helper.make_node("Flatten", ["mean"], ["image_states"])]
    graph = helper.make_graph(nodes, "image-encoder", [picture], [states])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, HERE / "image-encoder.onnx")


if __name__ == "__main__":
    main()
