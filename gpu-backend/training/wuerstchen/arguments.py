"""Types of command-line options."""

import argparse
import math


def count(text: str) -> int:
    """A whole number from 1 on. argparse prints what is wrong, with the option's name."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def price(text: str) -> float:
    """A finite number from 0 on. argparse prints what is wrong, with the option's name."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no finite number from 0 on")
    return value
