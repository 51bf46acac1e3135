"""The report as one HTML page that needs no network, and its figures as JSON and CSV."""

import base64
import csv
import dataclasses
import io
import json
from html import escape
from pathlib import Path

from wuerstchen.evaluation.charts import chart_svg, number_text
from wuerstchen.evaluation.results import Chart, Kpi, PartResult, Sheet, Table
from wuerstchen.whole_file import write_whole

ROWS_SHOWN = 12
COLUMNS = ("part", "key", "label", "value", "unit", "low", "high", "count", "meaning", "limits")


def write_report(out: Path, title: str, facts: str, parts: list[PartResult]) -> None:
    """Writes OUT/report.html, kpis.json and kpis.csv. `facts` says in a line what was measured, and when."""
    rows = [{"part": part.key, **dataclasses.asdict(kpi)} for part in parts for kpi in part.kpis]
    write_whole(
        out / "kpis.json",
        json.dumps({"title": title, "facts": facts, "kpis": rows}, indent=1, ensure_ascii=False) + "\n",
    )
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(out / "kpis.csv", table.getvalue())
    write_whole(out / "report.html", page(out, title, facts, parts))


def page(out: Path, title: str, facts: str, parts: list[PartResult]) -> str:
    style = (Path(__file__).parent / "report.css").read_text("utf-8")
    headlines = "".join(_card(kpi) for part in parts for kpi in part.kpis if kpi.headline)
    links = "".join(f'<a href="#{part.key}">{escape(part.title)}</a> ' for part in parts)
    sections = "".join(_section(out, part) for part in parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" '
        'content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
        f'<p class="soft">{escape(facts)}</p>\n<div '
        f'class="cards">{headlines}</div>\n<nav>{links}</nav>\n{sections}</main>\n</body>\n</html>\n'
    )


def value_text(kpi: Kpi) -> str:
    """The figure with its unit, such as "41 %"."""
    return f"{_number(kpi, kpi.value)} {kpi.unit}".strip()


def interval_text(kpi: Kpi) -> str:
    if kpi.low is None or kpi.high is None:
        return ""
    return f"{_number(kpi, kpi.low)} to {_number(kpi, kpi.high)}"


def _number(kpi: Kpi, value: float) -> str:
    """Shares are whole per cent: their ranges are wide."""
    return f"{value:.0f}" if kpi.unit == "%" else number_text(value)


def _card(kpi: Kpi) -> str:
    note = f'<span class="soft">95 %: {interval_text(kpi)}</span>' if interval_text(kpi) else ""
    return (
        f'<div class="card">{escape(kpi.label)}<b>{escape(value_text(kpi))}</b>{note}<p>{escape(kpi.meaning)}</p></div>'
    )


def _section(out: Path, part: PartResult) -> str:
    return (
        f'<h2 id="{part.key}">{escape(part.title)}</h2>\n<p>{escape(part.intro)}</p>\n'
        + "".join(_sheet(out, sheet) for sheet in part.sheets)
        + "".join(_chart(chart) for chart in part.charts)
        + _figures(part.kpis)
        + "".join(_table(table) for table in part.tables)
    )


def _figures(kpis: tuple[Kpi, ...]) -> str:
    rows = "".join(
        f'<tr><td>{escape(kpi.label)}</td><td class="number"><b>{escape(value_text(kpi))}</b><br><span '
        f'class="soft">{interval_text(kpi)}</span></td>'
        f"<td>{escape(kpi.meaning)} <span "
        f'class="limits">{escape(kpi.limits)}{f" n = {kpi.count:,}." if kpi.count else ""}</span></td></tr>\n'
        for kpi in kpis
    )
    return (
        '<div class="figures"><table><tr><th>Figure</th><th>Value, 95 % range</th><th>What it means, and its '
        f"limits</th></tr>\n{rows}</table></div>\n"
        if kpis
        else ""
    )


def _chart(chart: Chart) -> str:
    caption = f"<figcaption>{escape(chart.meaning)}</figcaption>"
    return f"<figure><h3>{escape(chart.title)}</h3>{chart_svg(chart)}{caption}</figure>\n"


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n" for row in table.rows)
    body = (
        f'<p class="soft">{escape(table.meaning)}</p><div class="figures"><table><tr>{head}</tr>\n{rows}</table></div>'
    )
    if len(table.rows) > ROWS_SHOWN:
        return f"<details><summary>{escape(table.title)} ({len(table.rows)} rows)</summary>{body}</details>\n"
    return f"<h3>{escape(table.title)}</h3>{body}\n"


def _sheet(out: Path, sheet: Sheet) -> str:
    kind = Path(sheet.file).suffix.removeprefix(".")
    data = base64.b64encode((out / sheet.file).read_bytes()).decode()
    image = f'<img src="data:image/{kind};base64,{data}" alt="{escape(sheet.title)}">'
    return f"<figure><h3>{escape(sheet.title)}</h3>{image}<figcaption>{escape(sheet.meaning)}</figcaption></figure>\n"
