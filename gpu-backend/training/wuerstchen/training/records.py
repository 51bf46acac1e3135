"""What a data set says of its pictures: one record a picture, one line of `records.jsonl`."""

import json
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

HELD_OUT_PERCENT = 2
SQUARES = ""  # the bucket of a set that has no others
RECORDS = "records.jsonl"
# What `wuerstchen.prepare` says of a set beside its records.
REPORT = "report.json"


@dataclass(frozen=True)
class Record:
    """`bucket` ("160x96", width first) and `index`, the row in its file, are absent from a set of squares; the row is
    the line there.

    `held_out` is written where a set chose its own share of held-out pictures; else the id says it. `file` names what
    it was made of. `description` is a long caption, of parts and colours; "" where a set has none.
    """

    id: str
    licence: str
    style: str
    label: str
    kind: str
    weight: float
    captions: tuple[str, ...]
    bucket: str = SQUARES
    index: int | None = None
    held_out: bool | None = None
    file: str = ""
    description: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """All that Stage C may learn this picture by: the captions, then the description, if there is one."""
        return (*self.captions, self.description) if self.description else self.captions


def is_held_out(record_id: str, percent: float = HELD_OUT_PERCENT) -> bool:
    """A stable split: it depends on the id alone, so a larger set keeps its held-out pictures."""
    return crc32(record_id.encode()) % 100 < percent


def read_records(directory: Path) -> list[Record]:
    """In the order of the lines. Raises FileNotFoundError where there is no set, ValueError on a line that is none."""
    path = directory / RECORDS
    if not path.exists():
        raise FileNotFoundError(
            f"{directory} holds no data set: make one with python -m wuerstchen.prepare --from FOLDER --out {directory}"
        )
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line:
            try:
                records.append(_record(json.loads(line)))
            except (ValueError, TypeError, KeyError) as error:
                raise ValueError(
                    f"{path}:{number} is no record of a picture ({error}): prepare the set again"
                ) from error
    if not records:
        raise ValueError(f"{path} holds no records: prepare the set again")
    return records


def _record(values: dict) -> Record:
    return Record(**{**values, "captions": tuple(values["captions"])})
