"""Figures of a bundle, and what they were measured on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from wuerstchen.decision.bundle_model import Pictures


@dataclass(frozen=True)
class Figure:
    """`low` and `high` bound the value with 95 % confidence; None where no honest range is known. `count`: of
    pictures.
    """

    key: str
    value: float
    count: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Measured:
    """`left_out`: keys of figures that could not be measured, with the key of the reason. `trials`: (n,) yes or no, by
    the key of a figure that is a share of them. `groups`: per cent recognised, by attribute and group. `used`: how many
    of the set's pictures the figures rest on, those aside that drawn ones are compared with.
    """

    figures: dict[str, Figure]
    left_out: dict[str, str]
    asked: np.ndarray
    trials: Mapping[str, np.ndarray]
    decibels: np.ndarray
    made: Pictures
    restored: Pictures
    groups: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    used: int = 0
