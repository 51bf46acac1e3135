"""Writes tiny-pictures.json beside this file: latents and pictures of the tiny bundle, made by the reference samplers.

The graphs are the bundle's own, run by onnxruntime from Python, so that only what surrounds them is compared.
Run by hand when the bundle or the arithmetic changes:  python test/golden/make_tiny_pictures_golden.py
Needs torch and onnxruntime on the CPU. The committed file came from torch 2.13.0 and onnxruntime 1.32.0.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

HERE = Path(__file__).parent
BUNDLE = HERE.parent / "support" / "models" / "tiny"
sys.path.insert(0, str(HERE.parents[1] / "gpu-backend" / "training"))

from wuerstchen.diffusion import guided, sample  # noqa: E402
from wuerstchen.models.blocks import timestep_embedding  # noqa: E402

MANIFEST = json.loads((BUNDLE / "model.json").read_text())
WIDTH = MANIFEST["timestepEmbedding"]["width"]
EMPTY = [2, 3]
# With random weights some seeds never settle: a difference of 1e-6 in their noise grows to 10 in the latent. These do.
CASES = (
    {"tokenIds": [2, 5, 8, 24, 3], "negativeTokenIds": EMPTY, "seed": 42, "steps": 6, "guidanceScale": 3.0},
    {"tokenIds": [2, 5, 8, 24, 3], "negativeTokenIds": [2, 7, 3], "seed": 3141592653, "steps": 20, "guidanceScale": 2.5},
    {"tokenIds": [2, *range(4, 18), 3], "negativeTokenIds": EMPTY, "seed": 0, "steps": 20, "guidanceScale": 1.0},
)


class Graphs:
    """The bundle's graphs as functions of their inputs in the manifest's order."""

    def __init__(self) -> None:
        self.sessions = {
            key: onnxruntime.InferenceSession(BUNDLE / graph["file"], providers=["CPUExecutionProvider"])
            for key, graph in MANIFEST["graphs"].items()
        }

    def run(self, key: str, *inputs: Tensor) -> Tensor:
        names = [port["name"] for port in MANIFEST["graphs"][key]["inputs"]]
        feed = {name: tensor.contiguous().numpy() for name, tensor in zip(names, inputs, strict=True)}
        return torch.from_numpy(self.sessions[key].run(None, feed)[0])


def text_inputs(graphs: Graphs, ids: list[int]) -> tuple[Tensor, Tensor]:
    """Condition and mask, padded after the encoder as for a training batch."""
    row = torch.tensor([ids])
    states = graphs.run("textEncoder", row, torch.ones_like(row))[0]  # (1 + t, width)
    positions = 1 + MANIFEST["text"]["tokensMax"]
    padded = torch.zeros(1, positions, states.shape[1])
    padded[0, : len(states)] = states
    mask = (torch.arange(positions) < len(states)).float()[None]
    return graphs.run("textConditioner", padded), mask


def make_latent(graphs: Graphs, case: dict) -> Tensor:
    """(1, c, h, w) float32."""
    side = 64 // MANIFEST["latent"]["downscale"]
    noise = torch.randn(1, MANIFEST["latent"]["channels"], side, side, generator=torch.Generator().manual_seed(case["seed"]))

    def predict(ids: list[int]):
        text = text_inputs(graphs, ids)
        return lambda x, t: graphs.run("stageC", x, timestep_embedding(t, WIDTH), *text)

    return sample(guided(predict(case["tokenIds"]), predict(case["negativeTokenIds"]), case["guidanceScale"]), noise, case["steps"])


def paint(graphs: Graphs, latent: Tensor, seed: int) -> np.ndarray:
    """(h, w, 3) uint8 of the latent rounded to float16, as it is stored."""
    condition = graphs.run("stageBConditioner", latent.half().float())
    shape = (1, MANIFEST["stageB"]["channels"], *condition.shape[2:])
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    steps = MANIFEST["sampler"]["stageB"]["steps"]["default"]
    made = sample(lambda x, t: graphs.run("stageB", x, timestep_embedding(t, WIDTH), condition), noise, steps)
    image = graphs.run("stageA", made * MANIFEST["stageB"]["latentScale"])[0].clamp(0, 1)
    return np.rint(image.permute(1, 2, 0).numpy() * 255).astype(np.uint8)


def main() -> None:
    graphs, cases = Graphs(), []
    for case in CASES:
        latent = make_latent(graphs, case)
        pixels = paint(graphs, latent, case["seed"])
        print(f"seed {case['seed']}: latent std {latent.std():.3f}, pixels from {pixels.min()} to {pixels.max()}")
        latent_hex = latent.numpy().astype("<f4").tobytes().hex()
        cases.append({**case, "latentHex": latent_hex, "pixelsBase64": base64.b64encode(pixels.tobytes()).decode()})
    content = {"madeBy": "test/golden/make_tiny_pictures_golden.py", "revision": MANIFEST["revision"], "cases": cases}
    (HERE / "tiny-pictures.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
