"""The options of `wuerstchen.finetune`, and the plan and the steering that they stand for."""

import argparse
import dataclasses
import math
from pathlib import Path

from wuerstchen.arguments import count, factor, prompt, rate, seed, share
from wuerstchen.config import Config
from wuerstchen.finetuning.shared_options import (
    add_caption_options,
    add_forecast,
    add_mask_floor,
    add_patience,
    parser_with,
    ramps,
)
from wuerstchen.finetuning.tuning import Tuning
from wuerstchen.prompt_lists import prior_prompts, prompt_lines

EXAMPLES = """examples:
  python -m wuerstchen.finetune --bundle ../models/emoji-128 --data data/mine --runs runs/mine --out ../models/mine
  python -m wuerstchen.finetune --bundle ../models/emoji-128 --data data/mine --runs runs/mine-full \\
    --method full --steps 2000
"""
LEARNING_RATES = {"lora": 2e-3, "full": 5e-5}
EMA_DECAY = 0.99
# Of a picture: with 100 a style is a mere hint, with 500 its words are recognised (200 and 42 icons of one style).
DRAWS = 400
STEPS_MIN, STEPS_MAX = 1000, 2000


def parser_of(description: str | None) -> argparse.ArgumentParser:
    return parser_with(description, EXAMPLES, (_add_sources, _add_plan, _add_steering, _add_results))


def _add_sources(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is trained")
    group.add_argument("--bundle", type=Path, required=True, help="model bundle to start from")
    group.add_argument("--data", type=Path, required=True, help="data set that wuerstchen.prepare wrote")
    group.add_argument("--runs", type=Path, required=True, help="folder of this training; results lie in RUNS/MODEL")
    group.add_argument(
        "--config", type=Path, help="TOML file of the bundle's model; default: the bundle's, else configs/MODEL.toml"
    )


def _add_plan(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how long and how fast")
    group.add_argument("--method", choices=list(LEARNING_RATES), default="lora")
    group.add_argument("--rank", type=count, default=8, help="of the trained matrices (lora; default 8)")
    group.add_argument("--alpha", type=factor, default=8.0, help="they count alpha / rank (lora; default 8)")
    group.add_argument(
        "--steps",
        type=count,
        help=f"of the optimiser in all (default: {DRAWS} draws of each picture, {STEPS_MIN} to {STEPS_MAX})",
    )
    group.add_argument("--batch", type=count, default=16, help="pictures a step (default 16)")
    group.add_argument(
        "--learning-rate",
        type=rate,
        help=f"default {LEARNING_RATES['lora']:g} for lora, {LEARNING_RATES['full']:g} for full",
    )
    group.add_argument("--seed", type=seed, default=0)
    group.add_argument("--threads", type=count, help="CPU threads; default: all")


def _add_steering(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is learned")
    add_caption_options(group)
    group.add_argument(
        "--flip", action="store_true", help="also train mirrored pictures: not for letters, nor for left and right"
    )
    add_mask_floor(group)
    group.add_argument(
        "--prior-share",
        type=share,
        default=0.5,
        help="share of the training that keeps other words as they are (default 0.5; 0: none)",
    )
    group.add_argument(
        "--prior-prompts", type=Path, help="those words, one a line; default: CONFIG.{prompts,calibration}.txt"
    )
    add_patience(group, 0)
    group.add_argument(
        "--sample",
        type=prompt,
        action="append",
        default=[],
        metavar="PROMPT",
        help="a prompt that the contact sheet shows as well",
    )


def _add_results(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what comes of it")
    group.add_argument(
        "--take",
        choices=("last", "best"),
        help="last: draws words of the set best; best: least held-out loss, for words that it lacks (default: last, "
        "with --patience best)",
    )
    add_forecast(group)
    group.add_argument("--forecast", type=Path, metavar="FILE", help="with --dry-run: write the figures there (JSON)")
    group.add_argument(
        "--merge", action="store_true", help="write RUNS/MODEL/stage-c.pt, which wuerstchen.export.bundle reads"
    )
    group.add_argument("--out", type=Path, help="write a bundle into this new folder; its name becomes the model's id")


def steps_of(pictures: int, batch: int) -> int:
    """Steps of a training on so many pictures, where none are asked for."""
    return min(STEPS_MAX, max(STEPS_MIN, math.ceil(DRAWS * pictures / max(1, batch))))


def tuning_config(config: Config, arguments: argparse.Namespace) -> Config:
    """The configuration with the plan of this training. Raises ValueError naming the option and its limit."""
    if arguments.rank > config.stage_c.channels:
        raise ValueError(f"--rank is {arguments.rank}: at most the width of Stage C, {config.stage_c.channels}")
    learning_rate = LEARNING_RATES[arguments.method] if arguments.learning_rate is None else arguments.learning_rate
    plan = dataclasses.replace(
        config.train_c,
        steps=arguments.steps,
        batch=arguments.batch,
        learning_rate=learning_rate,
        **ramps(arguments.steps),
        ema_decay=EMA_DECAY,
    )
    return dataclasses.replace(config, train_c=plan, seed=arguments.seed, compile=False)


def tuning_of(arguments: argparse.Namespace, config_file: Path, config: Config) -> Tuning:
    """Raises ValueError where prior pictures are all of the training, or a file of prompts holds none."""
    if arguments.prior_share == 1:
        raise ValueError(f"--prior-share is {arguments.prior_share:g}: at least 0 and below 1")
    if arguments.prior_prompts is not None and not arguments.prior_prompts.exists():
        raise ValueError(f"--prior-prompts: {arguments.prior_prompts} does not exist")
    given = arguments.prior_prompts
    known = prior_prompts(config_file, config) if given is None else prompt_lines(given)
    if given is not None and not known:
        raise ValueError(f"--prior-prompts: {given} holds no prompt: write one a line, or leave the option out")
    prompts = known if arguments.prior_share > 0 else ()
    return Tuning(
        trigger=arguments.trigger.strip(),
        shuffle=arguments.shuffle_captions,
        flip=arguments.flip,
        prior_prompts=prompts,
        prior_share=arguments.prior_share if prompts else 0.0,
        patience=arguments.patience,
        samples=tuple(arguments.sample),
        mask_floor=arguments.mask_floor,
    )
