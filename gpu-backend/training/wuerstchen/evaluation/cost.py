"""What training and a picture cost: arithmetic, time, energy, money, bytes."""

import csv
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from wuerstchen.config import Config, OptimiserConfig
from wuerstchen.evaluation.context import Context, Options
from wuerstchen.evaluation.reconstruction import latent_bytes
from wuerstchen.evaluation.results import Chart, Kpi, PartResult, Table
from wuerstchen.export.graphs import Stages
from wuerstchen.models.build import new_direct_decoder
from wuerstchen.training.stage_b import WHOLE_PICTURE_BATCH_SHARE

# A longer gap between two lines of a log is a pause, not training.
PAUSE_SECONDS = 60
BACKWARD_AND_FORWARD = 3
TIMED_PICTURES = 5
# The log of each stage's training.
LOGS = {
    "stage A": "stage-a.csv",
    "compressor": "compressor.csv",
    "stage B": "stage-b.csv",
    "stage B and compressor": "stage-b.csv",
    "stage C": "stage-c.csv",
}
TOKENS = 12
WORDS = "red apple, 3D"


def flops_of(compute: Callable[[], object]) -> float:
    """Forward FLOPs by PyTorch's counter: a multiply-add is 2."""
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        compute()
    return float(counter.get_total_flops())


