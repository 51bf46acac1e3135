"""A copy of a bundle that computes most matrix products of its stages in integers: faster, and smaller.

`python -m wuerstchen.export.integer --config configs/emoji-128.toml --bundle BUNDLE --calibration FILE --prompts FILE
--out COPY` draws the prompts of the first file to see what values the products read, and rounds them to bytes
accordingly. Those of the second file are then drawn with both bundles from the same noise, and the PSNR of their
pictures is printed. What is rounded: integer_products.py.
"""

import argparse
import math
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper
from rich.progress import track
from torch import Tensor

from wuerstchen.config import Config, load_config
from wuerstchen.export.bundle import save_graph
from wuerstchen.export.integer_products import find_products, to_integer_products
from wuerstchen.export.manifest import write_manifest
from wuerstchen.export.open_bundle import Bundle
from wuerstchen.plain_errors import plain_errors
from wuerstchen.stopped import ends_when_stopped
from wuerstchen.utf8 import utf8_text
from wuerstchen.whole_file import whole_folder

# By graph, which parameters; a conditioner without a direct decoder's features has none of them.
INTEGER_PARAMETERS = {
    "stageBConditioner": r"\.(expand|reduce)\.weight$",
    "stageB": r"\.(expand|reduce)\.weight$",
    "stageA": r"\.mlp\.\d\.weight$",
}
# Each of Stage C's steps goes on from the one before, so that a rounded one can lead to another picture: by default it
# stays float. What its Linears `reduce` and `out` read is of such different sizes that 8 bits are few.
STAGE_C = {
    "float": None,
    "part": r"\.(expand|query|key|value)\.weight$",
    "whole": r"\.(expand|reduce|query|key|value|out)\.weight$",
}
# Guidance makes large values: callers may ask for more than the default.
GUIDANCE_FACTORS = (1.0, 2.0)
Feed = dict[str, np.ndarray]


class ListeningBundle(Bundle):
    """Keeps what every graph in question was given."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.feeds: dict[str, list[Feed]] = {key: [] for key in (*INTEGER_PARAMETERS, "stageC")}

    def run(self, key: str, *inputs: Tensor) -> Tensor:
        if key in self.feeds:
            names = [port["name"] for port in self.manifest["graphs"][key]["inputs"]]
            self.feeds[key].append({name: tensor.numpy() for name, tensor in zip(names, inputs, strict=True)})
        return super().run(key, *inputs)


def draw(bundle: Bundle, config: Config, prompts: list[str], guidance: float) -> Tensor:
    """(n, 3, side, side) in [0, 1], what is transparent on white; picture i from the noise of seed i."""
    side = config.image_side // config.latent.downscale
    shape = (1, config.latent.channels, side, side)
    noise = torch.cat(
        [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in range(len(prompts))]
    )
    return bundle.picture(bundle.latents(prompts, noise, config, guidance), config)


def input_ranges(model: onnx.ModelProto, values: list[str], feeds: list[Feed]) -> dict[str, np.ndarray]:
    """The largest size of each channel (last axis) of the named values over all feeds."""
    seen = onnx.ModelProto()
    seen.CopyFrom(model)
    del seen.graph.output[:]
    seen.graph.output.extend(helper.make_tensor_value_info(value, TensorProto.FLOAT, None) for value in values)
    session = onnxruntime.InferenceSession(seen.SerializeToString(), providers=["CPUExecutionProvider"])
    ranges: dict[str, np.ndarray] = {}
    for feed in feeds:
        for value, got in zip(values, session.run(None, feed), strict=True):
            largest = np.abs(got).reshape(-1, got.shape[-1]).max(axis=0)
            ranges[value] = np.maximum(ranges.get(value, largest), largest)
    return ranges


def write_integer_bundle(base: Path, config: Config, prompts: list[str], out: Path, stage_c: str = "float") -> None:
    """`stage_c`: one of STAGE_C, which of its Linears between sequences. Raises FileExistsError where `out` holds
    files.
    """
    chosen = STAGE_C[stage_c]
    parameters = INTEGER_PARAMETERS if chosen is None else {**INTEGER_PARAMETERS, "stageC": chosen}
    with whole_folder(out) as directory:
        _fill(directory, ListeningBundle(base), config, prompts, parameters)


def _fill(directory: Path, bundle: ListeningBundle, config: Config, prompts: list[str], chosen: dict[str, str]) -> None:
    for factor in track(GUIDANCE_FACTORS, description="prompts"):
        draw(bundle, config, prompts, factor * config.sampler_c.guidance_scale)
    shutil.copytree(bundle.directory, directory, dirs_exist_ok=True)
    for key, parameters in track(chosen.items(), description="graphs"):
        model = onnx.load(bundle.path(key))
        reads = [product.read for product in find_products(model.graph, parameters)]
        if not reads:
            continue
        rounded = to_integer_products(model, parameters, input_ranges(model, reads, bundle.feeds[key]))
        save_graph(rounded, directory / bundle.path(key).name)
    write_manifest(bundle.manifest, directory)


def picture_psnr(base: Path, copy: Path, config: Config, prompts: list[str]) -> list[float]:
    """dB, of each prompt's picture by the copy against the one by the base; 99 where they are equal."""
    theirs, ours = (
        draw(Bundle(directory), config, prompts, config.sampler_c.guidance_scale) for directory in (base, copy)
    )
    errors = (theirs - ours).pow(2).flatten(1).mean(1).tolist()
    return [99.0 if error == 0 else -10 * math.log10(error) for error in errors]


def read_prompts(path: Path) -> list[str]:
    return [line.strip() for line in utf8_text(path).splitlines() if line.strip()]


def run(arguments: argparse.Namespace) -> None:
    config = load_config(arguments.config)
    prompts = read_prompts(arguments.calibration)
    write_integer_bundle(arguments.bundle, config, prompts, arguments.out, arguments.stage_c)
    figures = sorted(picture_psnr(arguments.bundle, arguments.out, config, read_prompts(arguments.prompts)))
    print(f"{len(figures)} pictures: {np.median(figures):.1f} dB against the float ones (least {figures[0]:.1f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True, help="the configuration that the bundle was trained with")
    parser.add_argument(
        "--bundle",
        type=Path,
        required=True,
        help="with float16 stages, as `python -m wuerstchen.export.bundle` writes it",
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        required=True,
        help="prompts of the kind that callers will send, one a line; some 50",
    )
    parser.add_argument("--prompts", type=Path, required=True, help="other prompts, whose pictures are compared")
    parser.add_argument("--out", type=Path, required=True, help="folder of the copy")
    parser.add_argument(
        "--stage-c",
        choices=STAGE_C,
        default="float",
        help="round some Linears of Stage C, or the whole of it: its steps take three quarters or two thirds of the "
        "time, and pictures move further; default: float",
    )
    arguments = parser.parse_args()
    with plain_errors("export.integer"), ends_when_stopped("export.integer: stopped"):
        run(arguments)


if __name__ == "__main__":
    main()
