"""The options of a proof of concept. Those of its steps are theirs, and are handed on where they are given."""

import argparse
from pathlib import Path

from wuerstchen.arguments import add_price_hour, count, price, prompt
from wuerstchen.config_values import MODEL_ID
from wuerstchen.decision.replay import Costs
from wuerstchen.texts import LANGUAGES

# Folders of the proof beside the tuned model's.
RESERVED = ("set", "report", "before", "runs", "decoder-runs", "pictures")
# Options of the steps that `poc` takes as well.
OF_PREPARE = ("fit", "ratios", "alpha_mask")
OF_FINETUNE = ("trigger", "prior_prompts", "sample", "flip", "shuffle_captions", "take")
OF_EVALUATE = ("restoration_min", "recognition_min", "cost_max", "bias_max")
COSTS = ("stage_c_seconds", "decode_seconds", "cold_start_seconds", "idle_seconds")


def add_proof_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("with --from")
    group.add_argument("--bundle", type=Path, help="the model to start from; with --prompts: whose tokens count")
    group.add_argument(
        "--config", type=Path, help="TOML file of that model; default: the bundle's, else configs/MODEL.toml"
    )
    group.add_argument("--name", type=_name, default="mine", help="id of the tuned model (default: mine)")
    group.add_argument(
        "--steps", type=count, help="of training Stage C (default: by the number of pictures, 1000 to 2000)"
    )
    group.add_argument(
        "--decoder-steps", type=count, default=400, help="of training Stages A and B, where they limit (default 400)"
    )
    group.add_argument(
        "--captions", type=count, default=100, help="captions that are drawn for each report (default 100)"
    )
    add_price_hour(group)
    group.add_argument(
        "--dry-run", action="store_true", help="prepare, and say what all of it will take in minutes, memory and money"
    )


def add_step_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("of the steps, which explain them: prepare, finetune and evaluate --help")
    group.add_argument("--fit", metavar="WAY")
    group.add_argument("--ratios")
    group.add_argument("--alpha-mask", action="store_true")
    group.add_argument("--trigger")
    group.add_argument("--prior-prompts", type=Path)
    group.add_argument("--sample", action="append", type=prompt, metavar="PROMPT")
    group.add_argument("--flip", action="store_true")
    group.add_argument("--shuffle-captions", action="store_true")
    group.add_argument("--take", metavar="EVALUATION")
    for name in OF_EVALUATE:
        group.add_argument(_option(name), type=price, metavar="N", help="threshold of the report")


def add_replay_options(parser: argparse.ArgumentParser) -> None:
    defaults, group = Costs(), parser.add_argument_group("with --prompts")
    group.add_argument(
        "--gpu-price-hour",
        type=price,
        default=defaults.gpu_hour,
        help="US dollars of a GPU's hour (default %(default)g)",
    )
    for name in COSTS:
        group.add_argument(_option(name), type=price, default=getattr(defaults, name), help="default %(default)g")


def add_language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of the reports")


def handed_on(asked: argparse.Namespace, names: tuple[str, ...]) -> list[str]:
    """The options of these names that were given, as a command takes them."""
    told: list[str] = []
    for name in names:
        value = getattr(asked, name)
        if value is True:
            told.append(_option(name))
        elif isinstance(value, list):
            told += [part for each in value for part in (_option(name), each)]
        elif value is not None and value is not False:
            told += [_option(name), f"{value:g}" if isinstance(value, float) else str(value)]
    return told


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _name(text: str) -> str:
    if MODEL_ID.fullmatch(text) is None:
        raise argparse.ArgumentTypeError("must be 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first")
    if text in RESERVED:
        raise argparse.ArgumentTypeError(f"{text} is a folder of the proof itself: choose another")
    return text
