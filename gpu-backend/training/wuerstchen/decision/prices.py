"""Money: what a picture costs here and on named GPUs, and what training cost. Every price is an assumption that the
report states.
"""

from dataclasses import dataclass, field

import torch
from torch.utils.flop_counter import FlopCounterMode

from wuerstchen.config import Config
from wuerstchen.models.build import STAGE_A_DOWNSCALE, new_stage_a, new_stage_b, new_stage_c

# US dollars an hour: https://runware.ai/docs/models-api/pricing, read in November 2026.
GPU_HOURS = {"L40S": 1.60, "H100 SXM": 3.95}
# Dense bfloat16 TFLOP/s of the data sheets, half of a figure that is with sparsity.
GPU_TFLOPS = {"L40S": 362, "H100 SXM": 989, "H200 SXM": 989, "A100": 312, "L4": 121, "T4": 65, "RTX 4090": 165}
TEXT_POSITIONS = 12


@dataclass(frozen=True)
class Prices:
    """`here`: of an hour of this machine. `utilisation`: the share of a GPU's peak that these networks reach. US
    dollars.
    """

    here: float = 0.08
    gpus: dict[str, float] = field(default_factory=lambda: dict(GPU_HOURS))
    utilisation: float = 0.1
    training_hours: float | None = None


@dataclass(frozen=True)
class GpuCost:
    gpu: str
    hour: float
    seconds: float
    dollars: float


def gpu_costs(flops: float, prices: Prices) -> list[GpuCost]:
    """Of one picture on each priced GPU, while it is busy."""
    costs = []
    for gpu, hour in prices.gpus.items():
        seconds = flops / (GPU_TFLOPS[gpu] * 1e12 * prices.utilisation)
        costs.append(GpuCost(gpu, hour, seconds, seconds * hour / 3600))
    return costs


def read_gpu_prices(texts: list[str]) -> dict[str, float]:
    """`NAME=DOLLARS` entries over the default ones. Raises ValueError naming the GPUs that are known."""
    prices = dict(GPU_HOURS)
    for text in texts:
        name, _, value = text.partition("=")
        try:
            dollars = float(value)
        except ValueError:
            dollars = -1.0
        if name not in GPU_TFLOPS or not 0 <= dollars < 10_000:
            raise ValueError(
                f"--gpu-hour {text!r}: write NAME=DOLLARS, NAME one of {', '.join(GPU_TFLOPS)}, DOLLARS from 0 to "
                "below 10,000"
            )
        prices[name] = dollars
    return prices


@torch.no_grad()
def picture_flops(config: Config) -> float:
    """Arithmetic of one picture at the default steps and guidance, by PyTorch's counter; the text encoder is left
    out.
    """
    cells = config.image_side // config.latent.downscale
    latent, t = torch.zeros(1, config.latent.channels, cells, cells), torch.zeros(1)
    side = config.image_side // STAGE_A_DOWNSCALE
    painted = torch.zeros(1, config.stage_a.latent_channels, side, side)
    text = torch.zeros(1, TEXT_POSITIONS, config.text.width), torch.ones(1, TEXT_POSITIONS)
    stage_a, stage_b, stage_c = new_stage_a(config).eval(), new_stage_b(config).eval(), new_stage_c(config).eval()
    passes = 1 if config.sampler_c.guidance_scale == 1 else 2
    return (
        passes * config.sampler_c.steps * _flops(lambda: stage_c(latent, t, *text))
        + config.sampler_b.steps * _flops(lambda: stage_b(painted, t, latent))
        + _flops(lambda: stage_a.decode(painted))
    )


def _flops(compute: object) -> float:
    with FlopCounterMode(display=False) as counter:
        compute()
    return float(counter.get_total_flops())
