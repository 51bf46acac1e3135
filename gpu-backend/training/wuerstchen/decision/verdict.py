"""A decision by thresholds that the reader sets: each is met, missed, or cannot be told where it lies in a range."""

import sys
from dataclasses import dataclass
from typing import Literal

from wuerstchen.decision.measured import Figure, Measured

Outcome = Literal["met", "missed", "unsure", "unknown"]
CRITERIA = ("restoration", "recognition", "cost", "bias")
# Of these a smaller value is better.
AT_MOST = ("cost", "bias")
# Those that are per cent, or points of them.
PER_CENT = ("recognition", "bias")


@dataclass(frozen=True)
class Thresholds:
    """dB, per cent, US dollars a picture, points between the best and the worst group. Raises ValueError naming the
    option of one that is none."""

    restoration: float = 25.0
    recognition: float = 50.0
    cost: float = 0.01
    bias: float = 20.0

    def __post_init__(self) -> None:
        for key in CRITERIA:
            value, most = getattr(self, key), 100.0 if key in PER_CENT else sys.float_info.max
            if not 0 <= value <= most:
                within = "a number from 0 to 100" if key in PER_CENT else "a finite number from 0 on"
                raise ValueError(f"{option_of(key)} is {value:g}: {within}")


def option_of(key: str) -> str:
    """The option of `evaluate` that sets a threshold."""
    return f"--{key}-{'max' if key in AT_MOST else 'min'}"


@dataclass(frozen=True)
class Criterion:
    key: str
    threshold: float
    outcome: Outcome
    figure: Figure | None


def criteria(measured: Measured, thresholds: Thresholds) -> list[Criterion]:
    found = []
    for key in CRITERIA:
        figure, threshold = measured.figures.get(key), getattr(thresholds, key)
        found.append(Criterion(key, threshold, _outcome(figure, threshold, key in AT_MOST), figure))
    return found


def verdict(found: list[Criterion]) -> Outcome:
    """Missed where one is; else unsure where one is; met where all that could be measured are."""
    outcomes = [criterion.outcome for criterion in found]
    for outcome in ("missed", "unsure"):
        if outcome in outcomes:
            return outcome
    return "met" if "met" in outcomes else "unknown"


def _outcome(figure: Figure | None, threshold: float, at_most: bool) -> Outcome:
    """By the whole range: a range with the threshold inside decides nothing."""
    if figure is None:
        return "unknown"
    low, high = (figure.value if bound is None else bound for bound in (figure.low, figure.high))
    if at_most:
        low, high, threshold = -high, -low, -threshold
    return "met" if low >= threshold else "missed" if high < threshold else "unsure"