def stage_flops(config: Config, stages: Stages, side: int) -> dict[str, float]:
    """Forward FLOPs of one call for one picture of `side` pixels. The conditions are parts of Stages B and C that a
    sampler runs once.
    """
    cells, width = side // config.latent.downscale, config.text.width
    image, t = torch.rand(1, config.picture_channels, side, side), torch.rand(1)
    latent, painted = (
        torch.randn(1, config.latent.channels, cells, cells),
        torch.randn(1, config.stage_a.latent_channels, side // 4, side // 4),
    )
    text, mask = torch.randn(1, TOKENS, width), torch.ones(1, TOKENS)
    decoder = None if config.compressor is None else new_direct_decoder(config)
    return {
        "compressor": flops_of(lambda: stages.compressor(image)),
        "direct_decoder": 0.0 if decoder is None else flops_of(lambda: decoder(latent)),
        "stage_a_encode": flops_of(lambda: stages.stage_a.encode(image)),
        "stage_a_decode": flops_of(lambda: stages.stage_a.decode(painted)),
        "stage_b": flops_of(lambda: stages.stage_b(painted, t, latent)),
        "picture_condition": flops_of(lambda: stages.stage_b.condition(latent)),
        "stage_c": flops_of(lambda: stages.stage_c(latent, t, text, mask)),
        "text_condition": flops_of(lambda: stages.stage_c.condition(text)),
        "text": flops_of(lambda: stages.text_encoder.encode_texts([WORDS], config.text.tokens_max)),
    }


def training_flops(config: Config, stages: Stages) -> dict[str, float]:
    """Of each stage's whole training as configured; the backward pass counts twice the forward pass.

    The counter itself is not used backward: it takes depthwise convolutions for full ones there. Stage A's feature loss
    is left out."""

    def whole(plan: OptimiserConfig, parts: tuple[str, ...], share: int) -> float:
        crop, picture = (stage_flops(config, stages, side) for side in (plan.crop_pixels, config.image_side))
        per_crop, per_picture = (sum(flops[part] for part in parts) for flops in (crop, picture))
        full = plan.full_picture_steps
        return BACKWARD_AND_FORWARD * (
            (plan.steps - full) * plan.batch * per_crop + full * (plan.batch // share) * per_picture
        )

    def of_pictures(plan: OptimiserConfig, *parts: str) -> float:
        picture = stage_flops(config, stages, config.image_side)
        return BACKWARD_AND_FORWARD * plan.steps * plan.batch * sum(picture[part] for part in parts)

    a, c = whole(config.train_a, ("stage_a_encode", "stage_a_decode"), 1), of_pictures(config.train_c, "stage_c")
    if config.train_compressor is None:
        b = whole(config.train_b, ("compressor", "stage_b"), WHOLE_PICTURE_BATCH_SHARE)
        return {"stage A": a, "stage B and compressor": b, "stage C": c}
    compressor = of_pictures(config.train_compressor, "compressor", "direct_decoder")
    return {"stage A": a, "compressor": compressor, "stage B": whole(config.train_b, ("stage_b",), 1), "stage C": c}


def training_hours(log: Path) -> float:
    """Sum of the gaps between lines of a training log, pauses left out; 0 where there is no log."""
    if not log.exists():
        return 0.0
    with open(log, newline="", encoding="utf-8") as file:
        times = [float(row[1]) for row in csv.reader(file) if len(row) > 1]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    return sum(gap for gap in gaps if 0 <= gap < PAUSE_SECONDS) / 3600


def seconds_a_picture(context: Context) -> dict[str, float]:
    """Median wall-clock of single pictures at the defaults, in PyTorch on this machine."""
    maker, sampler = context.maker, context.config.sampler_c
    timings: dict[str, list[float]] = {"stage C with text": [], "stages B and A": []}
    for seed in range(TIMED_PICTURES + 1):
        start = time.perf_counter()
        latent = maker.latents([WORDS], [seed], sampler.guidance_scale, sampler.steps)
        middle = time.perf_counter()
        maker.paint(latent, [seed])
        if seed > 0:  # the first call allocates
            timings["stage C with text"].append(middle - start)
            timings["stages B and A"].append(time.perf_counter() - middle)
    return {name: sorted(values)[len(values) // 2] for name, values in timings.items()}


def _sampled(steps: int, call: float, condition: float) -> float:
    return steps * (call - condition) + condition


@dataclass(frozen=True)
class Costs:
    """What was counted and measured. `training` in FLOP and `hours` by stage; `inference` in FLOP and `seconds` by
    part of one picture.
    """

    training: dict[str, float]
    hours: dict[str, float]
    inference: dict[str, float]
    seconds: dict[str, float]
    latent_bytes: int


def measure(context: Context) -> Costs:
    config = context.config
    training = training_flops(config, context.stages)
    return Costs(
        training,
        {name: training_hours(context.runs / LOGS[name]) for name in training},
        inference_flops(config, context.stages),
        seconds_a_picture(context),
        latent_bytes(context),
    )


def inference_flops(config: Config, stages: Stages) -> dict[str, float]:
    """Of one picture at the configured sampler settings, by part."""
    picture, passes = stage_flops(config, stages, config.image_side), guidance_passes(config)
    return {
        "text encoder": passes * picture["text"],
        "stage C": passes * _sampled(config.sampler_c.steps, picture["stage_c"], picture["text_condition"]),
        "stage B": _sampled(config.sampler_b.steps, picture["stage_b"], picture["picture_condition"]),
        "stage A": picture["stage_a_decode"],
    }


def guidance_passes(config: Config) -> int:
    """Passes of Stage C per step: one for the prompt, one for the empty prompt where guidance needs it."""
    return 2 if config.sampler_c.guidance_scale > 1 else 1


def run(context: Context) -> PartResult:
    costs, options = measure(context), context.options
    rows = tuple(
        (name, f"{costs.training[name] / 1e15:.3g} PFLOP", f"{costs.hours[name]:.2f} h") for name in costs.training
    )
    return PartResult(
        "cost",
        "What it costs",
        f"Power and prices are assumptions: {options.watts:g} W, {options.price_kwh:g} a kWh, {options.price_hour:g} "
        "an hour. "
        "Give your own on the command line.",
        (*training_kpis(costs), *money_kpis(costs, options), *picture_kpis(costs, context.config)),
        picture_charts(costs),
        (
            Table(
                "Training by stage",
                ("stage", "arithmetic", "time"),
                rows,
                "As configured now; the time is that of the logs.",
            ),
        ),
    )


def training_kpis(costs: Costs) -> tuple[Kpi, ...]:
    total = sum(costs.training.values())
    return (
        Kpi(
            "training_flops",
            "Training arithmetic",
            total / 1e15,
            "PFLOP",
            "All stages as configured, forward and backward. A graphics card of 100 TFLOP/s would need "
            f"{total / 1e14:.0f} s at full use.",
            "Counted forward, times 3. Without Stage A's feature loss, held-out checks, and what was computed once.",
        ),
        Kpi(
            "training_hours",
            "Training time",
            sum(costs.hours.values()),
            "h",
            "Sum over the logs of the runs that made these weights.",
            f"Pauses of {PAUSE_SECONDS} s and more are left out. The machine may have been shared.",
            headline=True,
        ),
    )


def money_kpis(costs: Costs, options: Options) -> tuple[Kpi, ...]:
    hours = sum(costs.hours.values())
    energy, currency = hours * options.watts / 1000, "Currency as the price given."
    by_kwh, by_hour = f"At an assumed {options.price_kwh:g} a kWh.", f"At an assumed {options.price_hour:g} an hour."
    return (
        Kpi(
            "training_energy",
            "Training energy",
            energy,
            "kWh",
            f"At an assumed {options.watts:g} W.",
            "Assumed, not measured.",
        ),
        Kpi("training_money_energy", "Cost of that energy", energy * options.price_kwh, "", by_kwh, currency),
        Kpi("training_money_rent", "Rent of such a machine", hours * options.price_hour, "", by_hour, currency),
    )


def picture_kpis(costs: Costs, config: Config) -> tuple[Kpi, ...]:
    threads, passes = torch.get_num_threads(), guidance_passes(config)
    return (
        Kpi(
            "inference_flops",
            "Arithmetic of a picture",
            sum(costs.inference.values()) / 1e9,
            "GFLOP",
            f"{config.sampler_c.steps} steps of Stage C ({passes} passes each), {config.sampler_b.steps} of Stage B, "
            "one decode.",
        ),
        Kpi(
            "inference_seconds",
            "Time of a picture",
            sum(costs.seconds.values()),
            "s",
            f"Median of {TIMED_PICTURES}, one at a time, in PyTorch on {threads} CPU "
            f"thread{'s' if threads > 1 else ''} of this machine.",
            "The server runs other code (ONNX Runtime) and is faster; this machine may have been busy.",
            TIMED_PICTURES,
        ),
        Kpi(
            "latent_bytes",
            "Bytes of a stored picture",
            costs.latent_bytes,
            "bytes",
            f"The compact latent as float16. As raw pixels the picture has {3 * config.image_side**2:,} bytes.",
            "A latent's file adds a header of some hundred bytes. Decoding needs the model.",
        ),
    )


def picture_charts(costs: Costs) -> tuple[Chart, ...]:
    return (
        Chart(
            "Arithmetic of a picture by stage",
            "bars",
            tuple(costs.inference),
            {"GFLOP": [flops / 1e9 for flops in costs.inference.values()]},
            "GFLOP",
            "At the default steps and guidance.",
        ),
        Chart(
            "Time of a picture",
            "bars",
            tuple(costs.seconds),
            {"seconds": list(costs.seconds.values())},
            "s",
            "A stored latent needs the second part alone.",
        ),
    )
