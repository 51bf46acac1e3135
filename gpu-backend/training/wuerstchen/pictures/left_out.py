"""What does not become part of a set."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LeftOut:
    """`reason` is a key of the report, `detail` is for people. `of_picture`: one that the progress bar counts."""

    name: str
    reason: str
    detail: str
    of_picture: bool = False
