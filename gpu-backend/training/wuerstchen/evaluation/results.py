"""What a part of the report hands over: figures with their meaning in plain words, charts, tables, pictures. Stored
as JSON.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from wuerstchen.evaluation.intervals import share_interval
from wuerstchen.whole_file import write_whole


@dataclass(frozen=True)
class Kpi:
    """One figure. `meaning` and `limits` are read by people who do not train models; `low` and `high` bound it with
    95 % confidence.
    """

    key: str
    label: str
    value: float
    unit: str
    meaning: str
    limits: str = ""
    count: int = 0
    low: float | None = None
    high: float | None = None
    headline: bool = False


@dataclass(frozen=True)
class Chart:
    """`kind` is "bars" or "lines"; every series has one value for each entry of `x`."""

    title: str
    kind: str
    x: tuple[str, ...]
    series: dict[str, list[float]]
    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    meaning: str


@dataclass(frozen=True)
class Sheet:
    """A picture file beside the report."""

    file: str
    title: str
    meaning: str


@dataclass(frozen=True)
class PartResult:
    key: str
    title: str
    intro: str
    kpis: tuple[Kpi, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    sheets: tuple[Sheet, ...] = ()


def share(key: str, label: str, right: int, count: int, meaning: str, limits: str = "", headline: bool = False) -> Kpi:
    """A percentage of `count` trials with its 95 % interval after Wilson 1927, which stays inside 0 and 100."""
    low, high = share_interval(right, count)
    value = 100 * right / count if count else 0.0
    return Kpi(key, label, value, "%", meaning, limits, count, 100 * low, 100 * high, headline)


def store(path: Path, result: PartResult, inputs: dict) -> None:
    """`inputs` says what the result depends on: it is used again only where all of it is the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(
        path, json.dumps({"inputs": inputs, "result": dataclasses.asdict(result)}, indent=1, ensure_ascii=False) + "\n"
    )


def stored(path: Path, inputs: dict) -> PartResult | None:
    """The stored result of the same inputs, or None."""
    if not path.exists():
        return None
    values = json.loads(path.read_text("utf-8"))
    if values["inputs"] != json.loads(json.dumps(inputs)):
        return None
    return _result(values["result"])


def _result(values: dict) -> PartResult:
    return PartResult(
        values["key"],
        values["title"],
        values["intro"],
        tuple(Kpi(**kpi) for kpi in values["kpis"]),
        tuple(Chart(**{**chart, "x": tuple(chart["x"])}) for chart in values["charts"]),
        tuple(
            Table(**{**table, "columns": tuple(table["columns"]), "rows": tuple(map(tuple, table["rows"]))})
            for table in values["tables"]
        ),
        tuple(Sheet(**sheet) for sheet in values["sheets"]),
    )
