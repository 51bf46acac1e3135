"""Writes tiny-starts.json beside this file: a picture as a latent, and latents of the tiny bundle that start from it.

The sampler is written out here once more, from the recipe of the original repository, on the reference schedule in PyTorch.
The graphs are the bundle's own, run by onnxruntime from Python.
Run by hand when the bundle or the arithmetic changes:  python test/golden/make_tiny_starts_golden.py
Needs torch and onnxruntime on the CPU. The committed file came from torch 2.13.0 and onnxruntime 1.32.0.
"""

import base64
import itertools
import json
import math

import torch
from make_tiny_pictures_golden import HERE, MANIFEST, WIDTH, Graphs, text_inputs
from torch import Tensor
from wuerstchen.diffusion import add_noise, ddim_step, ddpm_step, guided
from wuerstchen.models.blocks import timestep_embedding

TEXT = {"tokenIds": [2, 5, 8, 24, 3], "negativeTokenIds": [2, 3], "guidanceScale": 3.0}
CASES = (
    {"seed": 42, "steps": 10, "kind": "ddim", "strength": 0.7, "mask": None},
    {"seed": 7, "steps": 6, "kind": "ddim", "strength": 0.45, "mask": None},
    {"seed": 8, "steps": 8, "kind": "ddpm", "strength": 0.5, "mask": None},
    {
        "seed": 9,
        "steps": 12,
        "kind": "ddim",
        "strength": 1.0,
        "mask": "1100110000000000",
    },
    {
        "seed": 10,
        "steps": 10,
        "kind": "ddim",
        "strength": 0.6,
        "mask": "0000011001100000",
    },
    {
        "seed": 11,
        "steps": 8,
        "kind": "ddpm",
        "strength": 0.75,
        "mask": "1111111100000000",
    },
)


def picture() -> Tensor:
    """(64, 64, 3) bytes: a disc before a gradient."""
    y, x = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    disc = ((x - 40) ** 2 + (y - 28) ** 2 < 300)[..., None]
    return torch.where(
        disc, torch.tensor([230, 40, 60]), torch.stack([x * 4, y * 4, 255 - x * 2], 2)
    ).to(torch.uint8)


def encode(graphs: Graphs, pixels: Tensor) -> Tensor:
    """(1, c, h, w), rounded to float16 as it is stored."""
    return (
        graphs.run("compressor", (pixels.float() / 255).permute(2, 0, 1)[None])
        .half()
        .float()
    )


def times_of(case: dict) -> Tensor:
    """As many as cover this part of the schedule; 7 steps of 10 at 0.7, in spite of the product's error."""
    return torch.linspace(
        case["strength"], 0.0, math.ceil(round(case["steps"] * case["strength"], 6)) + 1
    )


def sample_from(predict, start: Tensor, case: dict) -> Tensor:
    """As the original's sampler with x_init, t_start and a mask: at t_start = 1 it begins as pure noise."""
    generator = torch.Generator().manual_seed(case["seed"])
    strength, mask = case["strength"], case["mask"]
    made = (
        None
        if mask is None
        else torch.tensor([float(cell) for cell in mask]).reshape(
            1, 1, *start.shape[2:]
        )
    )

    def noise() -> Tensor:
        return torch.randn(start.shape, generator=generator)

    times = times_of(case)
    x = noise() if strength == 1 else add_noise(start, noise(), times[:1])
    for t, t_next in itertools.pairwise(times):
        if made is not None:
            x = made * x + (1 - made) * add_noise(start, noise(), t[None])
        eps = predict(x, t[None])
        x = (
            ddim_step(x, eps, t, t_next)
            if case["kind"] == "ddim"
            else ddpm_step(x, eps, t, t_next, noise())
        )
    return x if made is None else made * x + (1 - made) * start


def float32_hex(tensor: Tensor) -> str:
    return tensor.contiguous().numpy().astype("<f4").tobytes().hex()


def main() -> None:
    graphs, cases, pixels = Graphs(), [], picture()
    start = encode(graphs, pixels)

    def predict(ids: list[int]):
        text = text_inputs(graphs, ids)
        return lambda x, t: graphs.run("stageC", x, timestep_embedding(t, WIDTH), *text)

    both = guided(
        predict(TEXT["tokenIds"]),
        predict(TEXT["negativeTokenIds"]),
        TEXT["guidanceScale"],
    )
    for case in CASES:
        latent = sample_from(both, start, case)
        print(
            f"seed {case['seed']}: latent std {latent.std():.3f}, {(latent - start).abs().mean():.3f} from the start"
        )
        cases.append(
            {
                **case,
                "timesHex": float32_hex(times_of(case)),
                "latentHex": float32_hex(latent),
            }
        )
    content = {
        "madeBy": "test/golden/make_tiny_starts_golden.py",
        "revision": MANIFEST["revision"],
        "text": TEXT,
        "pixelsBase64": base64.b64encode(pixels.numpy().tobytes()).decode(),
        "startHex": float32_hex(start),
        "cases": cases,
    }
    (HERE / "tiny-starts.json").write_text(
        json.dumps(content, separators=(",", ":")) + "\n"
    )


if __name__ == "__main__":
    main()
