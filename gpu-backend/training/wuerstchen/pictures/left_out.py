"""What does not become part of a set."""

from dataclasses import dataclass
from typing import Literal

Reason = Literal["bad", "duplicate", "too_small", "no_caption", "unknown_kind"]


@dataclass(frozen=True)
class LeftOut:
    """`reason` is a key of the report, `detail` is for people. `of_picture`: one that the progress bar counts."""

    name: str
    reason: Reason
    detail: str
    of_picture: bool = False
