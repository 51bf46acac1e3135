"""Types of command-line options, and an option of many commands. argparse prints what is wrong, with its name."""

import argparse
import math
from collections.abc import Callable

SEED_MAX = 2**32 - 1


def count(text: str) -> int:
    """A whole number from 1 on."""
    return _whole(text, "whole number from 1 on", 1)


def whole(text: str) -> int:
    """A whole number from 0 on."""
    return _whole(text, "whole number from 0 on", 0)


def seed(text: str) -> int:
    """A whole number from 0 to 2**32 - 1."""
    return _whole(text, f"whole number from 0 to {SEED_MAX}", 0, SEED_MAX)


def price(text: str) -> float:
    """A sum of money: a finite number from 0 on."""
    return _number(text, "number from 0 on", lambda value: value >= 0)


def rate(text: str) -> float:
    """Of learning: a finite number from 0 on; 0 learns nothing."""
    return price(text)


def share(text: str) -> float:
    """A number from 0 to 1."""
    return _number(text, "number from 0 to 1", lambda value: 0 <= value <= 1)


def factor(text: str) -> float:
    """A finite number above 0."""
    return _number(text, "number above 0", lambda value: value > 0)


def strength(text: str) -> float:
    """A finite number; a negative one goes the other way."""
    return _number(text, "finite number", lambda _: True)


def prompt(text: str) -> str:
    """A text that is not blank."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the prompt is empty: write what to draw")
    return text


def add_price_hour(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--price-hour",
        type=price,
        default=0.08,
        help="assumed price of this machine's hour in US dollars (default %(default)g)",
    )


def _whole(text: str, what: str, least: int, most: float = math.inf) -> int:
    if not text.strip().isdecimal() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no {what}")
    return int(text)


def _number(text: str, what: str, holds: Callable[[float], bool]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and holds(value)):
        raise argparse.ArgumentTypeError(f"{text!r} is no {what}")
    return value
