"""Writes diffusion.json beside this file: noise, times, timestep embeddings and sampler steps as PyTorch computes them.

Run by hand when the arithmetic changes:  python test/golden/make_diffusion_golden.py
Needs torch on the CPU. The committed file came from torch 2.13.0.
"""

import json
import sys
from pathlib import Path

import torch

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "gpu-backend" / "training"))

from wuerstchen.diffusion import alpha_bar, ddim_step, ddpm_step, sampler_times  # noqa: E402
from wuerstchen.models.blocks import timestep_embedding, timestep_frequencies  # noqa: E402

SEEDS = (0, 42, 1234567890, 4294967295)
# One generator a row. Below 16 numbers, PyTorch takes another path, and keeps the second number of a pair for later.
DRAWS = ((1,), (5,), (15,), (16,), (17,), (40,), (1024,), (3, 16, 4, 40, 1), (2, 2))
STEP_COUNTS = (1, 2, 3, 6, 7, 10, 20, 29, 60, 999)
TIMES = (1.0, 0.75, 2 / 3, 0.5, 0.25, 0.1, 0.0)


def float32_hex(tensor: torch.Tensor) -> str:
    return tensor.detach().to(torch.float32).contiguous().numpy().astype("<f4").tobytes().hex()


def noise_case(seed: int, counts: tuple[int, ...]) -> dict[str, object]:
    generator = torch.Generator().manual_seed(seed)
    return {"seed": seed, "counts": counts, "float32Hex": [float32_hex(torch.randn(count, generator=generator)) for count in counts]}


def embedding_case(width: int) -> dict[str, object]:
    times = sampler_times(29)
    embeddings = timestep_embedding(times, width)
    return {
        "width": width, "frequenciesHex": float32_hex(timestep_frequencies(width)),
        "timesHex": float32_hex(times), "embeddingsHex": float32_hex(embeddings),
    }


def step_case(kind: str, t: float, t_next: float) -> dict[str, object]:
    generator = torch.Generator().manual_seed(7)
    x, eps, noise = (torch.randn(32, generator=generator) for _ in range(3))
    now, after = torch.tensor(t), torch.tensor(t_next)
    stepped = ddim_step(x, eps, now, after) if kind == "ddim" else ddpm_step(x, eps, now, after, noise)
    return {
        "kind": kind, "tHex": float32_hex(now), "tNextHex": float32_hex(after),
        "xHex": float32_hex(x), "noisePredictedHex": float32_hex(eps), "noiseDrawnHex": float32_hex(noise),
        "steppedHex": float32_hex(stepped),
    }


def main() -> None:
    pairs = ((1.0, 0.5), (1.0, 0.95), (0.5, 0.0), (0.6333333, 0.6), (0.05, 0.0))
    content = {
        "madeBy": "test/golden/make_diffusion_golden.py",
        "noise": [noise_case(seed, counts) for seed in SEEDS for counts in DRAWS],
        "times": [{"steps": steps, "float32Hex": float32_hex(sampler_times(steps))} for steps in STEP_COUNTS],
        "alphaBar": [{"t": t, "float32Hex": float32_hex(alpha_bar(torch.tensor(t)))} for t in TIMES],
        "alphaBarGrid": {"steps": 200, "float32Hex": float32_hex(alpha_bar(sampler_times(200)))},
        "embeddings": [embedding_case(width) for width in (16, 64)],
        "steps": [step_case(kind, t, t_next) for kind in ("ddim", "ddpm") for t, t_next in pairs],
    }
    (HERE / "diffusion.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
