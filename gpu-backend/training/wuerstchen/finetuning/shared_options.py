"""What `wuerstchen.finetune` and `wuerstchen.finetune_published` ask alike."""

import argparse
from collections.abc import Callable, Iterable
from typing import TypedDict

from wuerstchen.arguments import add_price_hour, share, whole

Add = Callable[[argparse.ArgumentParser], None]


class Ramps(TypedDict):
    warmup_steps: int
    decay_steps: int


def parser_with(description: str | None, examples: str, parts: Iterable[Add]) -> argparse.ArgumentParser:
    """A parser with the options of all `parts`, and examples as they stand below them."""
    result = argparse.ArgumentParser(
        description=description, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for add in parts:
        add(result)
    return result


def add_caption_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--trigger",
        default="",
        help="a word that ends every caption that lacks it, by which the set is asked for later",
    )
    group.add_argument(
        "--shuffle-captions", action="store_true", help="also train captions with their parts in other orders"
    )


def add_mask_floor(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--mask-floor",
        type=share,
        default=0.1,
        help="of a set with masks: what counts where a mask is black, 0 to 1 (default 0.1)",
    )


def add_patience(group: argparse._ArgumentGroup, default: int) -> None:
    group.add_argument(
        "--patience",
        type=whole,
        default=default,
        help=f"evaluations of 8 without a better held-out loss that end it; 0: none do (default {default})",
    )


def add_forecast(group: argparse._ArgumentGroup) -> None:
    add_price_hour(group)
    group.add_argument(
        "--dry-run", action="store_true", help="say what it will take in minutes, memory and money; train nothing"
    )


def ramps(steps: int) -> Ramps:
    """How the learning rate of a fine-tuning rises and falls."""
    return {"warmup_steps": max(1, min(50, steps // 10)), "decay_steps": steps // 4}
