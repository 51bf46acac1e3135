"""A bundle's weights as the PyTorch networks take them, in one safetensors file: `python -m
wuerstchen.evaluation.reference_weights`.

Stage A's gates are folded into its graph, so that its decoder keeps those of a new network: as fast, but no picture to
look at.
"""

import argparse
from pathlib import Path

import onnx
from safetensors.torch import save

from wuerstchen.config import load_config
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.export.stored_parameters import read_parameters
from wuerstchen.whole_file import whole_file

GRAPHS = {
    "text": ("textEncoder",),
    "stage_c": ("textConditioner", "stageC"),
    "stage_b": ("stageBConditioner", "stageB"),
    "stage_a": ("stageA",),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True, help="the configuration that the bundle was trained with")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    bundle = Bundle(arguments.bundle)
    bundle.stage_c(load_config(arguments.config))  # raises where the configuration describes another network
    tensors = {
        f"{part}.{name}": tensor.contiguous()
        for part, keys in GRAPHS.items()
        for key in keys
        for name, tensor in read_parameters(onnx.load(bundle.path(key))).items()
    }
    with whole_file(arguments.out) as file:
        file.write(save(tensors))


if __name__ == "__main__":
    main()
