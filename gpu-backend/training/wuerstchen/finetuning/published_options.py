"""The options of `wuerstchen.finetune_published`, and the plan and the steering that they stand for."""

import argparse
from pathlib import Path

from wuerstchen.arguments import count, factor, rate, seed, strength
from wuerstchen.config import OptimiserConfig
from wuerstchen.finetuning.shared_options import (
    add_caption_options,
    add_forecast,
    add_mask_floor,
    add_patience,
    parser_with,
    ramps,
)
from wuerstchen.finetuning.tuning import Tuning
from wuerstchen.published.adapter_files import NAMINGS

EXAMPLES = """examples:
  python -m wuerstchen.prepare --from ~/pictures --out data/mine --side 1024
  python -m wuerstchen.finetune_published stabilityai/stable-cascade --data data/mine --runs runs/mine --dry-run
  python -m wuerstchen.finetune_published stabilityai/stable-cascade --data data/mine --runs runs/mine \\
    --trigger "mine style" --out adapters/mine.safetensors
  python -m wuerstchen.finetune_published warp-ai/wuerstchen --compressor original/model_v2_stage_b.pt \\
    --data data/mine --runs runs/mine-v2 --out adapters/mine-v2.safetensors --names diffusers
"""
EMA_DECAY = 0.99


def parser_of(description: str | None) -> argparse.ArgumentParser:
    return parser_with(description, EXAMPLES, (_add_sources, _add_plan, _add_steering, _add_results))


def _add_sources(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is trained, as import names it")
    group.add_argument("source", nargs="+", help="folder, hub id, or the files of one model, Stages A, B and C")
    group.add_argument("--prior", help="folder, hub id or file of the prior (default: beside the source, or in it)")
    group.add_argument("--text", help="folder, file or hub id of Stage C's text encoder, where files hold none")
    group.add_argument("--decoder-text", help="that of Stage B's")
    group.add_argument("--revision", help="branch, tag or commit on the hub")
    group.add_argument("--variant", help='which weight files where there are several, for example "bf16"')
    group.add_argument("--stage-c", choices=("large", "lite"), default="large", help="Stable Cascade's Stage C")
    group.add_argument("--compressor", type=Path, metavar="FILE", help="the compressor, where the source has none")
    group.add_argument("--data", type=Path, required=True, help="data set that wuerstchen.prepare wrote")
    group.add_argument("--runs", type=Path, required=True, help="folder of this training")


def _add_plan(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how long and how fast")
    group.add_argument("--rank", type=count, default=8, help="of the trained matrices (default 8)")
    group.add_argument("--alpha", type=factor, help="they count alpha / rank (default: the rank)")
    group.add_argument("--steps", type=count, default=1000, help="steps of the optimiser in all (default 1000)")
    group.add_argument("--batch", type=count, default=4, help="pictures a step (default 4)")
    group.add_argument("--accumulate", type=count, default=1, help="parts of a batch, for less memory (default 1)")
    group.add_argument("--learning-rate", type=rate, default=1e-4, help="default 1e-4")
    group.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="of products; weights and adapters stay float32",
    )
    group.add_argument("--seed", type=seed, default=0)
    group.add_argument("--threads", type=count, help="CPU threads; default: all")


def _add_steering(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is learned")
    add_caption_options(group)
    add_mask_floor(group)
    add_patience(group, 4)


def _add_results(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what comes of it")
    group.add_argument("--out", type=Path, metavar="FILE", help="default: RUNS/adapter.safetensors")
    group.add_argument(
        "--names",
        choices=("both", *NAMINGS),
        default="both",
        help="whose names the file has; both: FILE for diffusers, and beside it FILE-kohya for ComfyUI and others",
    )
    group.add_argument(
        "--strength",
        type=strength,
        default=1.0,
        help="by which the file's adapters count at 1 (default 1: as trained)",
    )
    add_forecast(group)


def plan_of(arguments: argparse.Namespace) -> OptimiserConfig:
    """Raises ValueError where the parts of a batch do not divide it."""
    if arguments.batch % arguments.accumulate:
        raise ValueError(f"--accumulate is {arguments.accumulate}: it must divide --batch, {arguments.batch}")
    return OptimiserConfig(
        steps=arguments.steps,
        batch=arguments.batch,
        learning_rate=arguments.learning_rate,
        **ramps(arguments.steps),
        weight_decay=0.01,
        ema_decay=EMA_DECAY,
        crop_pixels=0,
        full_picture_steps=0,
        accumulate=arguments.accumulate,
        precision=arguments.precision,
    )


def tuning_of(arguments: argparse.Namespace) -> Tuning:
    return Tuning(
        trigger=arguments.trigger.strip(),
        shuffle=arguments.shuffle_captions,
        patience=arguments.patience,
        mask_floor=arguments.mask_floor,
    )
