"""Types of command-line options."""

import argparse


def count(text: str) -> int:
    """A whole number from 1 on. argparse prints what is wrong, with the option's name."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)
