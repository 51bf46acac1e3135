"""Writes diffusion.json beside this file: noise, times, timestep embeddings and sampler steps as PyTorch computes them.

Run by hand when the arithmetic changes:  python test/golden/make_diffusion_golden.py
Needs torch and diffusers on the CPU. The committed file came from torch 2.13.0; its runs of DPM-Solver++ are those of
DPMSolverMultistepScheduler of diffusers 0.42.1, on our schedule's noise levels.
"""

import json
import sys
from pathlib import Path

import torch
from diffusers import DPMSolverMultistepScheduler

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


def dpm_solver_case(steps: int) -> dict[str, object]:
    """A run whose predictions are given: a latent at every time, from the first to the one at t = 0."""
    generator = torch.Generator().manual_seed(11)
    scheduler = DPMSolverMultistepScheduler(
        algorithm_type="dpmsolver++", solver_order=2, solver_type="midpoint", prediction_type="epsilon",
        lower_order_final=False, euler_at_final=False, final_sigmas_type="sigma_min",
    )
    scheduler.set_timesteps(steps)
    signal = alpha_bar(sampler_times(steps))
    scheduler.sigmas = ((1 - signal) / signal).sqrt()
    x = torch.randn(32, generator=generator)
    predictions, latents = [], [x]
    for timestep in scheduler.timesteps:
        predictions.append(torch.randn(32, generator=generator))
        x = scheduler.step(predictions[-1], timestep, x).prev_sample
        latents.append(x)
    return {"steps": steps, "predictedHex": [float32_hex(p) for p in predictions], "latentsHex": [float32_hex(x) for x in latents]}


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
        "dpmSolver": [dpm_solver_case(steps) for steps in (1, 2, 4, 12, 25)],
    }
    (HERE / "diffusion.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
